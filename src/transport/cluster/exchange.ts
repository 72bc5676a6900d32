/**
 * The exchange of a node: its way to the actors of other members, and the way in for their envelopes.
 *
 * EX1 An envelope is addressed to one incarnation of a node (its session) and comes from one: an envelope for an earlier
 *     incarnation, or from a member that is gone, is dropped and counted as `fenced`.
 * EX2 A link speaks only for its own member; only the hub's speaks for others.
 * EX3 When a member goes, every watch on its actors fires and every ask of them fails, at once and exactly once.
 */

import type { Lane } from "../../runtime/actor-ref.js";
import type { Address } from "../../runtime/address.js";
import type { Terminated } from "../../runtime/behaviour.js";
import type { DeadLetterReason } from "../../runtime/dead-letters.js";
import { CodedError } from "../../runtime/errors.js";
import type { NodeSystem } from "../../runtime/node-system.js";
import type { Remote, RemoteTarget } from "../../runtime/remote.js";
import { ByteReader } from "../codec/byte-reader.js";
import { Decoder } from "../codec/decode.js";
import { MalformedError } from "../codec/malformed.js";
import type { Link } from "../link/link.js";
import type { LinkLimits } from "../link/link-limits.js";
import { Addressees } from "./addressees.js";
import type { Member } from "./cluster.js";
import { KIND } from "./envelope.js";
import { EnvelopeReceiver } from "./envelope-receiver.js";
import { EnvelopeSender } from "./envelope-sender.js";
import type { Guard } from "./guard.js";
import type { Incidents } from "./incidents.js";
import { RemoteAsks } from "./remote-asks.js";
import { RemoteWatches } from "./remote-watches.js";
import { Routes, type Route } from "./routes.js";

export interface ExchangeOptions {
  readonly system: NodeSystem;
  readonly guard: Guard;
  readonly limits: LinkLimits;
  readonly incidents: Incidents;
}

export class Exchange implements Remote {
  /** Stops an actor of another node; set by the core of the node, which knows the guardians. */
  onStop: (target: Address) => Promise<void> = () => Promise.resolve();
  /** A message goes to this member, maybe through the hub; null while nobody opens direct links. */
  onSend: ((member: Member) => void) | null = null;
  /** A member has everything that was sent to it in `lane` before the flush of this id. */
  onFlushed: (member: Member, id: number, lane: Lane) => void = () => {};
  readonly #system: NodeSystem;
  readonly #incidents: Incidents;
  readonly #routes = new Routes();
  readonly #sender: EnvelopeSender;
  readonly #asks: RemoteAsks;
  readonly #watches: RemoteWatches;
  readonly #receiver: EnvelopeReceiver;

  constructor({ system, guard, limits, incidents }: ExchangeOptions) {
    this.#system = system;
    this.#incidents = incidents;
    const addressees = new Addressees(system);
    this.#sender = new EnvelopeSender(limits, incidents);
    this.#asks = new RemoteAsks(system, this.#routes, this.#sender);
    this.#watches = new RemoteWatches(system, this.#routes, this.#sender, addressees);
    this.#receiver = new EnvelopeReceiver({
      system,
      guard,
      incidents,
      addressees,
      asks: this.#asks,
      watches: this.#watches,
      sender: this.#sender,
      onFlushed: (member, id, lane) => this.onFlushed(member, id, lane),
    });
  }

  // ── Routes ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** This node is a member under `session`, and takes envelopes for no other; 0 while it is not a member. */
  enter(session: number): void {
    this.#sender.session = session;
  }

  /** `link` leads to `member` from now on. */
  connect(member: Member, link: Link): void {
    const decoder = new Decoder((address) => this.#receiver.bind(member, address));
    const origin = { share: this.#system.memory.share(member.name).keep(), bytes: 0 };
    this.#routes.add(member, link, { decoder, origin });
  }

  /** A member is gone: nothing leads to it any more, and nothing more is awaited from it. */
  disconnect(member: Member): void {
    const route = this.#routes.remove(member);
    if (route === null) return;
    route.origin.share.letGo();
    this.#watches.onMemberGone(route);
    this.#system.nodeDown(member.name);
  }

  /** `link` leads to a member from now on, in place of another one. @returns that one; null if the member is gone */
  reroute(member: Member, link: Link): Link | null {
    return this.#routes.reroute(member, link);
  }

  /** Asks `member` over `link` to answer once it has everything that was sent over it before, in both lanes. */
  flush(member: Member, link: Link, id: number): void {
    this.#sender.flush(member, link, id);
  }

  // ── Out ───────────────────────────────────────────────────────────────────────────────────────────────────────────

  send(target: RemoteTarget, message: unknown, lane: Lane, askId: number | null): DeadLetterReason | null {
    const route = this.#routes.byName(target.target.node);
    if (route === undefined) return "unreachable";
    if (this.onSend !== null) this.onSend(route.member);
    return this.#sender.message(route, target, message, lane, askId);
  }

  watch(target: Address, listener: (event: Terminated) => void): () => void {
    return this.#watches.watch(target, listener);
  }

  stop(target: Address): Promise<void> {
    return this.onStop(target);
  }

  // ── In ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** @param speaksFor the member whose link it came over; null for the hub's, which speaks for all */
  receive(
    link: Link,
    speaksFor: Member | null,
    lane: Lane,
    reader: ByteReader,
    attachments: readonly Uint8Array[],
  ): void {
    const from = reader.u32();
    const to = reader.u32();
    if (speaksFor !== null && speaksFor.session !== from) {
      this.#incidents.add("sender-forged");
      return;
    }
    const { session } = this.#sender;
    const sender = this.#routes.bySession(from);
    if (sender === undefined || (to !== session && speaksFor === null)) {
      this.#incidents.add("fenced");
      return;
    }
    if (to !== session) {
      this.#relay(sender, to, lane, reader, attachments);
      return;
    }
    try {
      this.#receiver.receive(link, sender, lane, reader, attachments);
    } catch (error) {
      // An invalid address, or bytes that encode no value: the message is lost, its sender is known.
      if (!(error instanceof MalformedError || error instanceof CodedError)) throw error;
      this.#incidents.add("malformed", sender.member.name, error.message);
    }
  }

  /** Passes on an envelope between two other members, unread; its sender has been checked. */
  #relay(
    { member }: Route,
    to: number,
    lane: Lane,
    reader: ByteReader,
    attachments: readonly Uint8Array[],
  ): void {
    const route = this.#routes.bySession(to);
    const kind = reader.u8();
    const rest = reader.bytes(reader.remaining);
    const problem =
      route === undefined
        ? "unreachable"
        : this.#sender.relay(route, member.session, lane, kind, rest, attachments);
    if (problem === null) return;
    this.#incidents.add(`relay-${problem}`);
    if (kind !== KIND.ask) return;
    const request = new ByteReader(rest);
    this.#asks.askerOf(member.session, request.varint(), to).lost(request.text(), problem, undefined);
  }
}
