/**
 * The hub of a cluster: takes nodes in, gives each a session, tells all of them who is there, and passes on what they send
 * each other.
 *
 * H1 It alone makes membership events, and every member is told all of them from its snapshot on, in order.
 * H2 A name belongs to one life of a node at a time. Who comes under a name that is taken waits until its holder has been
 *    asked: where that answers, the newcomer is refused; where it does not within `probeMs`, it is down.
 * H3 A member that is down never comes back: its node comes again under a higher session.
 */

import { parseNodeName } from "../../runtime/address.js";
import type { Behaviour } from "../../runtime/behaviour.js";
import type { NodeName } from "../../runtime/brand.js";
import type { ActorSystem } from "../../runtime/system.js";
import type { Carrier, ListenOptions } from "../carrier.js";
import { TransportError } from "../errors.js";
import type { JoiningPeer } from "../link/acceptor-handshake.js";
import type { Handover } from "../link/handover.js";
import type { LinkEnd } from "../link/link.js";
import type { TokenAuthority } from "../security/token-authority.js";
import { newToken, tokenText } from "../security/token.js";
import { DEFAULT_ACCEPTOR_LIMITS, listenForPeers, type AcceptorLimits } from "./acceptor.js";
import type { Cluster, Member, MembershipEvent, Role } from "./cluster.js";
import { NodeCore, type NodeOptions, type Peer } from "./node-core.js";
import type { Notice } from "./notices.js";

export interface HubOptions extends NodeOptions {
  /** Name of the cluster; who asks for another one is refused. Default `sluice`. */
  readonly cluster?: string;
  readonly carrier: Carrier;
  readonly listen: Omit<ListenOptions, "onChannel">;
  /** Where joining nodes' tokens are looked up; null takes in whoever comes, and is for loopback alone. */
  readonly authority: TokenAuthority | null;
  /** Default `cloud`. */
  readonly roles?: readonly Role[];
  readonly acceptor?: Partial<AcceptorLimits>;
  /** Default 1,000. */
  readonly membersMax?: number;
  /** How long the holder of a name has to answer, in ms. Default 1,000. */
  readonly probeMs?: number;
  /** Between looks whether a member's token has been revoked, in ms. Default 2,000. */
  readonly revocationMs?: number;
}

interface Admission {
  readonly session: number;
  readonly token: string | null;
}

/** @throws TransportError `listen-failed` */
export async function startHub(system: ActorSystem, options: HubOptions): Promise<Cluster> {
  const hub = new Hub(system, options);
  await hub.listen();
  return hub;
}

class Hub implements Cluster {
  readonly name: string;
  readonly hub: NodeName;
  readonly connected = true;
  readonly #system: ActorSystem;
  readonly #options: HubOptions;
  readonly #core: NodeCore;
  readonly #peers = new Map<number, Peer>();
  /** Names of those that are being taken in. */
  readonly #admissions = new Map<string, Admission>();
  /** Members that came with a token, by session. */
  readonly #tokens = new Map<number, string>();
  readonly #leaving = new Set<number>();
  #self: Member;
  #acceptor: Awaited<ReturnType<typeof listenForPeers>> | null = null;
  #lastSession: number;
  #revocations: { cancel(): void } | null = null;
  #closed = false;

