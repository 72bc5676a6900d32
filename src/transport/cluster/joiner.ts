/**
 * A node that joins a cluster through its hub, and comes again by itself when it has lost it.
 *
 * J1 One life, one session: whoever was cut off comes back as another member, and what was sent to the former one is lost.
 * J2 While it is cut off it knows nobody but itself; its own actors go on.
 * J3 A refusal that time does not mend ends it; everything else is tried again, ever more slowly and never in step.
 */

import type { Behaviour } from "../../runtime/behaviour.js";
import type { NodeName } from "../../runtime/brand.js";
import { asError } from "../../runtime/errors.js";
import { parseNodeName } from "../../runtime/address.js";
import { parseWith, z } from "../../runtime/parse.js";
import type { SupervisionPolicy } from "../../runtime/spawn-options.js";
import { backoffMs } from "../../runtime/supervision.js";
import type { ActorSystem } from "../../runtime/system.js";
import { TransportError, type TransportErrorCode } from "../errors.js";
import type { LinkEnd } from "../link/link.js";
import type { Cluster, Member, Role } from "./cluster.js";
import { dial, type Dialled } from "./dial.js";
import { DirectLinks, type DirectLinkOptions } from "./direct-links.js";
import { NodeCore, type NodeOptions, type Peer } from "./node-core.js";
import type { Notice } from "./notices.js";

export interface JoinOptions extends NodeOptions, DirectLinkOptions {
  /** `ID.SECRET`; null where the hub wants none. */
  readonly token: string | null;
  /** Name of the cluster that it must be; null for any. Default null. */
  readonly cluster?: string | null;
  /** Default `edge`. */
  readonly roles?: readonly Role[];
  /** From the connection to the welcome, in ms. Default 5,000. */
  readonly handshakeMs?: number;
  /** Between attempts to come back. Default 100 ms, doubled up to 5,000, less up to half of it. */
  readonly backoff?: SupervisionPolicy["backoff"];
  /** Tries again where the hub cannot be reached at first; else the first failure is final. Default false. */
  readonly patient?: boolean;
}

const DEFAULT_BACKOFF: SupervisionPolicy["backoff"] = { minMs: 100, maxMs: 5_000, factor: 2, jitter: 0.5 };

/** Refusals that come to another end some time. */
const PASSING: ReadonlySet<TransportErrorCode> = new Set([
  "connect-failed",
  "cluster-full",
  "handshake-failed",
]);

const welcomeForm = z.object({
  session: z.number().int().min(1).max(0xffffffff),
  hub: z.string(),
  cluster: z.string(),
});

/**
 * Joins a cluster; resolves once this node is a member and knows the others.
 *
 * @throws TransportError `connect-failed`, or why the hub refuses
 */
export async function joinCluster(system: ActorSystem, options: JoinOptions): Promise<Cluster> {
  const joiner = new Joiner(system, options);
  await joiner.start();
  return joiner;
}

class Joiner implements Cluster {
  readonly #system: ActorSystem;
  readonly #options: JoinOptions;
  readonly #core: NodeCore;
  readonly #direct: DirectLinks;
  #status: "joining" | "member" | "cutOff" | "ended" = "joining";
  #self: Member | null = null;
  #hubName: NodeName | null = null;
  #clusterName = "";
  #hubPeer: Peer | null = null;
  #attempts = 0;
  #retry: { cancel(): void } | null = null;
  #first: { resolve(): void; reject(error: Error): void } | null = null;
  #onGoodbye: (() => void) | null = null;

  constructor(system: ActorSystem, options: JoinOptions) {
    this.#system = system;
    this.#options = options;
    this.#core = new NodeCore(system, options);
    this.#direct = new DirectLinks(this.#core, options);
    this.#direct.onWanted = ({ session }) => {
      if (this.#hubPeer !== null) this.#core.notify(this.#hubPeer, { type: "introduce", session });
    };
  }

  async start(): Promise<void> {
    try {
      await this.#direct.listen();
      await new Promise<void>((resolve, reject) => {
        this.#first = { resolve, reject };
        void this.#attempt();
      });
    } catch (error) {
      this.#end("it never joined");
      throw error;
    }
  }

  get name(): string {
    return this.#clusterName;
  }

  get self(): Member {
    if (this.#self === null) throw new TypeError(`Node "${this.#system.name}" has not joined yet`);
    return this.#self;
  }

  get hub(): NodeName {
    return this.#hubName ?? this.#system.name;
  }

  get connected(): boolean {
    return this.#status === "member";
  }

  get url(): string | null {
    return this.#direct.url;
  }

  get members(): ReadonlyMap<NodeName, Member> {
    return this.#core.membership.members;
  }

  get links(): Cluster["links"] {
    return this.#core.links;
  }

  get security(): Cluster["security"] {
    return this.#core.incidents.report();
  }

  // ── In ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #attempt(): Promise<void> {
    this.#attempts += 1;
    const { carrier, connect, token, cluster, roles, version, pid, handshakeMs } = this.#options;
    try {
      const dialled = await dial({
        carrier,
        connect,
        identity: {
          cluster: cluster ?? null,
          name: this.#system.name,
          roles: roles ?? ["edge"],
          url: this.#direct.url,
          version: version ?? "",
          pid: pid ?? 0,
        },
        token,
        nonce: this.#core.nonce,
        clock: this.#system.clock,
        handshakeMs: handshakeMs ?? 5_000,
      });
      if (this.#status === "ended") dialled.handover.channel.destroy();
      else this.#enter(dialled);
    } catch (thrown) {
      if (this.#status !== "ended") this.#failed(asError(thrown));
    }
  }

  #enter({ peer, welcome, handover }: Dialled): void {
    const parsed = parseWith(welcomeForm, welcome);
    if (!parsed.ok) {
      handover.channel.destroy();
      throw new TransportError(`Cannot join at "${this.#options.connect.url}": ${parsed.problem}`, {
        code: "handshake-failed",
      });
    }
    const { session, cluster } = parsed.value;
    this.#hubName = parseNodeName(peer.name);
    this.#clusterName = cluster;
    this.#core.exchange.enter(session);
    // Known in full with the snapshot, which comes first.
    const hub: Member = {
      name: this.#hubName,
      session: 1,
      roles: ["cloud"],
      grants: [],
      url: this.#options.connect.url,
      version: "",
      pid: 0,
      joinedAtMs: 0,
    };
    this.#hubPeer = this.#core.open(hub, "hub", handover, {
      onNotice: (from, notice) => this.#onNotice(from, notice),
      onEnd: (from, end) => this.#onEnd(from, end),
    });
    handover.attach(this.#hubPeer.link);
  }

