/**
 * Cuts one stream of bytes into frames by the headers that come beside it, and hands out as many as were requested.
 * It holds one frame and one chunk at most: its reader must stop while it is `blocked`.
 */

import { allocateShared } from "../../runtime/shared-memory.js";

export interface FrameHeader {
  readonly ptsUs: number;
  readonly byteLength: number;
  readonly checksum: number;
}

export interface FramedFrame extends FrameHeader {
  readonly data: Uint8Array;
}

export class Framing {
  readonly #onFrame: (frame: FramedFrame) => void;
  readonly #headers: FrameHeader[] = [];
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
    return this.#rest.length > 0 && this.#headers.length > 0;
  }

  /** Bytes are wanted and waiting, but their header is not here. */
  get starved(): boolean {
    return this.#rest.length > 0 && this.#demand > 0 && this.#headers.length === 0;
  }

  request(frames: number): void {
    this.#demand += frames;
    this.#advance();
  }

  header(header: FrameHeader): void {
    this.#headers.push(header);
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
      const header = this.#headers[0];
      if (header === undefined) return;
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
      this.#onFrame({ ...header, data });
    }
  }
}

const EMPTY = new Uint8Array(0);

/** A line of the `framecrc` muxer: `stream, dts, pts, duration, size, 0xchecksum`, in microseconds; null for any other. */
export function parseFrameHeader(line: string): FrameHeader | null {
  if (line === "" || line.startsWith("#")) return null;
  const [, , pts, , size, checksum] = line.split(",");
  const header = { ptsUs: Number(pts), byteLength: Number(size), checksum: Number(checksum) };
  return Object.values(header).every(Number.isSafeInteger) ? header : null;
}
