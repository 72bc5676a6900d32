/** What the monitor of a node receives and answers. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { NodeName } from "../../task/identity.js";

export type MonitorMessage =
  /** From another node's monitor: answer at once, for the round-trip time. */
  | { readonly type: "ping"; readonly sentAtMs: number; readonly replyTo: ActorRef<Pong> }
  | { readonly type: "watchLinks"; readonly peers: Readonly<Record<string, ActorRef<MonitorMessage>>> };

export interface Pong {
  readonly type: "pong";
  readonly node: NodeName;
  readonly sentAtMs: number;
}
