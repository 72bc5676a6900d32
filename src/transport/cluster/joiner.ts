/**
 * A node that joins a cluster through its hub, and joins again by itself when it has lost the hub.
 *
 * JN1 A session is for one connection to the hub: a node that was cut off comes back as another member, and what was sent to
 *     the former one is lost.
 * JN2 While it is cut off it knows no other member; its own actors go on.
 * JN3 A refusal that will not pass ends it; after any other failure it tries again.
 */

import type { Behaviour } from "../../runtime/behaviour.js";
import type { NodeName } from "../../runtime/brand.js";
import { parseNodeName } from "../../runtime/address.js";
import { parseWith, z } from "../../runtime/parse.js";
import type { ActorSystem } from "../../runtime/system.js";
import { TransportError, type TransportErrorCode } from "../errors.js";
import type { LinkEnd } from "../link/link.js";
import type { Cluster, Member } from "./cluster.js";
import type { Dialled } from "./dial.js";
import { DirectLinks, type DirectLinkOptions } from "./direct-links.js";
import { HubDialer, type HubDialOptions } from "./hub-dialer.js";
import { NodeCore, type NodeOptions, type Peer } from "./node-core.js";
import type { Notice } from "./notices.js";

/** How a node joins a hub. */
export interface JoinOptions extends NodeOptions, HubDialOptions, DirectLinkOptions {
  /** Tries again if the hub cannot be reached at first; otherwise the first failure is final. Default false. */
  readonly patient?: boolean;
}

/** Failures that may pass. */
const PASSING: ReadonlySet<TransportErrorCode> = new Set([
  "connect-failed",
  "cluster-full",
  "handshake-failed",
]);

/** Refusals that pass where a hub that has started anew has told its new token. */
const STALE_TOKEN: ReadonlySet<TransportErrorCode> = new Set(["token-invalid", "token-revoked"]);
/** How long such refusals are borne, in ms. */
const STALE_MS = 20_000;

/** How long the hub has to answer `leave` with `goodbye`, in ms; after that this node goes all the same. */
const GOODBYE_MS = 1_000;

