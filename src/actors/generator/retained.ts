/** What of a generator survives its restart. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Journal, RecoveredState } from "../../storage/journal/journal.js";
import type { NodeName, SourceId } from "../../task/identity.js";
import type { Pipeline } from "../../task/pipeline.js";
import type { SourcePosition } from "../../task/position.js";
import type { Pause } from "../../task/requests.js";
import type { DistributorMessage } from "../protocol/distributor.js";
import type { Vouch } from "../../task/voucher.js";
import type { ControllerMessage } from "../protocol/controller.js";
import type { LivePolicy } from "../../task/requests.js";
import { Closings } from "./closings.js";
import { Delivery } from "./delivery/delivery.js";
import type { TaskNodes } from "./delivery/placement.js";
import type { DeliveryLimits } from "./delivery/redelivery.js";
import { Outage } from "./outage.js";
import { Timeline } from "./timeline.js";
import { TaskWindow, type WindowLimits } from "./delivery/window.js";

export interface GeneratorRetained {
  /** The last frame that is in a task; null before the first task, and of a live source. */
  position: SourcePosition | null;
  /** Tasks that earlier incarnations made since the source began anew. */
  readonly tasksBefore: number;
  readonly timeline: Timeline;
  readonly outage: Outage;
  /** As it was configured last; null: it captures. */
  pause: Pause | null;
  /** So that nobody asks its policy. */
  hubGone: boolean;
  /** The listener has had its `sourceStarted`. */
  announced: boolean;
  readonly window: TaskWindow;
  readonly delivery: Delivery;
  readonly closings: Closings;
}

export interface GeneratorRetainedOptions {
  readonly sourceId: SourceId;
  readonly incarnation: number;
  readonly pipeline: Pipeline;
  readonly controller: ActorRef<ControllerMessage>;
  readonly vouch: Vouch;
  /** Where the ends of incarnations are recorded; null where they are not. */
  readonly distributor: ActorRef<DistributorMessage> | null;
  /** Where its tasks are stored. */
  readonly cloud: NodeName;
  /** In force until a `configure` gives others. */
  readonly nodes: TaskNodes;
  readonly livePolicy: LivePolicy;
  /** Bound on the tasks under way. */
  readonly window: WindowLimits;
  readonly delivery: DeliveryLimits;
  /** Null keeps tasks in memory alone. */
  readonly journal: Journal | null;
  /** What earlier incarnations left; null where nobody knows. */
  readonly recovered: RecoveredState | null;
}

export function createGeneratorRetained(options: GeneratorRetainedOptions): GeneratorRetained {
  const window = new TaskWindow(options.window, options.incarnation);
  const { delivery: limits, livePolicy: policy } = options;
  return {
    position: options.recovered?.position ?? null,
    tasksBefore: options.recovered?.tasksBefore ?? 0,
    timeline: new Timeline(),
    outage: new Outage(options.recovered?.lastTaskAtMs ?? null, options.recovered?.hostGone),
    pause: null,
    hubGone: false,
    announced: false,
    window,
    delivery: new Delivery({ ...options, window, limits, policy }),
    closings: new Closings({ ...options, unclosed: options.recovered?.unclosed ?? [] }),
  };
}
