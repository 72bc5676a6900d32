/**
 * Takes in the envelopes for this node: decodes them, has the guard check them, and delivers.
 *
 * ER1 No message reaches an actor that the guard has not allowed, and then what the guard has made of it; the guard is asked by
 *     the path of that very actor.
 * ER2 A ref that arrives in a message carries the authority of its sender. One to an actor of the sender is plain. By one to an
 *     actor of any other node, this one included, is told only what the sender may say there as well.
 * ER3 Who was asked answers: a reply, or word that none will come, counts from the node that the request went to.
 */

import type { ActorRef, Lane } from "../../runtime/actor-ref.js";
import { parseAddress, type Address } from "../../runtime/address.js";
import type { ActorPath } from "../../runtime/brand.js";
import type { NodeSystem } from "../../runtime/node-system.js";
import type { ByteReader } from "../codec/byte-reader.js";
import { MalformedError } from "../codec/malformed.js";
import type { Link } from "../link/link.js";
import { LANE_CODE } from "../link/records.js";
import type { Addressees } from "./addressees.js";
import type { Member } from "./cluster.js";
import { KIND } from "./envelope.js";
import type { EnvelopeSender } from "./envelope-sender.js";
import { Refusal, type Guard, type Sender } from "./guard.js";
import type { Incidents } from "./incidents.js";
import type { RemoteAsks } from "./remote-asks.js";
import type { RemoteWatches } from "./remote-watches.js";
import type { Route } from "./routes.js";

export interface EnvelopeReceiverOptions {
  readonly system: NodeSystem;
  readonly guard: Guard;
  readonly incidents: Incidents;
  readonly addressees: Addressees;
  readonly asks: RemoteAsks;
  readonly watches: RemoteWatches;
  /** For what an envelope is answered with. */
  readonly sender: EnvelopeSender;
  /** A member has everything that was sent to it in `lane` before the flush of this id. */
  readonly onFlushed: (member: Member, id: number, lane: Lane) => void;
}

export class EnvelopeReceiver {
  readonly #system: NodeSystem;
  readonly #guard: Guard;
  readonly #incidents: Incidents;
  readonly #addressees: Addressees;
  readonly #asks: RemoteAsks;
  readonly #watches: RemoteWatches;
  readonly #sender: EnvelopeSender;
  readonly #onFlushed: EnvelopeReceiverOptions["onFlushed"];

  constructor(options: EnvelopeReceiverOptions) {
    this.#system = options.system;
    this.#guard = options.guard;
    this.#incidents = options.incidents;
    this.#addressees = options.addressees;
    this.#asks = options.asks;
    this.#watches = options.watches;
    this.#sender = options.sender;
    this.#onFlushed = options.onFlushed;
  }

  /**
   * @param link that the envelope came over
   * @param from its sender, which has been checked
   * @param reader stands at its kind
   * @throws MalformedError; RuntimeError `address-invalid`
   */
  receive(link: Link, from: Route, lane: Lane, reader: ByteReader, attachments: readonly Uint8Array[]): void {
    const kind = reader.u8();
    switch (kind) {
      case KIND.tell:
        this.#onTell(from, lane, reader, attachments);
        return;
      case KIND.ask:
        this.#onAsk(from, lane, reader, attachments);
        return;
      case KIND.lost:
        this.#asks.onLost(from.member.name, reader);
        return;
      case KIND.watch:
        this.#watches.onWatch(from, reader);
        return;
      case KIND.unwatch:
        this.#watches.onUnwatch(from, reader);
        return;
      case KIND.terminated:
        this.#watches.onTerminated(from, reader);
        return;
      case KIND.flush:
        this.#onFlush(link, from, lane, reader);
        return;
      case KIND.flushed:
        this.#onFlushed(from.member, reader.varint(), reader.u8() === LANE_CODE.data ? "data" : "control");
        return;
      default:
        throw new MalformedError(`No envelope has the kind ${kind}`);
    }
  }

  #onTell(from: Route, lane: Lane, reader: ByteReader, attachments: readonly Uint8Array[]): void {
    const { path, ref } = this.#addressees.read(reader);
    const known = this.#allowed(from.member, path, this.#message(from, reader, attachments));
    if (!(known instanceof Refusal)) this.#system.deliverForeign(ref, known, lane, from.origin);
  }

  #onAsk(from: Route, lane: Lane, reader: ByteReader, attachments: readonly Uint8Array[]): void {
    const askId = reader.varint();
    const { path, ref } = this.#addressees.read(reader);
    const message = this.#message(from, reader, attachments);
    const asker = this.#asks.askerOf(from.member.session, askId);
    const known = this.#allowed(from.member, path, message);
    if (known instanceof Refusal) asker.lost(ref.address, "refused", undefined);
    else this.#system.deliverForeign(ref, known, lane, from.origin, asker);
  }

  /** Answers over the link that it came over: the other side holds back what goes over the new one until it knows. */
  #onFlush(link: Link, from: Route, lane: Lane, reader: ByteReader): void {
    const id = reader.varint();
    this.#sender.control({ ...from, link }, KIND.flushed, (writer) => {
      writer.varint(id);
      writer.u8(LANE_CODE[lane]);
    });
  }

  #message({ decoder, origin }: Route, reader: ByteReader, attachments: readonly Uint8Array[]): unknown {
    const message = decoder.decode(reader, attachments);
    if (reader.remaining > 0) throw new MalformedError("A message is followed by more bytes");
    origin.bytes = decoder.bytes;
    return message;
  }

  /** The ref that an address in a message of `from` stands for. @throws RuntimeError `address-invalid` */
  bind(from: Member, address: string): ActorRef<never> {
    if (address.startsWith(`sluice://${from.name}/`)) return this.#system.resolve<never>(address);
    const target = parseAddress(address);
    return this.#system.resolveGiven(target, (message) => this.#permits(from, target, message));
  }

  /** @returns what its actor receives; a refusal is counted */
  #allowed(from: Sender, path: ActorPath, message: unknown): unknown {
    const known = this.#judge(from, path, message);
    if (known instanceof Refusal) this.#incidents.add(known.reason, from.name, known.detail);
    return known;
  }

  /** Whether the member that gave a ref away may itself say this to the actor. */
  #permits(giver: Sender, { node, path }: Address, message: unknown): boolean {
    const known =
      node === this.#system.name ? this.#judge(giver, path, message) : this.#guard(giver, path, message);
    if (!(known instanceof Refusal)) return true;
    this.#incidents.add("deputy-refused", giver.name, known.detail);
    return false;
  }

  #judge(from: Sender, path: ActorPath, message: unknown): unknown {
    if (!path.startsWith("/$ask/") || this.#system.takesReply(path, from.name)) {
      return this.#guard(from, path, message);
    }
    return new Refusal("denied", `"${from.name}" answers what others were asked`);
  }
}
