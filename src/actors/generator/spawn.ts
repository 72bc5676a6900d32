/** Starts the generator of one source, with ffmpeg behind it. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Spawner } from "../../runtime/behaviour.js";
import type { GeneratorMessage } from "../protocol/generator.js";
import type { CapturePort } from "./capture.js";
import { createFfmpegCapture } from "./ffmpeg-capture.js";
import { createGenerator, type GeneratorOptions, type GeneratorPorts } from "./generator.js";
import { DEFAULT_HEALTH, type HealthSettings } from "./health.js";
import { DEFAULT_DELIVERY, type DeliveryLimits } from "./delivery/redelivery.js";
import { TaskWindow, type WindowLimits } from "./delivery/window.js";

export { parseSource } from "./source-spec.js";
export type { CapturePort, DeliveryLimits };

export interface SpawnGeneratorOptions extends Omit<
  GeneratorOptions,
  "framesMin" | "health" | "livePolicy" | "delivery"
> {
  /** Bound on the tasks under way. Default 32 tasks, 256 MiB. */
  readonly window?: WindowLimits;
  /** Default `dropNewest`. */
  readonly livePolicy?: GeneratorOptions["livePolicy"];
  readonly delivery?: Partial<DeliveryLimits>;
  /** Default: tasks are kept in memory alone. */
  readonly journal?: Pick<GeneratorPorts, "journal" | "recovered">;
  /** Default 1. */
  readonly framesMin?: number;
  readonly health?: Partial<HealthSettings>;
  /** Default: ffmpeg, as `findFfmpeg` finds it. */
  readonly capture?: CapturePort;
}

const DEFAULT_WINDOW: WindowLimits = { tasks: 32, bytes: 256 * 1024 * 1024 };

/** Its name is `source-ID`. After a failure it goes on where it was: its window and its position outlive it. */
export function spawnGenerator(parent: Spawner, options: SpawnGeneratorOptions): ActorRef<GeneratorMessage> {
  const { capture, window, framesMin = 1, livePolicy = "dropNewest", health, delivery } = options;
  const { journal = null, recovered = null } = options.journal ?? {};
  const behaviour = createGenerator(
    {
      ...options,
      framesMin,
      livePolicy,
      health: { ...DEFAULT_HEALTH, ...health },
      delivery: { ...DEFAULT_DELIVERY, ...delivery },
    },
    {
      capture: capture ?? createFfmpegCapture(),
      window: new TaskWindow(window ?? DEFAULT_WINDOW, options.incarnation),
      journal,
      recovered,
    },
  );
  return parent.spawn(behaviour, { name: `source-${options.sourceId}`, restart: "transient" });
}
