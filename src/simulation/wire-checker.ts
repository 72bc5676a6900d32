/**
 * What goes over one simulated connection, read as its frames arrive: credit is conserved in each direction.
 *
 * CW1 A side grants what it has received of the data lane and one window more, never beyond.
 * CW2 A side sends no more of the data lane than the other has granted; the last record may overdraw it.
 */

import { LANE_CODE, RECORD, RECORD_HEADER_BYTES } from "../transport/link/records.js";
import type { StepListener } from "./step-listener.js";

/** A barrier of a move to another link needs no credit, and is no larger. */
const BARRIER_BYTES_MAX = 64;
/** All barriers of a connection. */
const BARRIERS_BYTES_MAX = 512;
/** The frames of a handshake are JSON. */
const HANDSHAKE = "{".charCodeAt(0);

/** One direction of the data lane. */
interface Direction {
  /** That have arrived. */
  dataBytes: number;
  granted: number;
  /** Large messages of which chunks are to come: whether they go in the data lane. */
  readonly largeData: Map<number, boolean>;
  /** The next frame is a chunk. */
  expected: { readonly bytes: number; readonly isData: boolean } | null;
}

export type Side = "dialler" | "acceptor";

const OTHER = { dialler: "acceptor", acceptor: "dialler" } as const;

export class WireChecker {
  readonly #windowBytes: number;
  readonly #listener: StepListener;
  /** By who sends. */
  readonly #from: Readonly<Record<Side, Direction>> = {
    dialler: createDirection(),
    acceptor: createDirection(),
  };

  constructor(windowBytes: number, listener: StepListener) {
    this.#windowBytes = windowBytes;
    this.#listener = listener;
  }

  /** A frame that `side` has sent arrives. */
  arrived(side: Side, frame: Uint8Array): void {
    const direction = this.#from[side];
    const { expected } = direction;
    if (expected !== null) {
      direction.expected = null;
      if (expected.isData) this.#spend(side, expected.bytes);
      return;
    }
    if (frame[0] === HANDSHAKE) return;
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    for (let at = 0; at + RECORD_HEADER_BYTES <= frame.byteLength;) {
      const length = view.getUint32(at + 1, true);
      this.#record(side, view.getUint8(at), view, at + RECORD_HEADER_BYTES, length);
      at += RECORD_HEADER_BYTES + length;
    }
  }

  #record(side: Side, type: number, view: DataView, at: number, length: number): void {
    const direction = this.#from[side];
    switch (type) {
      case RECORD.data:
        this.#spend(side, RECORD_HEADER_BYTES + length);
        break;
      case RECORD.open:
        direction.largeData.set(view.getUint32(at, true), view.getUint8(at + 4) === LANE_CODE.data);
        break;
      case RECORD.chunk: {
        const isData = direction.largeData.get(view.getUint32(at, true)) === true;
        direction.expected = { bytes: view.getUint32(at + 4, true), isData };
        break;
      }
      case RECORD.credit:
        this.#grant(side, view.getFloat64(at, true));
        break;
      default:
        break;
    }
  }

  #spend(side: Side, bytes: number): void {
    const direction = this.#from[side];
    const beyond = direction.dataBytes - direction.granted;
    if (bytes > BARRIER_BYTES_MAX && beyond > BARRIERS_BYTES_MAX)
      this.#listener.onViolation(`credit: ${beyond} bytes were sent beyond what was granted`);
    direction.dataBytes += bytes;
  }

  #grant(side: Side, limit: number): void {
    const direction = this.#from[OTHER[side]];
    const most = direction.dataBytes + this.#windowBytes;
    if (direction.dataBytes > 0) this.#listener.tried("link credit for what has arrived");
    if (limit > most) {
      this.#listener.onViolation(
        `credit: ${limit} bytes are granted where ${direction.dataBytes} have arrived`,
      );
    }
    direction.granted = Math.max(direction.granted, limit);
  }
}

function createDirection(): Direction {
  return { dataBytes: 0, granted: 0, largeData: new Map(), expected: null };
}
