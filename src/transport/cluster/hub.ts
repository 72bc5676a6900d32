/**
 * The hub of a cluster: admits nodes, gives each a session, announces the members to each other, and relays between them.
 *
 * HB1 Only the hub makes membership events, and every member receives all of them after its snapshot, in order.
 * HB2 A member that is down never comes back: its node joins again under a higher session.
 */

import { parseNodeName } from "../../runtime/address.js";
import type { Behaviour } from "../../runtime/behaviour.js";
import type { NodeName } from "../../runtime/brand.js";
import type { ActorSystem } from "../../runtime/system.js";
import type { JoiningPeer } from "../link/acceptor-handshake.js";
import type { Handover } from "../link/handover.js";
import type { LinkEnd } from "../link/link.js";
import { createReportingAuthority } from "../security/reporting-authority.js";
import { createNames } from "../security/names.js";
import { tokenFrom } from "../security/token.js";
import { DEFAULT_ACCEPTOR_LIMITS, listenForPeers, type Acceptor } from "./acceptor.js";
import { Admissions, type Admission } from "./admissions.js";
import type { Cluster, HubCluster, Member, MembershipEvent } from "./cluster.js";
import type { HubOptions } from "./hub-options.js";
import { Introductions } from "./introductions.js";
import { NodeCore, type Peer } from "./node-core.js";
import { passingSessionNumbers } from "../security/sessions.js";
import type { Notice } from "./notices.js";
import { watchRevocations } from "./revocations.js";

/** Starts a cluster with this node as its hub. @throws TransportError `listen-failed` */
export async function startHub(system: ActorSystem, options: HubOptions): Promise<HubCluster> {
  const hub = new Hub(system, options);
  await hub.listen();
  return hub;
}

class Hub implements HubCluster {
  readonly name: string;
  readonly id: string | null;
  readonly hub: NodeName;
  readonly connected = true;
  readonly secret = null;
  readonly #system: ActorSystem;
  readonly #options: HubOptions;
  readonly #core: NodeCore;
  readonly #peers = new Map<number, Peer>();
  readonly #admissions: Admissions;
  /** What members joined with, by session. */
  readonly #admitted = new Map<number, Admission>();
  readonly #leaving = new Set<number>();
  readonly #introductions = new Introductions(() => tokenFrom(this.#core.nonce));
  #self: Member;
  #acceptor: Acceptor | null = null;
  #endRevocationWatch: (() => void) | null = null;
  #closed = false;

