/** What somebody asks the cluster for: a source, a policy, a place for a node. And why it was decided so. */

import type { Configuration } from "./configuration.js";
import type { ConfigurationSpace, Objective } from "./configuration-space.js";
import type { NodeName, SourceId } from "./identity.js";
import type { NativeVideo } from "./native-video.js";
import type { ModelFile, NodeCapacity } from "./offers.js";
import type { Pipeline } from "./pipeline.js";

/** What a live source does with a task that finds the window full; `dropOldest` keeps the newest one waiting. */
export const LIVE_POLICIES = ["dropNewest", "dropOldest"] as const;
/** One of them. */
export type LivePolicy = (typeof LIVE_POLICIES)[number];

/** A policy by name and plain parameters. */
export interface PolicySpec {
  readonly name: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** A second one beside it, whose plans are kept and compared, and nobody follows. Absent: none. */
  readonly shadow?: ShadowSpec;
}

/** A policy beside another one. */
export type ShadowSpec = Pick<PolicySpec, "name" | "parameters">;

/** What a node is and can run. */
export interface NodeDescription {
  readonly name: NodeName;
  readonly role: "edge" | "cloud";
  /** Services that the node can load; of those that need a model file, for the stages whose file is among `models`. */
  readonly services: readonly string[];
  /** Files of its folder of models; absent where it has none. */
  readonly models?: readonly ModelFile[];
  /** Of the largest model that it fetches from its hub, in bytes; absent where it fetches none. */
  readonly fetchBytesMax?: number;
  /** Absent where it does not say. */
  readonly capacity?: NodeCapacity;
}

/** What the scheduler knows of a source. */
export interface SourceDescription {
  readonly id: SourceId;
  readonly node: NodeName;
  readonly pipeline: Pipeline;
  /** What the user asked for; policies may decide otherwise within it. */
  readonly configuration: Configuration;
  readonly policy: PolicySpec;
  /** What a policy may choose from, besides what was asked for. Absent: nothing else. */
  readonly space?: ConfigurationSpace;
  /** What it gives before it is sampled and scaled; absent until it is open. */
  readonly native?: NativeVideo;
  /** Absent: nothing is promised, and policies that need an objective take one from their parameters. */
  readonly slo?: Objective;
  /** Fewest frames that a task must have for every service of the pipeline. Default 1. */
  readonly framesMin?: number;
  /** Knobs that an operator has set, which hold whatever the policy decides. Absent: none. */
  readonly ordered?: Partial<Configuration>;
  /** An operator has it capture nothing. Absent: it captures. */
  readonly pause?: Pause;
  /** Nodes of a plan besides the first of each stage that are to have it loaded, 0 to 8. Default 0. */
  readonly standby?: number;
}

/** Why a source captures nothing, and since when. */
export interface Pause {
  /** ms since the Unix epoch. */
  readonly sinceMs: number;
  /** What whoever paused it said of it; may be empty. */
  readonly reason: string;
  /** Its policy has it pause, and has it go on again. Absent: an operator. */
  readonly by?: "policy";
  /** What waits of it at stages is dropped. Absent: it ends. */
  readonly flushes?: true;
}

/** A source is to capture nothing, as its policy decides. */
export interface PlanPause {
  /** For people: 256 characters at most. */
  readonly reason: string;
  /** Whether its tasks that wait at stages are dropped, as `flushed`; those that run end. */
  readonly flushes: boolean;
}

/** What an operator said of a running source: it holds over what the source was started with, until the operator says otherwise. */
export interface SourceOrder {
  readonly policy?: PolicySpec;
  /** Knob by knob. */
  readonly configuration?: Partial<Configuration>;
  readonly pause?: Pause;
}

/** The orders in force, by source. */
export interface SourceOrders {
  get(source: SourceId): SourceOrder | undefined;
  set(source: SourceId, order: SourceOrder): void;
  delete(source: SourceId): void;
}

/** A pipeline as an operator sends it. */
export interface PipelineText {
  /** Of the pipeline file. */
  readonly text: string;
  /** What to call it in errors. */
  readonly name: string;
}

/** A source as an operator asks for it: text, read and checked by the node that is to run it. */
export interface SourceRequest {
  readonly id: string;
  /** `FILE`, `rtsp://...`, `http(s)://...`, `/dev/videoN` or `test:`, as seen from the node that runs it. */
  readonly source: string;
  /** Text of the pipeline file. */
  readonly pipeline: string;
  /** What to call it in errors. */
  readonly pipelineName: string;
  /** Over the configuration of the file, knob by knob. */
  readonly configuration: Readonly<Record<string, unknown>>;
  /** Null for the file's. */
  readonly policy: PolicySpec | null;
  readonly paced: boolean;
  readonly limit: number | null;
  /** Bound of its unsettled tasks. Absent: 16 tasks and 256 MiB. */
  readonly window?: { readonly tasks: number; readonly bytes: number };
  /** Which task it drops that finds the window full, of a live source. Absent: the new one. */
  readonly livePolicy?: LivePolicy;
  /** By which it was asked for, 1 to 64 characters: asked for again by the same, it is no other source. Absent: each time is one. */
  readonly order?: string;
}

/** One parameter of a policy, as a form asks for it. */
export interface PolicyParameter {
  readonly name: string;
  /** `json` is whatever else there is: a list, or an object. */
  readonly kind: "number" | "integer" | "boolean" | "choice" | "json";
  /** JSON of what holds where nothing is said; null where nothing does, or the pipeline says it. */
  readonly fallback: string | null;
  /** Of a number. */
  readonly min: number | null;
  readonly max: number | null;
  /** Of a choice. */
  readonly choices: readonly string[];
}

/** Why a source was decided so: a sentence for people, and the inputs that decided. */
export interface Explanation {
  readonly reason: string;
  readonly inputs: Readonly<Record<string, string | number | boolean | null>>;
}

/** Of what a policy is yet to decide. */
export const UNDECIDED: Explanation = { reason: "not decided yet", inputs: {} };
