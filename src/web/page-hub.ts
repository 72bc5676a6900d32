/** What pages have of their hub. */

import type { MemoryBudget } from "../runtime/memory-budget.js";
import type { ActorSystem } from "../runtime/system.js";
import type { Guard } from "../transport/cluster/guard.js";
import type { Operator } from "../operator/operator.js";
import type { AuditDesk } from "./audit-desk.js";
import type { ClusterFeed } from "./cluster-feed.js";
import type { PictureDesk } from "./pictures/picture-desk.js";
import type { EventRing } from "./event-ring.js";
import type { GapLine } from "./gap-line.js";

export interface PageHub {
  readonly system: ActorSystem;
  /** Of the hub: what pages do not take is a part of it. */
  readonly memory: MemoryBudget;
  readonly operator: Operator;
  readonly guard: Guard;
  readonly feed: ClusterFeed;
  readonly events: EventRing;
  readonly pictures: PictureDesk;
  readonly gaps: GapLine;
  readonly audits: AuditDesk;
  readonly version: string;
  /** Counts what is refused, by kind. */
  countRefusal(kind: string, detail: string): void;
}