  constructor(system: ActorSystem, options: HubOptions) {
    this.#system = system;
    this.#options = options;
    this.name = options.cluster ?? "sluice";
    this.hub = system.name;
    this.#core = new NodeCore(system, options);
    // Seconds, so that the sessions of a hub that starts again are above those that it gave before.
    this.#lastSession = Math.floor(system.clock.now() / 1_000);
    this.#self = {
      name: system.name,
      session: this.#lastSession,
      roles: options.roles ?? ["cloud"],
      grants: ["spawn"],
      url: null,
      version: options.version ?? "",
      pid: options.pid ?? 0,
      joinedAtMs: system.clock.now(),
    };
    this.#core.exchange.enter(this.#self.session);
  }

  get self(): Member {
    return this.#self;
  }

  get url(): string | null {
    return this.#self.url;
  }

  get members(): ReadonlyMap<NodeName, Member> {
    return this.#core.membership.members;
  }

  get links(): Cluster["links"] {
    return this.#core.links;
  }

  get security(): Cluster["security"] {
    const refusals = Object.entries(this.#acceptor?.listening.refusals ?? {});
    return {
      ...this.#core.incidents.report(),
      ...Object.fromEntries(refusals.map(([reason, count]) => [`carrier-${reason}`, count])),
    };
  }

  async listen(): Promise<void> {
    const { carrier, listen, authority, version, acceptor, revocationMs } = this.#options;
    this.#acceptor = await listenForPeers({
      carrier,
      listen,
      identity: { cluster: this.name, name: this.#system.name, version: version ?? "" },
      authority,
      clock: this.#system.clock,
      nonce: this.#core.nonce,
      incidents: this.#core.incidents,
      limits: { ...DEFAULT_ACCEPTOR_LIMITS, ...acceptor },
      admit: (peer) => this.#admit(peer),
      onJoined: (peer, handover) => this.#join(peer, handover),
      onAbandoned: (peer) => void this.#admissions.delete(peer.name),
    });
    this.#self = { ...this.#self, url: this.#acceptor.listening.url };
    this.#core.membership.reset(0, [this.#self]);
    if (authority !== null) this.#watchRevocations(authority, revocationMs ?? 2_000);
  }

  // ── In and out ────────────────────────────────────────────────────────────────────────────────────────────────────

  async #admit({ name, token }: JoiningPeer): Promise<{ readonly welcome: unknown } | TransportError> {
    const taken = (why: string): TransportError =>
      new TransportError(`Cannot join as "${name}": ${why}; join under another name with --name`, {
        code: "name-taken",
      });
    const node = parseNodeName(name);
    if (node === this.#system.name) return taken("the hub itself is called so");
    if (this.#admissions.has(name)) return taken("another node is joining under this name");
    if (this.members.size >= (this.#options.membersMax ?? 1_000)) {
      return new TransportError(`Cannot join as "${name}": the cluster is full with ${this.members.size}`, {
        code: "cluster-full",
        retry: "backoff",
      });
    }
    this.#lastSession = Math.max(this.#lastSession + 1, Math.floor(this.#system.clock.now() / 1_000));
    const admission = { session: this.#lastSession, token };
    this.#admissions.set(name, admission);
    const holder = this.#peerOf(node);
    if (holder !== undefined) {
      const answers = await holder.link.probe(this.#options.probeMs ?? 1_000);
      if (answers) {
        this.#admissions.delete(name);
        return taken("a node of this name is a member");
      }
      this.#lose(holder, "did not answer when its name was wanted again");
    }
    return { welcome: { session: admission.session, hub: this.#system.name, cluster: this.name } };
  }

  #join(peer: JoiningPeer, handover: Handover): void {
    const admission = this.#admissions.get(peer.name);
    this.#admissions.delete(peer.name);
    if (admission === undefined || this.#closed) {
      handover.channel.destroy();
      return;
    }
    const member: Member = {
      name: parseNodeName(peer.name),
      session: admission.session,
      roles: peer.roles,
      grants: peer.grants,
      url: peer.url,
      version: peer.version,
      pid: peer.pid,
      joinedAtMs: this.#system.clock.now(),
    };
    const { membership } = this.#core;
    const opened = this.#core.open(member, "spoke", handover, {
      onNotice: (from, notice) => this.#onNotice(from, notice),
      onEnd: (from, end) => this.#onEnd(from, end),
    });
    this.#peers.set(member.session, opened);
    if (admission.token !== null) this.#tokens.set(member.session, admission.token);
    this.#core.exchange.connect(member, opened.link);
    this.#publish({ type: "memberUp", sequence: membership.sequence + 1, member });
    this.#tell(opened, {
      type: "snapshot",
      sequence: membership.sequence,
      members: [...membership.members.values()],
    });
    handover.attach(opened.link);
  }

  #onNotice(peer: Peer, notice: Notice): void {
    switch (notice.type) {
      case "leaving":
        this.#markLeaving(peer);
        return;
      case "leave":
        this.#markLeaving(peer);
        this.#tell(peer, { type: "goodbye" });
        return;
      case "introduce":
        this.#introduce(peer, notice.session);
        return;
      case "snapshot":
      case "event":
      case "goodbye":
      case "introduced":
        peer.link.fail(`sent "${notice.type}", which is the hub's to say`);
    }
  }

  #markLeaving({ member }: Peer): void {
    if (this.#leaving.has(member.session)) return;
    this.#leaving.add(member.session);
    this.#publish({ type: "memberLeaving", sequence: this.#core.membership.sequence + 1, member });
  }

  /** Gives two members a key for a link of their own, where one of them can be dialled. */
  #introduce(asker: Peer, session: number): void {
    const wanted = this.#peers.get(session);
    if (wanted === undefined) return;
    const [dialler, listener] = wanted.member.url === null ? [wanted, asker] : [asker, wanted];
    if (listener.member.url === null) return;
    const token = tokenText(newToken());
    this.#tell(listener, { type: "introduced", session: dialler.member.session, token, dial: null });
    this.#tell(dialler, {
      type: "introduced",
      session: listener.member.session,
      token,
      dial: listener.member.url,
    });
  }

  #tell(peer: Peer, notice: Notice): void {
    this.#core.notify(peer, notice);
  }

  #onEnd(peer: Peer, { code, reason }: LinkEnd): void {
    const { session } = peer.member;
    if (!this.#peers.has(session)) return;
    if (code === "closed" && this.#leaving.has(session)) this.#remove(peer, null);
    else this.#remove(peer, reason === "" ? `its link was ${code}` : reason);
  }

  /** Takes a member for dead whose link may still be open. */
  #lose(peer: Peer, reason: string): void {
    if (!this.#peers.has(peer.member.session)) return;
    this.#remove(peer, reason);
    peer.link.fail(reason);
  }

  /** @param reason null where it has left in order */
  #remove({ member }: Peer, reason: string | null): void {
    this.#peers.delete(member.session);
    this.#tokens.delete(member.session);
    this.#leaving.delete(member.session);
    this.#core.exchange.disconnect(member);
    const sequence = this.#core.membership.sequence + 1;
    if (reason === null) this.#publish({ type: "memberLeft", sequence, member });
    else this.#publish({ type: "memberDown", sequence, member, reason });
  }

  #publish(event: MembershipEvent): void {
    this.#core.membership.apply(event);
    for (const peer of this.#peers.values()) {
      // The newcomer learns of itself from its snapshot.
      if (event.type === "memberUp" && peer.member === event.member) continue;
      this.#tell(peer, { type: "event", event });
    }
  }

  #peerOf(name: NodeName): Peer | undefined {
    const member = this.members.get(name);
    return member === undefined ? undefined : this.#peers.get(member.session);
  }

  /** A token that was revoked ends the links that it opened. */
  #watchRevocations(authority: TokenAuthority, periodMs: number): void {
    const look = async (): Promise<void> => {
      for (const id of new Set(this.#tokens.values())) {
        const record = await authority.find(id).catch(() => null);
        if (record !== null && !record.revoked) continue;
        for (const [session, token] of this.#tokens) {
          const peer = this.#peers.get(session);
          if (token === id && peer !== undefined) this.#lose(peer, "its token was revoked");
        }
      }
    };
    const again = async (): Promise<void> => {
      await look();
      if (!this.#closed) this.#revocations = this.#system.clock.after(periodMs, () => void again());
    };
    this.#revocations = this.#system.clock.after(periodMs, () => void again());
  }

  // ── For this node ─────────────────────────────────────────────────────────────────────────────────────────────────

  subscribe: Cluster["subscribe"] = (listener) => this.#core.subscribe(listener);
  registerBehaviour<State, Message>(name: string, build: (args: unknown) => Behaviour<State, Message>): void {
    this.#core.registerBehaviour(name, build);
  }

  spawn: Cluster["spawn"] = (name, spawnOptions) => this.#core.spawn(name, spawnOptions);
  stop: Cluster["stop"] = (target) => this.#core.stop(target);

  async leave(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#revocations?.cancel();
    for (const peer of this.#peers.values()) {
      peer.link.sender.flush();
      this.#core.exchange.disconnect(peer.member);
    }
    this.#core.close("the hub stops");
    await this.#acceptor?.close();
  }
}
