/** Starts the generator of one source, with ffmpeg behind it. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Spawner } from "../../runtime/behaviour.js";
import type { GeneratorMessage } from "../protocol.js";
import type { CapturePort } from "./capture.js";
import { createFfmpegCapture } from "./ffmpeg-capture.js";
import { createGenerator, type GeneratorOptions, type Nodes } from "./generator.js";
import { DEFAULT_HEALTH, type HealthSettings } from "./health.js";
import { TaskWindow, type WindowLimits } from "./window.js";

export { parseSource } from "./source-spec.js";
export type { CapturePort };

export interface SpawnGeneratorOptions extends Omit<
  GeneratorOptions,
  "framesMin" | "nodes" | "health" | "livePolicy"
> {
  /** Bound on the tasks under way. Default 32 tasks, 256 MiB. */
  readonly window?: WindowLimits;
  /** Default `dropNewest`. */
  readonly livePolicy?: GeneratorOptions["livePolicy"];
  /** Where joins wait and stateful stages run before any table says. */
  readonly nodes: Nodes;
  /** Default 1. */
  readonly framesMin?: number;
  readonly health?: Partial<HealthSettings>;
  /** Default: ffmpeg, as `findFfmpeg` finds it. */
  readonly capture?: CapturePort;
}

const DEFAULT_WINDOW: WindowLimits = { tasks: 32, bytes: 256 * 1024 * 1024 };

/** Its name is `source-ID`. After a failure it goes on where it was: its window and its position outlive it. */
export function spawnGenerator(parent: Spawner, options: SpawnGeneratorOptions): ActorRef<GeneratorMessage> {
  const { capture, window, framesMin = 1, livePolicy = "dropNewest", health } = options;
  const behaviour = createGenerator(
    {
      ...options,
      framesMin,
      livePolicy,
      health: { ...DEFAULT_HEALTH, ...health },
    },
    { capture: capture ?? createFfmpegCapture(), window: new TaskWindow(window ?? DEFAULT_WINDOW) },
  );
  return parent.spawn(behaviour, { name: `source-${options.sourceId}`, restart: "transient" });
}
