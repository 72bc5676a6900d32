/** Starts the generator of one source, with ffmpeg behind it. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Spawner } from "../../runtime/behaviour.js";
import type { GeneratorMessage } from "../protocol.js";
import type { NodeName } from "../task/identity.js";
import type { Pipeline } from "../task/pipeline.js";
import type { Cursor } from "../task/task.js";
import type { CapturePort } from "./capture.js";
import { createFfmpegCapture } from "./ffmpeg-capture.js";
import { createGenerator, type GeneratorOptions } from "./generator.js";
import { DEFAULT_HEALTH, type HealthSettings } from "./health.js";
import { TaskWindow, type WindowLimits } from "./window.js";

export type { CapturePort };

export interface SpawnGeneratorOptions extends Omit<
  GeneratorOptions,
  "framesMin" | "joinNodes" | "health" | "livePolicy"
> {
  /** Bound on the tasks under way. Default 32 tasks, 256 MiB. */
  readonly window?: WindowLimits;
  /** Default `dropNewest`. */
  readonly livePolicy?: GeneratorOptions["livePolicy"];
  /** Where joins wait before any table says: the node for each join of the pipeline. */
  readonly joinNodes: (pipeline: Pipeline) => ReadonlyMap<Cursor, NodeName>;
  /** Default 1. */
  readonly framesMin?: number;
  readonly health?: Partial<HealthSettings>;
  /** Default: ffmpeg, as `findFfmpeg` finds it. */
  readonly capture?: CapturePort;
}

const DEFAULT_WINDOW: WindowLimits = { tasks: 32, bytes: 256 * 1024 * 1024 };

/** Its name is `source-ID`. After a failure it goes on where it was: its window and its position outlive it. */
export function spawnGenerator(parent: Spawner, options: SpawnGeneratorOptions): ActorRef<GeneratorMessage> {
  const { capture, window, framesMin = 1, livePolicy = "dropNewest", health, joinNodes } = options;
  const behaviour = createGenerator(
    {
      ...options,
      framesMin,
      livePolicy,
      joinNodes: joinNodes(options.pipeline),
      health: { ...DEFAULT_HEALTH, ...health },
    },
    { capture: capture ?? createFfmpegCapture(), window: new TaskWindow(window ?? DEFAULT_WINDOW) },
  );
  return parent.spawn(behaviour, { name: `source-${options.sourceId}`, restart: "transient" });
}
