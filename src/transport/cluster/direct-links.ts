/**
 * Direct links between two members: the hub introduces them, one dials the other, and both move to the new link.
 *
 * DR1 A member that dials directly proves a key that the hub has given to both, over their links with it. Who dials is told
 *     its key once the other one expects it, and dials another one once at a time.
 * DR2 A move reorders nothing: the new link holds its messages back until everything sent over the old one has arrived.
 * DR3 Without a direct link everything goes through the hub, also after one has broken.
 */

import type { ActorSystem } from "../../runtime/system.js";
import type { Carrier, ConnectOptions, ListenOptions } from "../carrier.js";
import type { NodeName } from "../../runtime/brand.js";
import { TransportError } from "../errors.js";
import type { Handover } from "../link/handover.js";
import type { Link } from "../link/link.js";
import { DEFAULT_ACCEPTOR_LIMITS, listenForPeers, type Acceptor, type AcceptorLimits } from "./acceptor.js";
import type { Member } from "./cluster.js";
import { dial } from "./dial.js";
import { DirectKeys } from "./direct-keys.js";
import type { NodeCore, NodeOptions, Peer } from "./node-core.js";
import type { Notice } from "./notices.js";

/** Links between two members that pass by the hub. */
export interface DirectLinkOptions extends Pick<NodeOptions, "version" | "pid"> {
  readonly carrier: Carrier;
  /** Of the hub; other members are dialled with the same TLS authorities. */
  readonly connect: ConnectOptions;
  /** Where other members may dial this node, so that not everything goes through the hub. */
  readonly listen?: Omit<ListenOptions, "onChannel">;
  readonly acceptor?: Partial<AcceptorLimits>;
}

type Introduced = Extract<Notice, { readonly type: "introduced" }>;

/** A move to a direct link that waits for what is still on the old one. */
interface Move {
  readonly peer: Peer;
  /** Lanes that have not been flushed yet. */
  readonly waiting: Set<string>;
  readonly timer: { cancel(): void };
}

/** Between two requests for an introduction to the same member, in ms. */
const ASK_AGAIN_MS = 30_000;
/** For a dial and for a move, in ms. */
const TIMEOUT_MS = 5_000;

export class DirectLinks {
  /** Set by the node, which knows its link to the hub. */
  tellHub: (notice: Notice) => void = () => {};
  readonly #core: NodeCore;
  readonly #system: ActorSystem;
  readonly #options: DirectLinkOptions;
  readonly #keys: DirectKeys;
  readonly #askedAtMs = new Map<number, number>();
  /** Direct links by session, and the link that led to the member before. */
  readonly #direct = new Map<number, { readonly peer: Peer; readonly before: Link }>();
  readonly #moves = new Map<number, Move>();
  /** Sessions of the members that are being dialled. */
  readonly #dialling = new Set<number>();
  #acceptor: Acceptor | null = null;
  #lastMove = 0;

  constructor(core: NodeCore, options: DirectLinkOptions) {
    this.#core = core;
    this.#system = core.system;
    this.#options = options;
    this.#keys = new DirectKeys(core.system.clock);
    core.exchange.onSend = (member) => this.#want(member);
    core.exchange.onFlushed = (member, id, lane) => this.#flushed(member, id, lane);
  }

  get url(): string | null {
    return this.#acceptor?.listening.url ?? null;
  }

  /** @throws TransportError `listen-failed` */
  async listen(): Promise<void> {
    const { carrier, listen, version, acceptor } = this.#options;
    if (listen === undefined) return;
    this.#acceptor = await listenForPeers({
      carrier,
      listen,
      identity: { cluster: "direct", clusterId: null, name: this.#system.name, version: version ?? "" },
      authority: this.#keys.authority,
      clock: this.#system.clock,
      nonce: this.#core.nonce,
      incidents: this.#core.incidents,
      limits: { ...DEFAULT_ACCEPTOR_LIMITS, ...acceptor },
      admit: ({ name, token }) => {
        if (this.#keys.memberOf(token)?.name === name) return Promise.resolve({ welcome: null });
        return Promise.resolve(
          new TransportError(`Cannot join "${this.#system.name}" directly: "${name}" was not introduced`, {
            code: "role-denied",
          }),
        );
      },
      onJoined: ({ token }, handover) => {
        const member = this.#keys.memberOf(token);
        if (member === null) {
          handover.channel.destroy();
          return;
        }
        this.#keys.forget(member);
        this.#open(member, handover);
      },
      onAbandoned: () => {},
    });
  }

