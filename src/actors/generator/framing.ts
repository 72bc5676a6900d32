/**
 * Cuts one stream of bytes into frames by the headers and stamps that come beside it, one of each for a frame, and hands out as
 * many as were requested.
 * It holds one frame and one chunk at most: its reader must stop while it is `blocked`.
 */

import { allocateShared } from "../../runtime/shared-memory.js";

import type { FrameStamp } from "./frame-stamps.js";

interface FrameHeader {
  readonly byteLength: number;
  readonly checksum: number;
}

export interface FramedFrame extends FrameStamp, FrameHeader {
  readonly data: Uint8Array;
}

export class Framing {
  readonly #onFrame: (frame: FramedFrame) => void;
  readonly #headers: FrameHeader[] = [];
  readonly #stamps: FrameStamp[] = [];
  #rest: Uint8Array = EMPTY;
  #data: Uint8Array | null = null;
  #filled = 0;
  #demand = 0;

  constructor(onFrame: (frame: FramedFrame) => void) {
    this.#onFrame = onFrame;
  }

  /** Bytes are waiting for a header or for demand: read no more. */
  get blocked(): boolean {
    return this.#rest.length > 0;
  }

  /** Frames are here that nobody has requested yet. */
  get pending(): boolean {
    return this.#rest.length > 0 && this.#announced;
  }

  /** Bytes are wanted and waiting, but their header or stamp is not here. */
  get starved(): boolean {
    return this.#rest.length > 0 && this.#demand > 0 && !this.#announced;
  }

  request(frames: number): void {
    this.#demand += frames;
    this.#advance();
  }

  header(header: FrameHeader): void {
    this.#headers.push(header);
    this.#advance();
  }

  stamp(stamp: FrameStamp): void {
    this.#stamps.push(stamp);
    this.#advance();
  }

  bytes(chunk: Uint8Array): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#advance();
  }

  /** Throws away what is left. */
  clear(): void {
    this.#rest = EMPTY;
    this.#demand = 0;
  }

  #advance(): void {
    while (this.#rest.length > 0 && this.#demand > 0) {
      const [header, stamp] = [this.#headers[0], this.#stamps[0]];
      if (header === undefined || stamp === undefined) return;
      const data = (this.#data ??= allocateShared(header.byteLength));
      const part = this.#rest.subarray(0, data.length - this.#filled);
      data.set(part, this.#filled);
      this.#filled += part.length;
      this.#rest = this.#rest.subarray(part.length);
      if (this.#filled < data.length) return;
      this.#data = null;
      this.#filled = 0;
      this.#demand -= 1;
      this.#headers.shift();
      this.#stamps.shift();
      this.#onFrame({ ...stamp, ...header, data });
    }
  }

  get #announced(): boolean {
    return this.#headers.length > 0 && this.#stamps.length > 0;
  }
}

const EMPTY = new Uint8Array(0);

/** A line of the `framecrc` muxer: `stream, dts, pts, duration, size, 0xchecksum`; null for any other. Its times are made up. */
export function parseFrameHeader(line: string): FrameHeader | null {
  if (line === "" || line.startsWith("#")) return null;
  const [, , , , size, checksum] = line.split(",");
  const header = { byteLength: Number(size), checksum: Number(checksum) };
  return Object.values(header).every(Number.isSafeInteger) ? header : null;
}
