/**
 * The exchange of a node: which link leads to whom, and what becomes of the envelopes that come in.
 *
 * X1 An envelope is addressed to one life of a node (its session) and comes from one: what is for an earlier life, or from
 *    a member that is gone, is dropped and counted as `fenced`.
 * X2 A link speaks only for its own member; only the hub's speaks for others.
 * X3 Nothing reaches an actor that the guard has not let through.
 * X4 Whoever watches or asks an actor of a member that goes is told at once, exactly once.
 */

import type { ActorRef, Lane } from "../../runtime/actor-ref.js";
import { formatAddress, type Address } from "../../runtime/address.js";
import type { Terminated } from "../../runtime/behaviour.js";
import type { ActorPath, NodeName } from "../../runtime/brand.js";
import type { DeadLetterReason } from "../../runtime/dead-letters.js";
import { CodedError } from "../../runtime/errors.js";
import type { NodeSystem } from "../../runtime/node-system.js";
import type { Asker, Remote, RemoteTarget } from "../../runtime/remote.js";
import { ByteReader } from "../codec/byte-reader.js";
import type { ByteWriter } from "../codec/byte-writer.js";
import { decodeValue } from "../codec/decode.js";
import { encodeValue } from "../codec/encode.js";
import { MalformedError } from "../codec/malformed.js";
import type { Link } from "../link/link.js";
import type { LinkLimits } from "../link/limits.js";
import { LANE_CODE, RECORD, RECORD_HEADER_BYTES } from "../link/records.js";
import type { Member } from "./cluster.js";
import { endCode, KIND, lossCode, readEndReason, readLossReason, writeAddress } from "./envelope.js";
import type { Guard, Sender } from "./guard.js";
import type { Incidents } from "./incidents.js";

export interface ExchangeOptions {
  readonly system: NodeSystem;
  readonly guard: Guard;
  readonly limits: LinkLimits;
  readonly incidents: Incidents;
}

/** Another member, and the link that leads to it. */
interface Route {
  readonly member: Member;
  link: Link;
  /** Ends the watches that it has on actors here, by its ids for them. */
  readonly watchers: Map<number, () => void>;
}

interface OwnWatch {
  readonly session: number;
  readonly address: string;
  readonly listener: (event: Terminated) => void;
}

/** Watches that one member may have here. */
const WATCHERS_MAX = 100_000;
/** Addresses of this node that others have used lately. */
const REFS_MAX = 4_096;

export class Exchange implements Remote {
  /** Stops an actor of another node; set by who knows the guardians. */
  onStop: (target: Address) => Promise<void> = () => Promise.resolve();
  /** Something is sent to this member, and not by a link of its own. */
  onIndirect: ((member: Member) => void) | null = null;
  /** A `flushed` came from a member. */
  onFlushed: (member: Member, id: number, lane: Lane) => void = () => {};
  readonly #system: NodeSystem;
  readonly #guard: Guard;
  readonly #limits: LinkLimits;
  readonly #incidents: Incidents;
  readonly #byName = new Map<NodeName, Route>();
  readonly #bySession = new Map<number, Route>();
  readonly #watches = new Map<number, OwnWatch>();
  readonly #refs = new Map<string, ActorRef<unknown>>();
  #session = 0;
  #lastWatch = 0;

  constructor({ system, guard, limits, incidents }: ExchangeOptions) {
    this.#system = system;
    this.#guard = guard;
    this.#limits = limits;
    this.#incidents = incidents;
  }

  // ── Who is where ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** This node is a member under `session`; what is addressed to another one is not for it. */
  enter(session: number): void {
    this.#session = session;
  }

  /** `link` leads to `member` from now on. */
  connect(member: Member, link: Link): void {
    const route = { member, link, watchers: new Map<number, () => void>() };
    this.#byName.set(member.name, route);
    this.#bySession.set(member.session, route);
  }