  constructor(system: ActorSystem, options: HubOptions) {
    this.#system = system;
    this.#options = options;
    this.name = options.cluster ?? "sluice";
    this.id = options.clusterId ?? null;
    this.hub = system.name;
    this.#core = new NodeCore(system, options);
    const { sessions = passingSessionNumbers(system.clock.now()) } = options;
    this.#admissions = new Admissions({
      sessions,
      hub: system.name,
      cluster: this.name,
      membersMax: options.membersMax ?? 1_000,
      probeMs: options.probeMs ?? 1_000,
      secretFor: options.secretFor ?? (() => null),
      names: options.names ?? createNames(new Map()),
      memberCount: () => this.members.size,
      holderOf: (name) => this.#peerOf(name),
      keyOf: ({ member }) => this.#admitted.get(member.session)?.nameKey ?? null,
      putOut: (holder, reason) => this.#lose(holder, reason),
    });
    this.#self = {
      name: system.name,
      session: sessions.own,
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
    const carried = refusals.map(([reason, count]) => [`carrier-${reason}`, count] as const);
    return { ...this.#core.incidents.report(), ...Object.fromEntries(carried) };
  }

  async listen(): Promise<void> {
    const { carrier, listen, version, acceptor, revocationMs } = this.#options;
    const authority =
      this.#options.authority && createReportingAuthority(this.#options.authority, this.#system.log);
    this.#acceptor = await listenForPeers({
      carrier,
      listen,
      identity: { cluster: this.name, clusterId: this.id, name: this.#system.name, version: version ?? "" },
      authority,
      clock: this.#system.clock,
      nonce: this.#core.nonce,
      incidents: this.#core.incidents,
      limits: { ...DEFAULT_ACCEPTOR_LIMITS, ...acceptor },
      admit: (peer) => this.#admissions.admit(peer),
      onJoined: (peer, handover) => this.#join(peer, handover),
      onAbandoned: (peer) => void this.#admissions.end(peer.name),
    });
    this.#self = { ...this.#self, url: this.#acceptor.listening.url };
    this.#core.membership.reset(0, [this.#self]);
    if (authority === null) return;
    this.#endRevocationWatch = watchRevocations({
      authority,
      clock: this.#system.clock,
      periodMs: revocationMs ?? 2_000,
      inUse: () => [...this.#admitted.values()].flatMap(({ token }) => token ?? []),
      onRevoked: (id) => this.#loseHoldersOf(id),
    });
  }

  // ── Members come and go ────────────────────────────────────────────────────────────────────────────────────────────

  #join(peer: JoiningPeer, handover: Handover): void {
    const admission = this.#admissions.end(peer.name);
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
    this.#introductions.enter(member, this.#system.clock.monotonic());
    this.#admitted.set(member.session, admission);
    this.#core.exchange.connect(member, opened.link);
    this.#publish({ type: "memberUp", sequence: membership.sequence + 1, member });
    this.#core.notify(opened, {
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
        this.#core.notify(peer, { type: "goodbye" });
        return;
      case "introduce":
        this.#introduce(peer, notice.session);
        return;
      case "expecting":
        this.#haveDialled(peer, notice);
        return;
      case "snapshot":
      case "event":
      case "goodbye":
      case "introduced":
        peer.link.fail(`sent "${notice.type}", which only the hub may send`);
    }
  }

  #markLeaving({ member }: Peer): void {
    if (this.#leaving.has(member.session)) return;
    this.#leaving.add(member.session);
    this.#publish({ type: "memberLeaving", sequence: this.#core.membership.sequence + 1, member });
  }

  /** Gives two members a key for a link of their own, if one of them can be dialled. */
  #introduce(asker: Peer, session: number): void {
    const wanted = this.#peers.get(session);
    if (wanted === undefined) return;
    if (!this.#introductions.mayAsk(asker.member, this.#system.clock.monotonic())) {
      this.#core.incidents.add("introduction-refused", asker.member.name);
      return;
    }
    const offer = this.#introductions.offer(asker.member, wanted.member);
    if (offer === null) return;
    const { dialler, listener, token } = offer;
    const peer = listener === asker.member ? asker : wanted;
    this.#core.notify(peer, { type: "introduced", session: dialler.session, token, dial: null });
  }

  /** Has the other one dial this one, which waits for it; of two introductions at a time the newer one counts. */
  #haveDialled({ member }: Peer, { session, token }: Extract<Notice, { readonly type: "expecting" }>): void {
    const dialler = this.#peers.get(session);
    if (dialler === undefined || !this.#introductions.taken(member, session, token)) return;
    this.#core.notify(dialler, { type: "introduced", session: member.session, token, dial: member.url });
  }

  #onEnd(peer: Peer, { code, reason }: LinkEnd): void {
    if (!this.#peers.has(peer.member.session)) return;
    const inOrder = code === "closed" && this.#leaving.has(peer.member.session);
    this.#remove(peer, inOrder ? null : reason === "" ? `its link was ${code}` : reason);
  }

  /** Declares a member down whose link may still be open. */
  #lose(peer: Peer, reason: string): void {
    if (!this.#peers.has(peer.member.session)) return;
    this.#remove(peer, reason);
    peer.link.fail(reason);
  }

  /** @param reason why it is down; null if it left in order */
  #remove({ member }: Peer, reason: string | null): void {
    this.#peers.delete(member.session);
    this.#admitted.delete(member.session);
    this.#leaving.delete(member.session);
    this.#introductions.leave(member);
    this.#core.exchange.disconnect(member);
    const sequence = this.#core.membership.sequence + 1;
    if (reason === null) this.#publish({ type: "memberLeft", sequence, member });
    else this.#publish({ type: "memberDown", sequence, member, reason });
  }

  #publish(event: MembershipEvent): void {
    this.#core.membership.apply(event);
    for (const peer of this.#peers.values()) {
      // The new member finds itself in its snapshot.
      if (event.type === "memberUp" && peer.member === event.member) continue;
      this.#core.notify(peer, { type: "event", event });
    }
  }

  #peerOf(name: NodeName): Peer | undefined {
    return this.#peers.get(this.members.get(name)?.session ?? 0);
  }

  /** The token of this id is not valid any more: the members that joined with it are out. */
  #loseHoldersOf(id: string): void {
    for (const [session, { token }] of this.#admitted) {
      const peer = this.#peers.get(session);
      if (token === id && peer !== undefined) this.#lose(peer, "its token was revoked");
    }
  }

  // ── For this node ─────────────────────────────────────────────────────────────────────────────────────────────────

  countRefusal: Cluster["countRefusal"] = (kind, detail) => this.#core.incidents.add(kind, undefined, detail);
  subscribe: Cluster["subscribe"] = (listener) => this.#core.subscribe(listener);
  registerBehaviour<State, Message>(name: string, build: (args: unknown) => Behaviour<State, Message>): void {
    this.#core.registerBehaviour(name, build);
  }

  freeName: HubCluster["freeName"] = (name) => this.#admissions.freeName(name);
  spawn: Cluster["spawn"] = (name, spawnOptions) => this.#core.spawn(name, spawnOptions);
  stop: Cluster["stop"] = (target) => this.#core.stop(target);

  async leave(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#endRevocationWatch?.();
    for (const peer of this.#peers.values()) {
      peer.link.sender.flush();
      this.#core.exchange.disconnect(peer.member);
    }
    this.#core.close("the hub stops");
    await this.#acceptor?.close();
  }
}
