/**
 * The interface of every AI service. A worker thread imports the module of a `ServiceDeclaration`, loads its export
 * `service` once and gives it one task at a time; nothing of a service runs on the node's own thread.
 */

import type { StageResult } from "../task/service.js";

/** An AI service, as its module exports it. */
export interface Service {
  /**
   * Makes the service ready: reads its model, allocates, warms up.
   *
   * @throws SluiceError `model-missing` or `model-invalid`, with the file and the remedy in the text
   */
  load(context: LoadContext): Promise<ServiceInstance>;
}

/** What a service is given to load itself by. */
export interface LoadContext {
  /** The stage's `parameters` from the pipeline: outside data, to be checked here. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Folder of the models that the user brought; null where none was named. */
  readonly modelDir: string | null;
}

/** A service that is loaded, in a worker thread of its own. */
export interface ServiceInstance {
  /** Runs one task. A stateful instance receives the tasks of each source in order. Throwing fails this task only. */
  process(input: ServiceInput): StageResult | Promise<StageResult>;
  /** Gives back what it holds; called once, with no task under way. */
  close(): void | Promise<void>;
}

/** A task as a service sees it. */
export interface ServiceInput {
  readonly sourceId: string;
  readonly incarnation: number;
  readonly sequence: number;
  /** Decoded; empty where the declaration does not read `frame`. */
  readonly frames: readonly RgbFrame[];
  /** Frames in the task, also where `frames` is empty. */
  readonly frameCount: number;
  /** Presentation time of each frame in the source, in microseconds, also where `frames` is empty. */
  readonly framePtsUs: readonly number[];
  /** Results of every direct predecessor stage, by stage id. */
  readonly previous: ReadonlyMap<string, StageResult>;
  /** Of a stateful service: `restarted` where this instance has not seen the task before this one. */
  readonly continuity: "continued" | "restarted";
}

/** A frame as a service sees it. */
export interface RgbFrame {
  readonly width: number;
  readonly height: number;
  /** Presentation time in the source, in microseconds. */
  readonly ptsUs: number;
  /** uint8 HWC RGB, `width * height * 3` bytes, in shared memory: read only. */
  readonly data: Uint8Array;
}