  #failed(error: Error): void {
    const passing = error instanceof TransportError && PASSING.has(error.code);
    const first = this.#first;
    if (first !== null && !(passing && this.#options.patient === true)) {
      this.#first = null;
      first.reject(error);
      return;
    }
    if (!passing) {
      this.#end("refused");
      this.#core.membership.tell({ type: "refused", error });
      return;
    }
    this.#core.membership.tell({ type: "cutOff", reason: error.message });
    this.#tryAgain();
  }

  #tryAgain(): void {
    const delayMs = backoffMs(
      this.#options.backoff ?? DEFAULT_BACKOFF,
      this.#attempts,
      this.#system.random(),
    );
    this.#retry = this.#system.clock.after(delayMs, () => {
      this.#retry = null;
      void this.#attempt();
    });
  }

  // ── As a member ───────────────────────────────────────────────────────────────────────────────────────────────────

  #onNotice(peer: Peer, notice: Notice): void {
    const { membership, exchange } = this.#core;
    switch (notice.type) {
      case "snapshot": {
        const self = notice.members.find(({ name }) => name === this.#system.name);
        if (self === undefined || this.#status === "member") {
          peer.link.fail("its snapshot has no place for this node");
          return;
        }
        for (const member of notice.members) if (member !== self) exchange.connect(member, peer.link);
        this.#self = self;
        this.#status = "member";
        const attempt = this.#attempts;
        this.#attempts = 0;
        membership.tell({ type: "joined", self, attempt });
        membership.reset(notice.sequence, notice.members);
        this.#first?.resolve();
        this.#first = null;
        return;
      }
      case "event": {
        const { event } = notice;
        const { member } = event;
        // Told here before it is known to anyone, and told to nobody after it is gone.
        if (event.type === "memberUp") exchange.connect(member, peer.link);
        if (event.type === "memberDown" || event.type === "memberLeft") {
          this.#direct.forget(member);
          exchange.disconnect(member);
        }
        if (!membership.apply(event)) peer.link.fail("left out a membership event");
        return;
      }
      case "goodbye":
        this.#onGoodbye?.();
        return;
      case "introduced":
        this.#direct.introduced(notice, this.members);
        return;
      case "leaving":
      case "leave":
      case "introduce":
        peer.link.fail(`sent "${notice.type}", which is a member's to say`);
    }
  }

  #onEnd(peer: Peer, { code, reason }: LinkEnd): void {
    if (peer !== this.#hubPeer) return;
    this.#hubPeer = null;
    if (this.#status === "ended") return;
    this.#status = "cutOff";
    this.#direct.closeAll();
    for (const member of this.members.values()) {
      if (member.name !== this.#system.name) this.#core.exchange.disconnect(member);
    }
    this.#core.exchange.enter(0);
    this.#core.membership.clear();
    const why = reason === "" ? `the link was ${code}` : reason;
    if (this.#first !== null) {
      this.#failed(new TransportError(`Cannot join: ${why}`, { code: "connect-failed", retry: "backoff" }));
      return;
    }
    this.#core.membership.tell({ type: "cutOff", reason: why });
    this.#tryAgain();
  }

  // ── For this node ─────────────────────────────────────────────────────────────────────────────────────────────────

  subscribe: Cluster["subscribe"] = (listener) => this.#core.subscribe(listener);
  registerBehaviour<State, Message>(name: string, build: (args: unknown) => Behaviour<State, Message>): void {
    this.#core.registerBehaviour(name, build);
  }

  spawn: Cluster["spawn"] = (name, spawnOptions) => this.#core.spawn(name, spawnOptions);
  stop: Cluster["stop"] = (target) => this.#core.stop(target);

  announceLeaving(): void {
    if (this.#hubPeer !== null) this.#core.notify(this.#hubPeer, { type: "leaving" });
  }

  async leave(): Promise<void> {
    if (this.#status === "ended") return;
    const peer = this.#hubPeer;
    if (peer !== null && this.#status === "member") {
      await new Promise<void>((resolve) => {
        const late = this.#system.clock.after(GOODBYE_MS, resolve);
        this.#onGoodbye = () => {
          late.cancel();
          resolve();
        };
        this.#core.notify(peer, { type: "leave" });
      });
    }
    this.#end("left");
    await this.#direct.close();
  }

  #end(reason: string): void {
    this.#status = "ended";
    this.#retry?.cancel();
    for (const member of this.members.values()) {
      if (member.name !== this.#system.name) this.#core.exchange.disconnect(member);
    }
    this.#core.close(reason);
  }
}

/** How long the hub has to say goodbye; it is told all the same. */
const GOODBYE_MS = 1_000;