  /** The hub has given this node and another one a key. */
  introduced({ session, token, dial: url }: Introduced, members: ReadonlyMap<NodeName, Member>): void {
    const member = [...members.values()].find((other) => other.session === session);
    if (member === undefined || this.#direct.has(session) || this.#dialling.has(session)) return;
    if (url !== null) {
      void this.#dial(member, url, token);
      return;
    }
    this.#keys.add(member, token);
    this.tellHub({ type: "expecting", session, token });
  }

  /** A member is gone. */
  forget(member: Member): void {
    const { session } = member;
    this.#keys.forget(member);
    this.#askedAtMs.delete(session);
    this.#direct.get(session)?.peer.link.close("the member is gone");
  }

  closeAll(): void {
    this.#askedAtMs.clear();
    this.#keys.clear();
    for (const { peer } of this.#direct.values()) peer.link.close("the hub is out of reach");
  }

  async close(): Promise<void> {
    await this.#acceptor?.close();
  }

  #want(member: Member): void {
    const { session, url } = member;
    if (this.#direct.has(session) || (url === null && this.url === null)) return;
    // The link to the hub is direct already, although the hub can be dialled.
    if (member.roles.includes("cloud")) return;
    const nowMs = this.#system.clock.monotonic();
    const askedAtMs = this.#askedAtMs.get(session);
    if (askedAtMs !== undefined && nowMs - askedAtMs < ASK_AGAIN_MS) return;
    this.#askedAtMs.set(session, nowMs);
    this.tellHub({ type: "introduce", session });
  }

  async #dial(member: Member, url: string, token: string): Promise<void> {
    const { carrier, connect, version, pid } = this.#options;
    this.#dialling.add(member.session);
    try {
      const { handover, peer } = await dial({
        carrier,
        connect: { ...connect, url, timeoutMs: TIMEOUT_MS },
        identity: {
          cluster: null,
          name: this.#system.name,
          roles: [],
          url: this.url,
          version: version ?? "",
          pid: pid ?? 0,
        },
        token,
        nonce: this.#core.nonce,
        clock: this.#system.clock,
        handshakeMs: TIMEOUT_MS,
      });
      if (peer.name === member.name) this.#open(member, handover);
      else handover.channel.destroy();
    } catch (error) {
      // Everything goes through the hub as before; a firewall may be in between.
      this.#core.incidents.add("direct-failed", member.name, String(error));
    } finally {
      this.#dialling.delete(member.session);
    }
  }

  #open(member: Member, handover: Handover): void {
    const { exchange } = this.#core;
    // It is gone meanwhile, or has a link.
    if (this.#core.membership.members.get(member.name) !== member || this.#direct.has(member.session)) {
      handover.channel.destroy();
      return;
    }
    const peer = this.#core.open(member, "direct", handover, {
      onNotice: (from) => from.link.fail("sent a notice, which only the hub may send"),
      onEnd: (from) => this.#onEnd(from),
    });
    peer.link.sender.hold();
    const before = exchange.reroute(member, peer.link);
    if (before === null) {
      peer.link.close("the member is gone");
      return;
    }
    this.#direct.set(member.session, { peer, before });
    const id = ++this.#lastMove;
    const timer = this.#system.clock.after(TIMEOUT_MS, () => peer.link.fail("the move took too long"));
    this.#moves.set(id, { peer, waiting: new Set(["control", "data"]), timer });
    exchange.flush(member, before, id);
    handover.attach(peer.link);
  }

  #flushed(member: Member, id: number, lane: string): void {
    const move = this.#moves.get(id);
    if (move === undefined || move.peer.member !== member) return;
    move.waiting.delete(lane);
    if (move.waiting.size > 0) return;
    move.timer.cancel();
    this.#moves.delete(id);
    move.peer.link.sender.release();
  }

  #onEnd(peer: Peer): void {
    const { session } = peer.member;
    const direct = this.#direct.get(session);
    if (direct?.peer !== peer) return;
    this.#direct.delete(session);
    for (const [id, move] of this.#moves) {
      if (move.peer !== peer) continue;
      move.timer.cancel();
      this.#moves.delete(id);
    }
    if (!direct.before.ended) this.#core.exchange.reroute(peer.member, direct.before);
  }
}
