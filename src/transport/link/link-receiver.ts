/**
 * The receiving half of a link: splits frames into records, reassembles large messages, and grants credit.
 *
 * RV1 A length is checked against its limit before anything is allocated for it.
 * RV2 Credit for data is granted once the data has been handed on: a slow receiver slows its sender down.
 * RV3 A violation of the protocol ends the link (`MalformedError`); the rest of that frame is not read.
 * RV4 The chunks of a large message are written straight to their final place, in shared memory if the sender's was shared.
 *     Memory is allocated as they arrive, and a part that arrives in one chunk stays in the frame that brought it.
 * RV5 What is held of unfinished messages counts in the budget of the node, and no message waits for its next part for ever.
 */

import type { Lane } from "../../runtime/actor-ref.js";
import { allocateShared } from "../../runtime/shared-memory.js";
import { ByteReader } from "../codec/byte-reader.js";
import { MalformedError } from "../codec/malformed.js";
import { RateLimit } from "../../runtime/rate-limit.js";
import type { Holding } from "./byte-budget.js";
import type { LinkLimits } from "./link-limits.js";
import { LANE_CODE, RECORD, RECORD_HEADER_BYTES } from "./records.js";

export interface LinkReceiverEvents {
  /** An envelope: `reader` stands at its first byte, and its bytes are valid during the call only. */
  onMessage(lane: Lane, reader: ByteReader, attachments: readonly Uint8Array[]): void;
  onNotice(reader: ByteReader): void;
  onCredit(limit: number): void;
  onHeartbeat(heartbeat: Heartbeat): void;
  /** Tells the other side that it may send `limit` bytes of data in all. */
  grant(limit: number): void;
}

export interface Heartbeat {
  readonly sentAtMs: number;
  /** `sentAtMs` of the newest heartbeat that its sender has received from here; 0 for none. */
  readonly echoedMs: number;
  /** Time from the arrival of that one to the sending of this one. */
  readonly heldMs: number;
}

interface PartSize {
  readonly bytes: number;
  readonly shared: boolean;
}

/** A large message of which some chunks are still to come. */
interface Assembly {
  readonly lane: Lane;
  /** Null if it comes as the first of the parts. */
  readonly head: Uint8Array | null;
  readonly sizes: readonly PartSize[];
  /** Complete, but for the last one. */
  readonly parts: Uint8Array[];
  /** That it holds of the budget. */
  heldBytes: number;
  /** Of the receiver, when the last chunk came. */
  atTick: number;
  /** Where the next chunk belongs: in which part, and where in it. */
  part: number;
  offset: number;
}

const NO_ATTACHMENTS: readonly Uint8Array[] = [];
const PARTS_MAX = 4_096;
/** What an unfinished message costs beyond its bytes, and each of its parts: the objects around them. */
const ASSEMBLY_BYTES = 512;
const PART_BYTES = 128;

export class LinkReceiver {
  receivedBytes = 0;
  readonly #events: LinkReceiverEvents;
  readonly #limits: LinkLimits;
  readonly #frame = new ByteReader(new Uint8Array());
  readonly #record = new ByteReader(new Uint8Array());
  readonly #assemblies = new Map<number, Assembly>();
  readonly #holding: Holding;
  #ticks = 0;
  /** The next frame is this chunk. */
  #expected: { readonly id: number; readonly bytes: number } | null = null;
  readonly #controlRate: RateLimit;
  readonly #now: () => number;
  #consumed = 0;
  #granted = 0;

  constructor(limits: LinkLimits, holding: Holding, now: () => number, events: LinkReceiverEvents) {
    this.#limits = limits;
    this.#holding = holding;
    this.#now = now;
    this.#controlRate = new RateLimit(limits.controlRate, now());
    this.#events = events;
  }

  /** Grants the first credit. */
  start(): void {
    this.#grantAgain();
  }

  /** @throws MalformedError if the other side violates the protocol */
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

  /** To be called every `heartbeatMs`. @returns why the other side has to be put out; null if it need not */
  tick(): string | null {
    this.#ticks += 1;
    if (this.#assemblies.size === 0) return null;
    const { assemblyMs, heartbeatMs } = this.#limits;
    // Chunks keep no order between messages, and there are few of those.
    for (const { atTick } of this.#assemblies.values()) {
      if ((this.#ticks - atTick) * heartbeatMs >= assemblyMs)
        return `a large message has not gone on for ${assemblyMs} ms`;
    }
    return null;
  }

  /** Half a window at a time: each grant wakes both sides. */
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
        this.#countControl();
        this.#events.onCredit(record.f64());
        return;
      case RECORD.heartbeat:
        this.#countControl();
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
        // A newer version sends only what this one knows: the handshake has agreed on a protocol.
        throw new MalformedError(`No record has the type ${type}`);
    }
  }

  /** What needs no credit is work all the same: a peer that sends too much of it loses its link. */
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
    const { messageBytes, assemblies } = this.#limits;
    if (bytes > messageBytes) throw new MalformedError(`A message has ${bytes} bytes`);
    if (this.#assemblies.has(id)) throw new MalformedError("A large message begins twice");
    if (this.#assemblies.size >= assemblies) {
      throw new MalformedError("Too many large messages are being received");
    }
    const heldBytes = ASSEMBLY_BYTES + count * PART_BYTES + headBytes;
    this.#hold(heldBytes);
    // The frame belongs to the channel; the head has to outlast it.
    const head = headBytes === 0 ? null : Uint8Array.from(record.bytes(headBytes));
    this.#assemblies.set(id, {
      lane,
      head,
      sizes,
      parts: [],
      heldBytes,
      atTick: this.#ticks,
      part: 0,
      offset: 0,
    });
  }

  #takeChunk({ id, bytes }: { readonly id: number; readonly bytes: number }, frame: Uint8Array): void {
    this.#expected = null;
    const assembly = this.#assemblies.get(id);
    const size = assembly?.sizes[assembly.part];
    if (assembly === undefined || size === undefined || bytes === 0 || frame.byteLength !== bytes) {
      throw new MalformedError("A chunk belongs to no message");
    }
    if (assembly.offset + bytes > size.bytes) throw new MalformedError("A chunk is too long");
    if (assembly.offset === 0) {
      this.#hold(size.bytes);
      assembly.heldBytes += size.bytes;
    }
    assembly.atTick = this.#ticks;
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

  #hold(bytes: number): void {
    if (!this.#holding.receive(bytes)) {
      throw new MalformedError("Its unfinished messages hold more than its share of memory");
    }
  }

  #finish(id: number, { lane, head, parts, heldBytes }: Assembly): void {
    this.#assemblies.delete(id);
    this.#holding.received(heldBytes);
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