const welcomeForm = z.object({
  session: z.number().int().min(1).max(0xffffffff),
  hub: z.string(),
  cluster: z.string(),
  secret: z.string().max(256).nullish(),
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
  readonly #dialer: HubDialer;
  #status: "joining" | "member" | "cutOff" | "ended" = "joining";
  #self: Member | null = null;
  #hubName: NodeName | null = null;
  #clusterName = "";
  /** Since when its token has been refused; null where it was not. */
  #staleFromMs: number | null = null;
  #clusterId: string | null = null;
  #secret: Uint8Array | null = null;
  #hubPeer: Peer | null = null;
  /** Settles `start`; null once it has. */
  #first: { resolve(): void; reject(error: Error): void } | null = null;
  #onGoodbye: (() => void) | null = null;

  constructor(system: ActorSystem, options: JoinOptions) {
    this.#system = system;
    this.#options = options;
    this.#core = new NodeCore(system, options);
    this.#direct = new DirectLinks(this.#core, options);
    this.#dialer = new HubDialer(system, options, this.#core.nonce, {
      onDialled: (dialled) => this.#enter(dialled),
      onFailed: (error) => this.#failed(error),
    });
    this.#direct.tellHub = (notice) => {
      if (this.#hubPeer !== null) this.#core.notify(this.#hubPeer, notice);
    };
  }

  async start(): Promise<void> {
    try {
      await this.#direct.listen();
      await new Promise<void>((resolve, reject) => {
        this.#first = { resolve, reject };
        void this.#dialer.dial(this.#direct.url);
      });
    } catch (error) {
      this.#end("it never joined");
      await this.#direct.close();
      throw error;
    }
  }

  get name(): string {
    return this.#clusterName;
  }

  get id(): string | null {
    return this.#clusterId;
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

  get secret(): Uint8Array | null {
    return this.#secret;
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

  #enter({ peer, welcome, handover }: Dialled): void {
    const parsed = parseWith(welcomeForm, welcome);
    if (!parsed.ok) {
      handover.channel.destroy();
      throw new TransportError(`Cannot join at "${this.#options.connect.url}": ${parsed.problem}`, {
        code: "handshake-failed",
      });
    }
    const { session, cluster, secret = null } = parsed.value;
    this.#secret = secret === null ? null : Buffer.from(secret, "base64url");
    this.#hubName = parseNodeName(peer.name);
    this.#clusterName = cluster;
    this.#clusterId = peer.clusterId;
    this.#core.exchange.enter(session);
    // A stand-in: the snapshot, which comes first, describes the hub in full.
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
    const passing = error instanceof TransportError && this.#passes(error);
    const first = this.#first;
    if (first !== null && !(passing && this.#options.patient === true)) {
      this.#first = null;
      first.reject(error);
      return;
    }
    if (!passing) {
      this.#end("refused");
      this.#core.membership.emit({ type: "refused", error });
      return;
    }
    this.#core.membership.emit({ type: "cutOff", reason: error.message });
    this.#dialer.dialLater(this.#direct.url);
  }

  #passes({ code, retry }: TransportError): boolean {
    if (PASSING.has(code) || retry === "backoff") return true;
    if (this.#options.lookAgain === undefined || !STALE_TOKEN.has(code)) return false;
    const nowMs = this.#system.clock.monotonic();
    this.#staleFromMs ??= nowMs;
    return nowMs - this.#staleFromMs < STALE_MS;
  }

  // ── As a member ───────────────────────────────────────────────────────────────────────────────────────────────────

  #onNotice(peer: Peer, notice: Notice): void {
    const { membership, exchange } = this.#core;
    switch (notice.type) {
      case "snapshot": {
        const self = notice.members.find(({ name }) => name === this.#system.name);
        if (self === undefined || this.#status === "member") {
          peer.link.fail("its snapshot leaves this node out, or is not the first");
          return;
        }
        for (const member of notice.members) if (member !== self) exchange.connect(member, peer.link);
        this.#self = self;
        this.#status = "member";
        this.#staleFromMs = null;
        membership.emit({ type: "joined", self, attempt: this.#dialer.joined() });
        membership.reset(notice.sequence, notice.members);
        this.#first?.resolve();
        this.#first = null;
        return;
      }
      case "event": {
        const { event } = notice;
        const { member } = event;
        // A route leads to a member before listeners hear of it, and none any more when they hear that it is gone.
        if (event.type === "memberUp") exchange.connect(member, peer.link);
        if (event.type === "memberDown" || event.type === "memberLeft") {
          this.#direct.forget(member);
          exchange.disconnect(member);
        }
        if (!membership.apply(event)) peer.link.fail("skipped a membership event");
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
      case "expecting":
        peer.link.fail(`sent "${notice.type}", which only a member may send`);
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
    this.#core.membership.emit({ type: "cutOff", reason: why });
    this.#dialer.dialLater(this.#direct.url);
  }

  // ── For this node ─────────────────────────────────────────────────────────────────────────────────────────────────

  countRefusal: Cluster["countRefusal"] = (kind, detail) => this.#core.incidents.add(kind, undefined, detail);
  subscribe: Cluster["subscribe"] = (listener) => this.#core.subscribe(listener);
  registerBehaviour<State, Message>(name: string, build: (args: unknown) => Behaviour<State, Message>): void {
    this.#core.registerBehaviour(name, build);
  }

  spawn: Cluster["spawn"] = (name, spawnOptions) => this.#core.spawn(name, spawnOptions);
  stop: Cluster["stop"] = (target) => this.#core.stop(target);

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
    this.#dialer.stop();
    for (const member of this.members.values()) {
      if (member.name !== this.#system.name) this.#core.exchange.disconnect(member);
    }
    this.#core.close(reason);
  }
}
