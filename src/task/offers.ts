/** What a node offers to run, and whether that is what a stage needs. */

import type { StageKey } from "./identity.js";
import type { Stage } from "./pipeline.js";

/** A model that a node has, by its file. */
export interface ModelFile {
  /** Its name in the folder. */
  readonly file: string;
  readonly bytes: number;
  /** Of its content, 64 hexadecimal digits. */
  readonly sha256: string;
  /** The node has to fetch it from the hub first; absent of one in its own folder. */
  readonly at?: "hub";
}

const MIB = 1_048_576;

/** Of the models that a hub keeps for its nodes. */
export const MODEL_LIMITS = {
  /** Of one: an ONNX file is a protocol buffer, which has less than 2 GiB. */
  bytesMax: 2_048 * MIB,
  /** Of all that a hub keeps. */
  totalBytesMax: 65_536 * MIB,
  /** What a node is given at a time. */
  partBytes: MIB / 4,
  /** Of a node, stages that are said to run a version of a model. */
  inUseMax: 256,
} as const;

/** What a node runs stages with. What it has left is in its samples. */
export interface NodeCapacity {
  /** What runs them, by its name in ONNX Runtime: `cpu`. */
  readonly provider: string;
  /** Worker threads that a stage without state may have at once. */
  readonly workersPerStage: number;
  /** Worker threads of all stages together; absent where it does not say. */
  readonly workersMax?: number;
  /** Processors that it may use, of a container with part of one less than 1; absent where it does not say. */
  readonly cores?: number;
  /** Its memory, or that of its container, in bytes; absent where it does not say. */
  readonly memoryBytes?: number;
  /** Stages that it may have loaded at once; absent where it does not say. */
  readonly stagesMax?: number;
  /** What they may take of its memory together, as `stageBytes` estimates it; absent where it does not say. */
  readonly memoryBytesMax?: number;
}

/** What a stage needs of the node that runs it. */
export type StageNeeds = Pick<Stage, "service" | "model">;

/** What a node can load. */
export interface Offer {
  readonly services: readonly string[];
  readonly models?: readonly ModelFile[];
  /** Of the largest model that it fetches from its hub, in bytes; absent where it fetches none. */
  readonly fetchBytesMax?: number;
}

/** What a node can load with what its hub keeps, as far as it fetches that. Its own files go before those of the same name. */
export function withKept<Of extends Offer>(offer: Of, kept: readonly ModelFile[]): Of {
  const { models = [], fetchBytesMax } = offer;
  if (fetchBytesMax === undefined) return offer;
  const own = new Set(models.map(({ file }) => file));
  const more = kept.filter(({ file, bytes }) => bytes <= fetchBytesMax && !own.has(file));
  return more.length === 0
    ? offer
    : { ...offer, models: [...models, ...more.map((model) => ({ ...model, at: "hub" as const }))] };
}

/** Whether a node can load what a stage runs, as far as it says. */
export function offers({ services, models = [] }: Offer, { service, model }: StageNeeds): boolean {
  return services.includes(service) && (model === undefined || models.some(({ file }) => file === model));
}

/** A stage that a node could not load, and is not given again before it has tried once more. */
export interface StageFailure {
  readonly stage: StageKey;
  /** For people. */
  readonly reason: string;
  /** Until it is tried again, in ms. */
  readonly retryInMs: number;
}

/** Of a worker thread with a service that does nothing: `edge.odd-dags` of the attacks. */
const WORKER_BYTES = 8 * 1_048_576;
/** What a session takes for each byte of its model's file: YOLOX-nano's 3.7 MB take 50 MB after a first run, with the runtime's own. */
const SESSION_BYTES_PER_BYTE = 14;

/** About what a stage takes of a node's memory once it is loaded there, in bytes. */
export function stageBytes({ model }: Pick<Stage, "model">, models: readonly ModelFile[] = []): number {
  const bytes = models.find(({ file }) => file === model)?.bytes ?? 0;
  return WORKER_BYTES + SESSION_BYTES_PER_BYTE * bytes;
}
