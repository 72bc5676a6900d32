/** Starts the generator of one source, with ffmpeg behind it. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Spawner } from "../../runtime/behaviour.js";
import type { DistributorMessage } from "../protocol/distributor.js";
import type { GeneratorMessage } from "../protocol/generator.js";
import type { CapturePort } from "./capture.js";
import { DEFAULT_DELIVERY, type DeliveryLimits } from "./delivery/redelivery.js";
import { createFfmpegCapture } from "./ffmpeg-capture.js";
import { createGenerator } from "./generator.js";
import { DEFAULT_HEALTH, type HealthSettings } from "./health.js";
import { createGeneratorRetained, type GeneratorRetainedOptions } from "./retained.js";
import type { GeneratorOptions } from "./state.js";

export type { CapturePort, DeliveryLimits };

/** What a spawn may leave out has its default. */
export interface SpawnGeneratorOptions
  extends
    Omit<
      GeneratorOptions,
      "capture" | "opened" | "show" | "failed" | "superseded" | "framesMin" | "health" | "resumed"
    >,
    Pick<GeneratorRetainedOptions, "vouch"> {
  /** Bound on the tasks under way. Default 16 tasks, 256 MiB. */
  readonly window?: GeneratorRetainedOptions["window"];
  /** Default `dropNewest`. */
  readonly livePolicy?: GeneratorRetainedOptions["livePolicy"];
  /** Where the ends of incarnations are recorded. Default: nowhere. */
  readonly distributor?: ActorRef<DistributorMessage>;
  readonly delivery?: Partial<DeliveryLimits>;
  /** What outlives the node, and what earlier incarnations left. Default: tasks are kept in memory alone, and there is nothing left. */
  readonly journal?: Pick<GeneratorRetainedOptions, "journal" | "recovered">;
  /** Default false. */
  readonly resumed?: boolean;
  /** Default 1. */
  readonly framesMin?: number;
  readonly health?: Partial<HealthSettings>;
  /** Default: ffmpeg, as `findFfmpeg` finds it. */
  readonly capture?: CapturePort;
  /** Default: nobody is told. */
  readonly opened?: GeneratorOptions["opened"];
  readonly failed?: GeneratorOptions["failed"];
  readonly superseded?: GeneratorOptions["superseded"];
  /** Default: nobody looks. */
  readonly show?: GeneratorOptions["show"];
}

/** Enough to keep every stage of a pipeline busy; more only waits in queues. */
const DEFAULT_WINDOW: GeneratorRetainedOptions["window"] = { tasks: 16, bytes: 256 * 1024 * 1024 };

/** Its name is `source-ID`. After a failure it goes on where it was. */
export function spawnGenerator(parent: Spawner, options: SpawnGeneratorOptions): ActorRef<GeneratorMessage> {
  const { capture = createFfmpegCapture(), framesMin = 1, resumed = false } = options;
  const { opened = () => {}, failed = () => {}, superseded = () => {} } = options;
  const { show = () => {} } = options;
  const health = { ...DEFAULT_HEALTH, ...options.health };
  const retained = createGeneratorRetained({
    ...options,
    window: options.window ?? DEFAULT_WINDOW,
    livePolicy: options.livePolicy ?? "dropNewest",
    delivery: { ...DEFAULT_DELIVERY, ...options.delivery },
    journal: options.journal?.journal ?? null,
    recovered: options.journal?.recovered ?? null,
    distributor: options.distributor ?? null,
  });
  const behaviour = createGenerator(
    { ...options, capture, opened, show, failed, superseded, framesMin, health, resumed },
    retained,
  );
  return parent.spawn(behaviour, { name: `source-${options.sourceId}`, restart: "transient" });
}