  /** A member is gone: no way leads to it, and who waits for it is told. */
  disconnect(member: Member): void {
    const route = this.#bySession.get(member.session);
    if (route === undefined) return;
    this.#bySession.delete(member.session);
    if (this.#byName.get(member.name) === route) this.#byName.delete(member.name);
    for (const unwatch of route.watchers.values()) unwatch();
    for (const [id, watch] of this.#watches) {
      if (watch.session !== member.session) continue;
      this.#watches.delete(id);
      watch.listener({ address: watch.address, reason: "unreachable" });
    }
    this.#system.nodeDown(member.name);
  }

  /** From now on `link` leads to a member that another one led to. @returns that other one */
  reroute(member: Member, link: Link): Link | null {
    const route = this.#bySession.get(member.session);
    if (route === undefined) return null;
    const before = route.link;
    route.link = link;
    return before;
  }

  /** Asks `member` by `link` to say when all has arrived that was sent by it before, in both lanes. */
  flush(member: Member, link: Link, id: number): void {
    for (const lane of ["control", "data"] as const) {
      const { writer } = link.sender;
      this.#begin(writer, lane, this.#session, member.session);
      writer.u8(KIND.flush);
      writer.varint(id);
      writer.patchU32(1, writer.length - RECORD_HEADER_BYTES);
      link.sender.barrier(lane, member.session, writer.finish());
    }
  }

  // ── Out ───────────────────────────────────────────────────────────────────────────────────────────────────────────

  send(target: RemoteTarget, message: unknown, lane: Lane, askId: number | null): DeadLetterReason | null {
    const route = this.#byName.get(target.target.node);
    if (route === undefined) return "unreachable";
    if (this.onIndirect !== null) this.onIndirect(route.member);
    const { path, incarnation } = target.target;
    const { writer } = route.link.sender;
    this.#begin(writer, lane, this.#session, route.member.session);
    if (askId === null) {
      writer.u8(KIND.tell);
    } else {
      writer.u8(KIND.ask);
      writer.varint(askId);
    }
    writeAddress(writer, path, incarnation);
    const attachments: Uint8Array[] = [];
    try {
      encodeValue(writer, message, attachments);
    } catch {
      // What it holds cannot cross, or a getter of it threw: to tell never throws, and the dead letter shows which.
      writer.abandon();
      return "unencodable";
    }
    return this.#post(route, lane, target.address, attachments);
  }

  watch(target: Address, listener: (event: Terminated) => void): () => void {
    const address = formatAddress(target);
    const route = this.#byName.get(target.node);
    const id = ++this.#lastWatch;
    let watching = true;
    const tellOnce = (event: Terminated): void => {
      if (!watching) return;
      watching = false;
      listener(event);
    };
    const later = (event: Terminated): void => this.#system.executor.soon(() => tellOnce(event));
    if (route === undefined) {
      later({ address, reason: "unreachable" });
    } else {
      const { session } = route.member;
      this.#watches.set(id, { session, address, listener: later });
      this.#control(route, KIND.watch, (writer) => {
        writer.varint(id);
        writeAddress(writer, target.path, target.incarnation);
      });
    }
    return () => {
      watching = false;
      const watch = this.#watches.get(id);
      if (watch === undefined) return;
      this.#watches.delete(id);
      const current = this.#bySession.get(watch.session);
      if (current !== undefined) this.#control(current, KIND.unwatch, (writer) => writer.varint(id));
    };
  }

  stop(target: Address): Promise<void> {
    return this.onStop(target);
  }

  #begin(writer: ByteWriter, lane: Lane, from: number, to: number): void {
    writer.begin();
    writer.u8(lane === "control" ? RECORD.control : RECORD.data);
    writer.u32(0);
    writer.u32(from);
    writer.u32(to);
  }

  /** Sends what stands in the writer of `link` since `#begin`. */
  #post(
    { link, member }: Route,
    lane: Lane,
    streamKey: string,
    attachments: readonly Uint8Array[],
  ): DeadLetterReason | null {
    const { writer } = link.sender;
    const { length } = writer;
    if (attachments.length === 0 && length <= this.#limits.inlineBytes) {
      writer.patchU32(1, length - RECORD_HEADER_BYTES);
      return link.sender.message(lane, member.session, streamKey, writer.finish()) ? null : "link-full";
    }
    let bytes = length;
    for (const attachment of attachments) bytes += attachment.byteLength;
    if (bytes > this.#limits.messageBytes) {
      writer.abandon();
      this.#incidents.add("message-too-large");
      return "unencodable";
    }
    const { buffer, start, end } = writer.finish();
    const head = buffer.subarray(start + RECORD_HEADER_BYTES, end);
    return link.sender.large(lane, member.session, streamKey, { head, attachments }) ? null : "link-full";
  }

  /** A message of the exchanges among themselves. */
  #control(route: Route, kind: number, write: (writer: ByteWriter) => void): void {
    const { writer } = route.link.sender;
    this.#begin(writer, "control", this.#session, route.member.session);
    writer.u8(kind);
    write(writer);
    if (this.#post(route, "control", "", []) !== null) this.#incidents.add("control-refused");
  }

  // ── In ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** @param speaksFor the member whose link it came by; null for the hub's, which speaks for all */
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
    const sender = this.#bySession.get(from);
    if (sender === undefined || (to !== this.#session && speaksFor === null)) {
      this.#incidents.add("fenced");
      return;
    }
    if (to !== this.#session) {
      this.#relay(sender, to, lane, reader, attachments);
      return;
    }
    try {
      this.#take(link, sender, lane, reader, attachments);
    } catch (error) {
      // An address that is none, or bytes that are no value: the message is lost, its sender is known.
      if (!(error instanceof MalformedError || error instanceof CodedError)) throw error;
      this.#incidents.add("malformed", sender.member.name, error.message);
    }
  }

  #take(link: Link, sender: Route, lane: Lane, reader: ByteReader, attachments: readonly Uint8Array[]): void {
    const kind = reader.u8();
    switch (kind) {
      case KIND.tell: {
        const { path, ref } = this.#addressee(reader);
        const message = this.#message(reader, attachments);
        if (this.#allows(sender.member, path, message)) ref.tell(message, lane);
        return;
      }
      case KIND.ask: {
        const askId = reader.varint();
        const { path, incarnation, ref } = this.#addressee(reader);
        const message = this.#message(reader, attachments);
        const asker = this.#askerOf(sender.member.session, askId);
        if (this.#allows(sender.member, path, message)) {
          const node = this.#system.name;
          // `ref` of a name is as good, but only the system puts an asker into a mailbox.
          this.#system.deliver({ node, path: path as ActorPath, incarnation }, message, lane, asker);
        } else {
          asker.lost(ref.address, "refused", undefined);
        }
        return;
      }
      case KIND.lost: {
        const askId = reader.varint();
        const target = reader.text();
        const reason = readLossReason(reader);
        const cause = reader.text();
        this.#system.failAsk(askId, target, reason, cause === "" ? undefined : new Error(cause));
        return;
      }
      case KIND.watch:
        this.#watchHere(sender, reader);
        return;
      case KIND.unwatch: {
        const id = reader.varint();
        sender.watchers.get(id)?.();
        sender.watchers.delete(id);
        return;
      }
      case KIND.terminated: {
        const id = reader.varint();
        const reason = readEndReason(reader);
        const watch = this.#watches.get(id);
        // It may have been ended here meanwhile; nobody ends another's.
        if (watch === undefined || watch.session !== sender.member.session) return;
        this.#watches.delete(id);
        watch.listener({ address: watch.address, reason });
        return;
      }
      case KIND.flush: {
        const id = reader.varint();
        // By the way that it came: the new one is kept shut until it is known.
        this.#control({ ...sender, link }, KIND.flushed, (writer) => {
          writer.varint(id);
          writer.u8(LANE_CODE[lane]);
        });
        return;
      }
      case KIND.flushed:
        this.onFlushed(sender.member, reader.varint(), reader.u8() === LANE_CODE.data ? "data" : "control");
        return;
      default:
        throw new MalformedError(`No envelope has the kind ${kind}`);
    }
  }

  #watchHere(sender: Route, reader: ByteReader): void {
    const id = reader.varint();
    const { ref } = this.#addressee(reader);
    const { session } = sender.member;
    if (sender.watchers.size >= WATCHERS_MAX || sender.watchers.has(id)) {
      throw new MalformedError("A member watches too much, or the same twice");
    }
    const unwatch = this.#system.watch(ref, ({ reason }) => {
      sender.watchers.delete(id);
      const route = this.#bySession.get(session);
      if (route === undefined) return;
      this.#control(route, KIND.terminated, (writer) => {
        writer.varint(id);
        writer.u8(endCode(reason));
      });
    });
    sender.watchers.set(id, unwatch);
  }

  #addressee(reader: ByteReader): {
    readonly path: string;
    readonly incarnation: number | null;
    readonly ref: ActorRef<unknown>;
  } {
    const path = reader.text();
    const number = reader.varint();
    const incarnation = number === 0 ? null : number;
    const key = number === 0 ? path : `${path}#${number}`;
    let ref = this.#refs.get(key);
    if (ref === undefined) {
      ref = this.#system.resolve<unknown>(`sluice://${this.#system.name}${key}`);
      // A reply address is used once; an actor's again and again.
      if (!path.startsWith("/$ask/")) {
        if (this.#refs.size >= REFS_MAX) this.#refs.clear();
        this.#refs.set(key, ref);
      }
    }
    return { path, incarnation, ref };
  }

  #message(reader: ByteReader, attachments: readonly Uint8Array[]): unknown {
    const message = decodeValue(reader, attachments, this.#resolve);
    if (reader.remaining > 0) throw new MalformedError("A message is followed by more");
    return message;
  }

  readonly #resolve = (address: string): ActorRef<never> => this.#system.resolve(address);

  #allows(from: Sender, path: string, message: unknown): boolean {
    const verdict = this.#guard(from, path, message);
    if (verdict.allowed) return true;
    this.#incidents.add(verdict.reason, from.name, verdict.detail);
    return false;
  }

  /** Tells an asker on another node that nobody will answer. */
  #askerOf(session: number, askId: number): Asker {
    return {
      lost: (target, reason, cause) => {
        const route = this.#bySession.get(session);
        if (route === undefined) return;
        this.#control(route, KIND.lost, (writer) => {
          writer.varint(askId);
          writer.text(target);
          writer.u8(lossCode(reason));
          writer.text(cause?.message.slice(0, 1_000) ?? "");
        });
      },
    };
  }

  /** Passes an envelope on unread; its sender has been checked. */
  #relay(
    sender: Route,
    to: number,
    lane: Lane,
    reader: ByteReader,
    attachments: readonly Uint8Array[],
  ): void {
    const route = this.#bySession.get(to);
    const kind = reader.u8();
    const rest = reader.bytes(reader.remaining);
    let problem: DeadLetterReason | null = "unreachable";
    if (route !== undefined) {
      const { writer } = route.link.sender;
      this.#begin(writer, lane, sender.member.session, to);
      writer.u8(kind);
      writer.bytes(rest);
      problem = this.#post(route, lane, `${sender.member.session}>${to}`, attachments);
    }
    if (problem === null) return;
    this.#incidents.add(`relay-${problem}`);
    if (kind !== KIND.ask) return;
    const again = new ByteReader(rest);
    this.#askerOf(sender.member.session, again.varint()).lost(again.text(), problem, undefined);
  }
}
