/**
 * The receiving half of a link: takes frames apart, puts large messages together, and grants credit.
 *
 * V1 A length is checked against its bound before anything is allocated for it.
 * V2 Data is credited once it has been handed on: whoever takes it slowly slows its sender down.
 * V3 What breaks the rules of the link ends it (`MalformedError`); nothing of such a frame's rest is read.
 * V4 The pieces of a large message go straight to where they stay: shared memory where the sender's was shared. Memory is
 *    taken as they come, and a part that comes in one piece stays where it came.
 */

import type { Lane } from "../../runtime/actor-ref.js";
import { allocateShared } from "../../runtime/shared-memory.js";
import { ByteReader } from "../codec/byte-reader.js";
import { MalformedError } from "../codec/malformed.js";
import { RateLimit } from "../../runtime/rate-limit.js";
import type { LinkLimits } from "./limits.js";
import { LANE_CODE, RECORD, RECORD_HEADER_BYTES } from "./records.js";

export interface LinkReceiverEvents {
  /** An envelope: `reader` stands at its first byte, and its bytes are valid during the call only. */
  onMessage(lane: Lane, reader: ByteReader, attachments: readonly Uint8Array[]): void;
  onNotice(reader: ByteReader): void;
  onCredit(limit: number): void;
  onHeartbeat(heartbeat: Heartbeat): void;
  /** Tell the other side that it may send up to `limit` bytes in all. */
  grant(limit: number): void;
}

export interface Heartbeat {
  readonly sentAtMs: number;
  /** `sentAtMs` of the newest heartbeat that its sender has had from here; 0 for none. */
  readonly echoedMs: number;
  /** How long it had had that one. */
  readonly heldMs: number;
}

interface PartSize {
  readonly bytes: number;
  readonly shared: boolean;
}

/** A large message that is still coming. */
interface Assembly {
  readonly lane: Lane;
  /** Null where it is the first of the parts. */
  readonly head: Uint8Array | null;
  readonly sizes: readonly PartSize[];
  /** Those that have come or are coming. */
  readonly parts: Uint8Array[];
  readonly bytes: number;
  part: number;
  offset: number;
}

const NO_ATTACHMENTS: readonly Uint8Array[] = [];
const PARTS_MAX = 4_096;

export class LinkReceiver {
  receivedBytes = 0;
  readonly #events: LinkReceiverEvents;
  readonly #limits: LinkLimits;
  readonly #frame = new ByteReader(new Uint8Array());
  readonly #record = new ByteReader(new Uint8Array());
  readonly #assemblies = new Map<number, Assembly>();
  #assemblyBytes = 0;
  /** The next frame is the bytes of a chunk for it. */
  #expected: { readonly id: number; readonly bytes: number } | null = null;
  readonly #controlRate: RateLimit;
  readonly #now: () => number;
  #consumed = 0;
  #granted = 0;

  constructor(limits: LinkLimits, now: () => number, events: LinkReceiverEvents) {
    this.#limits = limits;
    this.#now = now;
    this.#controlRate = new RateLimit(limits.controlRate, now());
    this.#events = events;
  }

  /** Grants the first credit. */
  start(): void {
    this.#grantAgain();
  }

  /** @throws MalformedError where the other side breaks the rules */
  receive(frame: Uint8Array): void {
    this.receivedBytes += frame.byteLength;
    if (this.#expected !== null) {
      this.#takeChunk(this.#expected, frame);
      return;
    }
    const reader = this.#frame;
    reader.reset(frame, 0, frame.byteLength);
    while (reader.remaining > 0) {
      if (this.#expected !== null) throw new MalformedError("A chunk is announced in the middle of a frame");
      const type = reader.u8();
      const length = reader.u32();
      if (length > reader.remaining) throw new MalformedError("A record is longer than its frame");
      const start = reader.position;
      this.#record.reset(frame, start, start + length);
      this.#take(type, length);
      reader.reset(frame, start + length, frame.byteLength);
    }
    this.#grantWhenDue();
  }

  /** Half a window at a time: each grant costs both sides a wake. */
  #grantWhenDue(): void {
    const { windowBytes } = this.#limits;
    if (this.#consumed + windowBytes - this.#granted >= windowBytes / 2) this.#grantAgain();
  }

  #grantAgain(): void {
    this.#granted = this.#consumed + this.#limits.windowBytes;
    this.#events.grant(this.#granted);
  }

