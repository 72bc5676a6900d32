/** What the monitor of a node receives and answers. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { NodeName } from "../../task/identity.js";

export type MonitorMessage =
  /** From another node's monitor: answer at once, for the round-trip time. */
  | { readonly type: "ping"; readonly sentAtMs: number; readonly replyTo: ActorRef<Pong> }
  /** From another node's monitor: so many bytes, to be answered once they are all here. */
  | {
      readonly type: "probe";
      readonly sentAtMs: number;
      readonly bytes: Uint8Array;
      readonly replyTo: ActorRef<Probed>;
    }
  | { readonly type: "watchLinks"; readonly peers: Readonly<Record<string, ActorRef<MonitorMessage>>> };

/** Of one probe. */
export const PROBE_BYTES_MAX = 512 * 1024;

export interface Probed {
  readonly type: "probed";
  readonly node: NodeName;
  readonly sentAtMs: number;
}

export interface Pong {
  readonly type: "pong";
  readonly node: NodeName;
  readonly sentAtMs: number;
}
