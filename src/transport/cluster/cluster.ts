/** A cluster as one of its nodes sees it. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Behaviour } from "../../runtime/behaviour.js";
import type { NodeName } from "../../runtime/brand.js";
import type { SpawnOptions } from "../../runtime/spawn-options.js";

/** What a node may do; a token says which of them its holder may claim. */
export type Role = "cloud" | "edge" | "operator";

/** A node from its join to its end; a node that comes again is another member. */
export interface Member {
  readonly name: NodeName;
  /** Grows with every join of the cluster: tells a node's lives apart, and orders them. Given by the hub, from 1. */
  readonly session: number;
  readonly roles: readonly Role[];
  /** What its token allows beyond its roles: `spawn`. */
  readonly grants: readonly string[];
  /** Where others can dial it; null where only the hub reaches it, over the link that it opened itself. */
  readonly url: string | null;
  /** Version of Sluice. */
  readonly version: string;
  readonly pid: number;
  readonly joinedAtMs: number;
}

/** Told to every member in the same order, under a sequence without gaps. */
export type MembershipEvent =
  | { readonly type: "memberUp"; readonly sequence: number; readonly member: Member }
  /** It drains: it is placed nothing new, and will be `memberLeft`. */
  | { readonly type: "memberLeaving"; readonly sequence: number; readonly member: Member }
  | { readonly type: "memberLeft"; readonly sequence: number; readonly member: Member }
  /** Its link broke or fell silent. */
  | {
      readonly type: "memberDown";
      readonly sequence: number;
      readonly member: Member;
      readonly reason: string;
    };

/** What this node alone sees: its own way into the cluster. */
type ConnectionEvent =
  /** Joined, also again under a new session after the link was lost. */
  | { readonly type: "joined"; readonly self: Member; readonly attempt: number }
  /** The hub is out of reach, and with it everyone else; it is tried again. */
  | { readonly type: "cutOff"; readonly reason: string }
  /** Refused for good: a token that was revoked, a name that is taken. Nothing is tried any more. */
  | { readonly type: "refused"; readonly error: Error };

export type ClusterEvent = MembershipEvent | ConnectionEvent;

/** One link of this node, as it is now. */
export interface LinkReport {
  readonly peer: NodeName;
  readonly kind: "hub" | "spoke" | "direct";
  /** Null before the first heartbeat came back. */
  readonly rttMs: number | null;
  /** The other side's clock less this one's. */
  readonly clockOffsetMs: number | null;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Of messages that wait for credit or for the socket. */
  readonly queuedBytes: number;
  /** Messages that found no room, by lane. */
  readonly refused: { readonly control: number; readonly data: number };
}

/** Attempts that came to nothing, counted by why: a probe, an attack, a mistake. */
type SecurityCounts = Readonly<Record<string, number>>;

export interface RemoteSpawnOptions extends SpawnOptions {
  /** Node that it is to live on. */
  readonly at: string;
  /** Plain data for the behaviour that was registered there under the name. */
  readonly args?: unknown;
}

export interface Cluster {
  readonly name: string;
  /** This node's present membership; the last one while it is cut off. */
  readonly self: Member;
  readonly hub: NodeName;
  readonly connected: boolean;
  /** By name, this node too; in the order of their joining. */
  readonly members: ReadonlyMap<NodeName, Member>;
  readonly links: readonly LinkReport[];
  readonly security: SecurityCounts;
  /** Where others connect to this node; null where it does not listen. */
  readonly url: string | null;
  /** Tells `listener` each event from now on, in order, and the members that there are as `memberUp` first. */
  subscribe(listener: (event: ClusterEvent) => void): () => void;
  /** Makes `build` known under `name` to whoever may spawn on this node; it must check `args`, which are outside data. */
  registerBehaviour<State, Message>(name: string, build: (args: unknown) => Behaviour<State, Message>): void;
  /** Starts a behaviour that is registered on another node; it is supervised by that node's guardian. */
  spawn<Message>(name: string, options: RemoteSpawnOptions): Promise<ActorRef<Message>>;
  /** Stops an actor that was spawned so, and resolves once it is gone. */
  stop(target: ActorRef<never>): Promise<void>;
  /** Tells the others that this node drains, waits until they know, and goes. */
  leave(): Promise<void>;
}