  #take(type: number, length: number): void {
    const record = this.#record;
    switch (type) {
      case RECORD.data:
        this.#events.onMessage("data", record, NO_ATTACHMENTS);
        this.#consumed += RECORD_HEADER_BYTES + length;
        return;
      case RECORD.control:
        this.#countControl();
        this.#events.onMessage("control", record, NO_ATTACHMENTS);
        return;
      case RECORD.open:
        this.#open(record);
        return;
      case RECORD.chunk:
        this.#expected = { id: record.u32(), bytes: record.u32() };
        return;
      case RECORD.credit:
        this.#events.onCredit(record.f64());
        return;
      case RECORD.heartbeat:
        this.#events.onHeartbeat({
          sentAtMs: record.f64(),
          echoedMs: record.f64(),
          heldMs: record.f64(),
        });
        return;
      case RECORD.notice:
        this.#countControl();
        this.#events.onNotice(record);
        return;
      default:
        // A newer version may send what this one does not know: it says so in the handshake, never in silence.
        throw new MalformedError(`No record has the type ${type}`);
    }
  }

  /** Control has no credit: whoever sends too much of it is put out. */
  #countControl(): void {
    if (!this.#controlRate.take(this.#now())) throw new MalformedError("Too many control messages come");
  }

  #open(record: ByteReader): void {
    const id = record.u32();
    const lane = laneOf(record.u8());
    if (lane === "control") this.#countControl();
    const count = record.varint();
    if (count === 0 || count > PARTS_MAX) throw new MalformedError(`A message has ${count} parts`);
    const sizes: PartSize[] = [];
    let bytes = 0;
    for (let index = 0; index < count; index++) {
      const size = { bytes: record.varint(), shared: record.u8() === 1 };
      if (size.bytes === 0) throw new MalformedError("A part of a message is empty");
      bytes += size.bytes;
      sizes.push(size);
    }
    const headBytes = record.varint();
    bytes += headBytes;
    const { messageBytes, assemblies, assemblyBytes } = this.#limits;
    if (bytes > messageBytes) throw new MalformedError(`A message has ${bytes} bytes`);
    if (this.#assemblies.has(id)) throw new MalformedError("A large message begins twice");
    if (this.#assemblies.size >= assemblies || this.#assemblyBytes + bytes > assemblyBytes) {
      throw new MalformedError("Too many large messages are under way");
    }
    // The frame is the channel's, the head has to stay.
    const head = headBytes === 0 ? null : Uint8Array.from(record.bytes(headBytes));
    this.#assemblies.set(id, { lane, head, sizes, parts: [], bytes, part: 0, offset: 0 });
    this.#assemblyBytes += bytes;
  }

  #takeChunk({ id, bytes }: { readonly id: number; readonly bytes: number }, frame: Uint8Array): void {
    this.#expected = null;
    const assembly = this.#assemblies.get(id);
    const size = assembly?.sizes[assembly.part];
    if (assembly === undefined || size === undefined || bytes === 0 || frame.byteLength !== bytes) {
      throw new MalformedError("A chunk belongs to no message");
    }
    if (assembly.offset + bytes > size.bytes) throw new MalformedError("A chunk is too long");
    if (bytes === size.bytes && !size.shared) {
      assembly.parts.push(frame);
    } else {
      if (assembly.offset === 0) assembly.parts.push(allocate(size));
      assembly.parts[assembly.part]?.set(frame, assembly.offset);
    }
    assembly.offset += bytes;
    if (assembly.offset === size.bytes) {
      assembly.part += 1;
      assembly.offset = 0;
    }
    if (assembly.part === assembly.sizes.length) this.#finish(id, assembly);
    if (assembly.lane === "data") this.#consumed += bytes;
    this.#grantWhenDue();
  }

  #finish(id: number, { lane, head, parts, bytes }: Assembly): void {
    this.#assemblies.delete(id);
    this.#assemblyBytes -= bytes;
    const [first = new Uint8Array(), ...rest] = parts;
    const [envelope, attachments] = head === null ? [first, rest] : [head, parts];
    this.#record.reset(envelope, 0, envelope.byteLength);
    this.#events.onMessage(lane, this.#record, attachments);
  }
}

function allocate({ bytes, shared }: PartSize): Uint8Array {
  return shared ? allocateShared(bytes) : Buffer.allocUnsafeSlow(bytes);
}

function laneOf(code: number): Lane {
  if (code === LANE_CODE.control) return "control";
  if (code === LANE_CODE.data) return "data";
  throw new MalformedError(`No lane has the code ${code}`);
}
