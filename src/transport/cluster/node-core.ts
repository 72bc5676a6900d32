/** What every node of a cluster has, hub or not: an exchange, the members, its links and a guardian. */

import { randomBytes } from "node:crypto";
import type { ActorRef } from "../../runtime/actor-ref.js";
import { formatAddress, parseAddress, type Address } from "../../runtime/address.js";
import type { Behaviour } from "../../runtime/behaviour.js";
import type { NodeName } from "../../runtime/brand.js";
import { replyInvalid } from "../../runtime/errors.js";
import { nodeSystem, type NodeSystem } from "../../runtime/node-system.js";
import { parseWith, type z } from "../../runtime/parse.js";
import type { ActorSystem } from "../../runtime/system.js";
import { TransportError } from "../errors.js";
import { ByteBudget } from "../link/byte-budget.js";
import { Link, type LinkEnd } from "../link/link.js";
import type { Handover } from "../link/handover.js";
import { DEFAULT_LINK_LIMITS, OPERATOR_SILENCE_MS, type LinkLimits } from "../link/link-limits.js";
import type { ClusterEvent, LinkReport, Member, RemoteSpawnOptions } from "./cluster.js";
import { Exchange } from "./exchange.js";
import type { Guard } from "./guard.js";
import {
  createGuardian,
  GUARDIAN,
  SPAWN_REPLY,
  STOP_REPLY,
  type BehaviourFactory,
  type SpawnReply,
  type StopReply,
} from "./guardian.js";
import { Incidents } from "./incidents.js";
import { Membership } from "./membership.js";
import { readNotice, writeNotice, type Notice } from "./notices.js";

/** What the options of a hub and of a joining node have in common. */
export interface NodeOptions {
  /** What other nodes may send to the actors of this one. Default: everything. */
  readonly guard?: Guard;
  readonly limits?: Partial<LinkLimits>;
  /** Makes a text that nobody can guess. Default: 24 random bytes from the operating system. */
  readonly nonce?: () => string;
  /** Of the program; the other members see it. */
  readonly version?: string;
  /** Of the process; the other members see it. */
  readonly pid?: number;
}

/** A link, and the member at its other end. */
export interface Peer {
  readonly member: Member;
  readonly link: Link;
  readonly kind: LinkReport["kind"];
}

export interface PeerListener {
  onNotice(peer: Peer, notice: Notice): void;
  onEnd(peer: Peer, end: LinkEnd): void;
}

const SPAWN_TIMEOUT_MS = 5_000;

export class NodeCore {
  readonly system: NodeSystem;
  readonly limits: LinkLimits;
  readonly incidents: Incidents;
  readonly exchange: Exchange;
  readonly membership: Membership;
  readonly nonce: () => string;
  readonly peers = new Set<Peer>();
  readonly #budget: ByteBudget;
  readonly #behaviours = new Map<string, BehaviourFactory>();
  #ticker: { cancel(): void } | null = null;

  constructor(system: ActorSystem, options: NodeOptions) {
    this.system = nodeSystem(system);
    this.limits = { ...DEFAULT_LINK_LIMITS, ...options.limits };
    this.#budget = new ByteBudget(this.limits.budgetBytes, this.system.memory);
    this.incidents = new Incidents(system.clock, system.log);
    this.membership = new Membership(system.log);
    this.nonce = options.nonce ?? (() => randomBytes(24).toString("base64url"));
    this.exchange = new Exchange({
      system: this.system,
      guard: options.guard ?? ((_, __, message) => message),
      limits: this.limits,
      incidents: this.incidents,
    });
    this.exchange.onStop = (target) => this.stop(this.system.resolve(formatAddress(target)));
    this.system.attachRemote(this.exchange);
    system.spawn(createGuardian(this.#behaviours), {
      name: GUARDIAN,
      restart: "permanent",
      // An actor that keeps failing restarts ever more slowly, and does not take the others along.
      supervision: { intensity: 1_000_000, periodMs: 1_000 },
    });
    this.#tick();
  }

