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
  /** Only where there are grey pictures. */
  readonly grey?: Uint8Array;
}

export class Framing {
  readonly #onFrame: (frame: FramedFrame) => void;
  readonly #headers: FrameHeader[] = [];
  readonly #stamps: FrameStamp[] = [];
  /** Null where no frame has one. */
  readonly #greys: Greys | null;
  #rest: Uint8Array = EMPTY;
  #data: Uint8Array | null = null;
  #filled = 0;
  #demand = 0;

  /** @param greyBytes of the small picture that comes beside each frame; null where none does */
  constructor(onFrame: (frame: FramedFrame) => void, greyBytes: number | null = null) {
    this.#onFrame = onFrame;
    this.#greys = greyBytes === null ? null : new Greys(greyBytes);
  }

  /** Bytes are waiting for a header or for demand: read no more. */
  get blocked(): boolean {
    return this.#rest.length > 0;
  }

  /** Frames are here that nobody has requested yet. */
  get pending(): boolean {
    return this.#rest.length > 0 && this.#announced;
  }

  /** Bytes are wanted and waiting, but their header, stamp or grey picture is not here. */
  get starved(): boolean {
    return (this.#rest.length > 0 || this.#isWhole) && this.#demand > 0 && !this.#announced;
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

  /** Bytes of the small pictures. */
  greyBytes(chunk: Uint8Array): void {
    this.#greys?.bytes(chunk);
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
    while (this.#demand > 0 && (this.#rest.length > 0 || this.#isWhole)) {
      const [header, stamp] = [this.#headers[0], this.#stamps[0]];
      if (header === undefined || stamp === undefined) return;
      const data = (this.#data ??= allocateShared(header.byteLength));
      const part = this.#rest.subarray(0, data.length - this.#filled);
      data.set(part, this.#filled);
      this.#filled += part.length;
      this.#rest = this.#rest.subarray(part.length);
      // Its grey picture is written behind it: nothing comes there before the frame is taken.
      if (this.#filled < data.length || this.#greys?.count === 0) return;
      this.#data = null;
      this.#filled = 0;
      this.#demand -= 1;
      this.#headers.shift();
      this.#stamps.shift();
      const grey = this.#greys?.shift();
      this.#onFrame({ ...stamp, ...header, data, ...(grey && { grey }) });
    }
  }

  /** A frame is here, and waits for its grey picture. */
  get #isWhole(): boolean {
    return this.#data !== null && this.#filled === this.#data.length;
  }

  get #announced(): boolean {
    return this.#headers.length > 0 && this.#stamps.length > 0 && this.#greys?.count !== 0;
  }
}

/** Pictures of one size, one behind the other: as few as ffmpeg is ahead of its frames. */
class Greys {
  readonly #size: number;
  readonly #whole: Uint8Array[] = [];
  #next: Uint8Array;
  #filled = 0;

  constructor(size: number) {
    this.#size = size;
    this.#next = new Uint8Array(size);
  }

  get count(): number {
    return this.#whole.length;
  }

  shift(): Uint8Array | undefined {
    return this.#whole.shift();
  }

  bytes(chunk: Uint8Array): void {
    for (let from = 0; from < chunk.length;) {
      const part = chunk.subarray(from, from + this.#size - this.#filled);
      this.#next.set(part, this.#filled);
      this.#filled += part.length;
      from += part.length;
      if (this.#filled < this.#size) return;
      this.#whole.push(this.#next);
      this.#next = new Uint8Array(this.#size);
      this.#filled = 0;
    }
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
