/** A cluster as one of its nodes sees it. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Behaviour } from "../../runtime/behaviour.js";
import type { NodeName } from "../../runtime/brand.js";
import type { SpawnOptions } from "../../runtime/spawn-options.js";

/** What a node may do; a token says which of them its holder may claim. */
export type Role = "cloud" | "edge" | "operator";

/** What the holder of a token may be. A `viewer` looks at a hub's page, and is never a member. */
export type TokenRole = Role | "viewer";

/** Which cluster it is. */
export interface ClusterIdentity {
  /** Name of the cluster. */
  readonly cluster: string;
  /** Tells it from others of that name, as its store does; null where it has nothing to tell it by. */
  readonly clusterId: string | null;
}

/** One session of a node, from its join to its end; a node that joins again is another member. */
export interface Member {
  readonly name: NodeName;
  /** Grows with every join under one process of the hub: tells the incarnations of a node apart, and orders them. Given by the hub, from 1. */
  readonly session: number;
  readonly roles: readonly Role[];
  /** What its token allows beyond its roles: `spawn`. */
  readonly grants: readonly string[];
  /** Where others can dial it; null if only the hub reaches it, over the link that it opened itself. */
  readonly url: string | null;
  /** Version of Sluice. */
  readonly version: string;
  readonly pid: number;
  readonly joinedAtMs: number;
}

/** Every member receives the same events in the same order, under a sequence without gaps. */
export type MembershipEvent =
  | { readonly type: "memberUp"; readonly sequence: number; readonly member: Member }
  /** It drains: nothing new is placed on it, and `memberLeft` follows. */
  | { readonly type: "memberLeaving"; readonly sequence: number; readonly member: Member }
  | { readonly type: "memberLeft"; readonly sequence: number; readonly member: Member }
  /** Its link broke or fell silent. */
  | {
      readonly type: "memberDown";
      readonly sequence: number;
      readonly member: Member;
      readonly reason: string;
    };

/** What only this node sees: the state of its own connection to the cluster. */
export type ConnectionEvent =
  /** It has joined, for the first time or again under a new session. */
  | { readonly type: "joined"; readonly self: Member; readonly attempt: number }
  /** The hub is out of reach, and with it every other member; this node keeps trying. */
  | { readonly type: "cutOff"; readonly reason: string }
  /** Refused for good, as for a revoked token or a name in use: this node stops trying. */
  | { readonly type: "refused"; readonly error: Error };

/** What changes in a cluster, as one of its nodes sees it. */
export type ClusterEvent = MembershipEvent | ConnectionEvent;

/** One link of this node, as it is now. */
export interface LinkReport {
  readonly peer: NodeName;
  readonly kind: "hub" | "spoke" | "direct";
  /** Null before the first heartbeat was answered. */
  readonly rttMs: number | null;
  /** The other side's clock less this one's. */
  readonly clockOffsetMs: number | null;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Of messages that wait for credit. */
  readonly queuedBytes: number;
  /** Messages that found no room, by lane. */
  readonly refused: { readonly control: number; readonly data: number };
}

/** What was refused or failed, by kind: scans, attacks, mistakes. */
export type SecurityCounts = Readonly<Record<string, number>>;

/** How a behaviour that is registered on another node is started there. */
export interface RemoteSpawnOptions extends SpawnOptions {
  /** Node to start it on. */
  readonly at: string;
  /** Plain data for the behaviour that is registered there under the name. */
  readonly args?: unknown;
}

/** A node's view of its cluster, and what it does with the other members. */
export interface Cluster {
  readonly name: string;
  /** Tells it from others of that name; null where nothing does. */
  readonly id: string | null;
  /** This node as a member; its last session while it is cut off. */
  readonly self: Member;
  readonly hub: NodeName;
  readonly connected: boolean;
  /** By name, this node included, in the order in which they joined. */
  readonly members: ReadonlyMap<NodeName, Member>;
  readonly links: readonly LinkReport[];
  readonly security: SecurityCounts;
  /** Counts in `security`, by one of few kinds, what this node itself has refused; it is logged at most once a second. */
  readonly countRefusal: (kind: string, detail: string) => void;
  /** Where others connect to this node; null if it does not listen. */
  readonly url: string | null;
  /** What the hub told this node alone as it last joined; null for nothing, and of the hub itself. */
  readonly secret: Uint8Array | null;
  /** Calls `listener` with each event from now on, in order; the present members come first, as `memberUp`. */
  subscribe(listener: (event: ClusterEvent) => void): () => void;
  /** Lets other nodes spawn what `build` makes under `name`; `build` must check `args`, which are outside data. */
  registerBehaviour<State, Message>(name: string, build: (args: unknown) => Behaviour<State, Message>): void;
  /** Starts a behaviour that is registered on another node; that node's guardian supervises it. */
  spawn<Message>(name: string, options: RemoteSpawnOptions): Promise<ActorRef<Message>>;
  /** Stops an actor that `spawn` started, and resolves once it is gone. */
  stop(target: ActorRef<never>): Promise<void>;
  /** Announces that this node leaves, waits for the hub to confirm, and disconnects. */
  leave(): Promise<void>;
}

/** The cluster as its hub sees it. */
export interface HubCluster extends Cluster {
  /**
   * The name of a node is for whoever joins with it next: the member that has it now is out, and what it was told as it joined is
   * void at once.
   *
   * @returns false where nobody had it
   */
  freeName(name: NodeName): Promise<boolean>;
}
