/** What a stage runs: the declaration of an AI service, and the one shape of what it finds. */

/** `frame` is what the source gives; everything else is some stage's output. Users may name their own. */
export type DataType = "frame" | "boxes" | "tracks" | "labels" | (string & {});

/** What is known of a service without loading it. */
export interface ServiceDeclaration {
  readonly name: string;
  /** One sentence for people. */
  readonly summary: string;
  /** Data types it reads; each but `frame` must come from a direct predecessor of its stage. */
  readonly inputs: readonly DataType[];
  readonly output: DataType;
  /** A stateful service sees the tasks of a source once each, in order, on one worker. */
  readonly stateful: boolean;
  /** Fewest frames in a task that it can work on. Default 1. */
  readonly framesMin?: number;
  /**
   * Of a service that needs a file of the folder of models: which parameter of a stage names it, and the file where none does. Without
   * one each stage must name its own.
   */
  readonly model?: { readonly parameter: string; readonly file?: string };
  /** URL of the ES module that exports `service: Service`; a worker thread imports it. */
  readonly module: string;
}

/** One thing found in one frame. Coordinates are shares of the frame, 0 to 1, so they outlive a change of resolution. */
export interface Detection {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Confidence, 0 to 1. */
  readonly score: number;
  readonly label: string;
  /** Stable within a source as long as its tracker keeps its state. */
  readonly trackId?: number;
}

/** What a stage has found in a task. */
export interface StageResult {
  readonly type: DataType;
  /** One list for each frame of the task, in frame order. */
  readonly frames: readonly (readonly Detection[])[];
  /** Of a stateful service: whether this task followed its predecessor, or state was lost or a task missing before it. */
  readonly continuity?: "continued" | "restarted";
}
