/** What a scheduler knows, for as long as it runs, of a source that any of several nodes may capture. */

import type { ActorRef } from "../../../runtime/actor-ref.js";
import type { HostReply } from "../../protocol/scheduler.js";
import type { NodeName } from "../../../task/identity.js";

export type HostPhase =
  /** Its host has it registered. */
  | { readonly status: "captured" }
  /** Its host is away, and may be back until then, by the monotonic clock. */
  | {
      readonly status: "awaited";
      readonly untilMs: number;
      /** It was told to capture it, and has not been seen to since. */
      readonly isTold?: true;
    }
  /** Its host leaves in order: what it has made of the source ends first. */
  | { readonly status: "leaving"; readonly untilMs: number }
  /** What was made of it is counted. */
  | { readonly status: "sealing" }
  /** That it is appointed is written, and then it is told. */
  | { readonly status: "starting"; readonly node: NodeName; readonly appointment: number }
  /** Looked at again then, and whenever a node comes. */
  | { readonly status: "waiting"; readonly untilMs: number };

/** A candidate that could not capture it. */
interface Refused {
  /** It is asked again then. */
  readonly untilMs: number;
  readonly why: string;
}

export interface HostEntry {
  phase: HostPhase;
  /** Its host has it registered, and has not gone since. */
  isRegistered: boolean;
  /** Its host has opened it since: what fails then has failed for all. */
  isOpen: boolean;
  readonly refused: Map<NodeName, Refused>;
  /** Whoever ordered it, until it has its first host or none can. */
  replyTo: ActorRef<HostReply> | null;
}