  /** Opens a link on a channel whose handshake is done. */
  open(member: Member, kind: LinkReport["kind"], handover: Handover, listener: PeerListener): Peer {
    const speaksFor = kind === "hub" ? null : member;
    const link: Link = new Link({
      channel: handover.channel,
      clock: this.system.clock,
      executor: this.system.executor,
      limits: this.#limitsFor(member),
      budget: this.#budget,
      peer: member.name,
      listener: {
        onMessage: (_, lane, reader, attachments) =>
          this.exchange.receive(link, speaksFor, lane, reader, attachments),
        onNotice: (_, reader) => listener.onNotice(peer, readNotice(reader)),
        onRefused: () => this.incidents.add("no-room", member.name),
        onEnd: (_, end) => {
          this.peers.delete(peer);
          for (let lost = link.sender.waiting; lost > 0; lost--)
            this.incidents.add("lost-with-link", member.name);
          if (end.code === "malformed") this.incidents.add("link-malformed", member.name, end.reason);
          if (end.code === "slow") this.incidents.add("link-slow", member.name, end.reason);
          listener.onEnd(peer, end);
        },
      },
    });
    const peer: Peer = { member, link, kind };
    this.peers.add(peer);
    return peer;
  }

  #limitsFor({ roles }: Member): LinkLimits {
    if (roles.length !== 1 || roles[0] !== "operator") return this.limits;
    return { ...this.limits, silenceMs: Math.max(this.limits.silenceMs, OPERATOR_SILENCE_MS) };
  }

  notify(peer: Peer, notice: Notice): void {
    peer.link.notice((writer) => writeNotice(writer, notice));
  }

  get links(): readonly LinkReport[] {
    return [...this.peers].map(({ member, link, kind }) => ({
      peer: member.name,
      kind,
      rttMs: link.rttMs,
      clockOffsetMs: link.clockOffsetMs,
      sentBytes: link.sender.sentBytes,
      receivedBytes: link.receivedBytes,
      queuedBytes: link.sender.queuedBytes,
      refused: { ...link.sender.refused },
    }));
  }

  subscribe(listener: (event: ClusterEvent) => void): () => void {
    return this.membership.subscribe(listener);
  }

  registerBehaviour<State, Message>(name: string, build: (args: unknown) => Behaviour<State, Message>): void {
    if (this.#behaviours.has(name)) {
      throw new TypeError(`Cannot register behaviour "${name}": there is one of that name`);
    }
    // Its types are checked where it is spawned, by the caller.
    this.#behaviours.set(name, build as BehaviourFactory);
  }

  async spawn<Message>(behaviour: string, asked: RemoteSpawnOptions): Promise<ActorRef<Message>> {
    const { at, args, ...options } = asked;
    const reply = await this.#askGuardian<SpawnReply>(at as NodeName, SPAWN_REPLY, (replyTo) => ({
      type: "spawn",
      behaviour,
      args,
      options,
      replyTo,
    }));
    if (reply.type === "spawnFailed") throw reply.error;
    // The caller knows what the behaviour takes.
    return reply.ref as unknown as ActorRef<Message>;
  }

  async stop(target: ActorRef<never>): Promise<void> {
    const address: Address = parseAddress(target.address);
    if (address.node === this.system.name) return this.system.stop(target);
    const reply = await this.#askGuardian<StopReply>(address.node, STOP_REPLY, (replyTo) => ({
      type: "stop",
      address: target.address,
      replyTo,
    }));
    if (reply.type === "stopFailed") throw reply.error;
  }

  /** @throws RuntimeError `reply-invalid` where the other node answers what is no answer */
  async #askGuardian<Reply>(
    node: NodeName,
    form: z.ZodType,
    toRequest: (replyTo: ActorRef<Reply>) => unknown,
  ): Promise<Reply> {
    const guardian = this.#guardianOf(node);
    const reply = await this.system.ask<unknown, Reply>(guardian, toRequest, {
      timeoutMs: SPAWN_TIMEOUT_MS,
      lane: "control",
    });
    const parsed = parseWith(form, reply);
    if (parsed.ok) return reply;
    throw replyInvalid(guardian.address, parsed.problem);
  }

  /** Ends this node's part in the cluster. */
  close(reason: string): void {
    this.#ticker?.cancel();
    this.#ticker = null;
    for (const { link } of this.peers) link.close(reason);
    this.system.attachRemote(null);
  }

  #guardianOf(node: NodeName): ActorRef<unknown> {
    if (node !== this.system.name && !this.membership.members.has(node)) {
      const known = [...this.membership.members.keys()].map((name) => `"${name}"`).join(", ");
      throw new TransportError(
        `Cannot reach node "${node}" as it is no member: there are ${known || "none"}`,
        {
          code: "spawn-failed",
          retry: "backoff",
        },
      );
    }
    return this.system.resolve(`sluice://${node}/${GUARDIAN}`);
  }

  /** One timer for all links. */
  #tick(): void {
    this.#ticker = this.system.clock.after(this.limits.heartbeatMs, () => {
      const nowMs = this.system.clock.monotonic();
      for (const { link } of this.peers) link.tick(nowMs);
      if (this.#ticker !== null) this.#tick();
    });
  }
}
