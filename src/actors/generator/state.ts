/** What a generator is given, receives and knows. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Context } from "../../runtime/behaviour.js";
import type { Configuration } from "../../task/configuration.js";
import type { SluiceError } from "../../task/errors.js";
import type { NodeName, SourceId, TaskId } from "../../task/identity.js";
import type { NativeVideo } from "../../task/native-video.js";
import type { TaskPicture } from "../../task/picture.js";
import type { Pipeline } from "../../task/pipeline.js";
import type { Outcome } from "../../task/task.js";
import type { ControllerMessage } from "../protocol/controller.js";
import type { GeneratorMessage, SourceEvent } from "../protocol/generator.js";
import type { CapturePort } from "./capture.js";
import type { ClosingsPrivate } from "./closings.js";
import type { DeliveryPrivate } from "./delivery/delivery.js";
import type { TaskNodes } from "./delivery/placement.js";
import type { Grouping } from "./grouping.js";
import type { HealthSettings } from "./health.js";
import type { Motion } from "./motion.js";
import type { Replay } from "./replay.js";
import type { CapturePrivate, SourceCapture } from "./source-capture.js";
import type { SourceSpec } from "./source-spec.js";

/** Events of captures, the journal and timers. */
type Private =
  | CapturePrivate
  | DeliveryPrivate
  | ClosingsPrivate
  | { readonly type: "configurationMissed" }
  | { readonly type: "pauseUnattended" }
  | { readonly type: "frameDue" };

export type GeneratorInbox = GeneratorMessage | Private;
export type MessageOf<Type extends GeneratorInbox["type"]> = Extract<GeneratorInbox, { readonly type: Type }>;
export type Ctx = Context<GeneratorInbox>;

export interface GeneratorOptions {
  readonly sourceId: SourceId;
  readonly source: SourceSpec;
  readonly pipeline: Pipeline;
  /** How the source is captured until a `configure` gives another. */
  readonly configuration: Configuration;
  /** In force until a `configure` gives others. */
  readonly nodes: TaskNodes;
  readonly incarnation: number;
  /** The hub's. */
  readonly cloud: NodeName;
  readonly controller: ActorRef<ControllerMessage>;
  readonly listener: ActorRef<SourceEvent>;
  /** A replayable source gives its frames at the speed of its presentation times, not as fast as it can. */
  readonly paced: boolean;
  /** Tasks after which the source ends, those of earlier incarnations included that it goes on behind; null for no limit. */
  readonly limit: number | null;
  /** It ran before its node stopped: a live source that cannot be reached is tried again. */
  readonly resumed: boolean;
  /** Fewest frames that every service of the pipeline can work on: a shorter last task is skipped. */
  readonly framesMin: number;
  readonly health: HealthSettings;
  readonly capture: CapturePort;
  /** Called with a frame of each task that is made, for whoever looks; what becomes of it is nothing to the task. */
  readonly show: (picture: TaskPicture) => void;
  /** Called each time that the source is open and says what it gives. */
  readonly opened: (native: NativeVideo) => void;
  /** Called once it could not be captured any more and every task is settled. */
  readonly failed: (error: SluiceError) => void;
  /** Called once a task was settled as it is another node's now. */
  readonly superseded: () => void;
}

type Phase =
  /** For the first configuration, and then for its stages to be loaded. */
  | { readonly status: "waiting"; readonly loading: boolean }
  /** Frames of tasks that earlier incarnations left are read again. */
  | {
      readonly status: "replaying";
      readonly replay: Replay;
      /** Its node leaves, and it with it once they have been read. */
      suspended: boolean;
    }
  /** Once the stream has ended, the frames that are here still go into tasks. */
  | { readonly status: "capturing"; readonly end: { readonly error: SluiceError | null } | null }
  /** A live source is lost, and tried again soon. */
  | { readonly status: "reconnecting" }
  /** An operator or its policy has it capture nothing. */
  | { readonly status: "paused" }
  | Ending
  | { readonly status: "ended" };

/** Nothing more is captured; tasks are still to be settled. */
export type Ending =
  /** The source has ended, or somebody has ended it; or it `goesOn` with its node, where it was. */
  | { readonly status: "draining"; readonly goesOn: boolean }
  | { readonly status: "failed"; readonly error: SluiceError };

export const ENDED: Ending = { status: "draining", goesOn: false };
export const SUSPENDED: Ending = { status: "draining", goesOn: true };

/** @param error why it cannot be captured any more; null at its end */
export function endingOf(error: SluiceError | null): Ending {
  return error === null ? ENDED : { status: "failed", error };
}

export interface GeneratorState {
  readonly capture: SourceCapture;
  readonly grouping: Grouping;
  readonly motion: Motion;
  phase: Phase;
}

/**
 * Whether a task was settled so because another node has the source now; then its node is told. Of an earlier incarnation it says
 * nothing: another one may have had the source since, and this one has it again.
 */
export function leavesToOthers(
  { incarnation }: TaskId,
  outcome: Outcome,
  own: Pick<GeneratorOptions, "incarnation" | "superseded">,
): boolean {
  const isOwn = incarnation === own.incarnation;
  const leaves = isOwn && outcome.status === "dropped" && outcome.reason === "superseded";
  if (leaves) own.superseded();
  return leaves;
}
