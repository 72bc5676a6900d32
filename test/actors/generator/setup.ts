/** A generator folded over a fake capture, with the shorthands that its tests share. */

import { createGenerator } from "../../../src/actors/generator/generator.js";
import { createGeneratorRetained } from "../../../src/actors/generator/retained.js";
import type { GeneratorOptions } from "../../../src/actors/generator/state.js";
import { DEFAULT_HEALTH } from "../../../src/actors/generator/health.js";
import type { Journal, RecoveredState } from "../../../src/storage/journal/journal.js";
import { DEFAULT_DELIVERY } from "../../../src/actors/generator/delivery/redelivery.js";
import { parseSource } from "../../../src/actors/generator/source-spec.js";
import type { LivePolicy } from "../../../src/task/requests.js";
import type { WindowLimits } from "../../../src/actors/generator/delivery/window.js";
import type { ActorRef } from "../../../src/runtime/actor-ref.js";
import type { DistributorMessage } from "../../../src/actors/protocol/distributor.js";
import type { ControllerMessage } from "../../../src/actors/protocol/controller.js";
import type { SourceEvent } from "../../../src/actors/protocol/generator.js";
import type { NativeVideo } from "../../../src/task/native-video.js";
import type { Pause } from "../../../src/task/requests.js";
import type { LedgerReported } from "../../../src/task/reports.js";
import { DEFAULT_CONFIGURATION, type Configuration } from "../../../src/task/configuration.js";
import { parseNodeName, parseSourceId } from "../../../src/task/identity.js";
import type { Outcome, Task } from "../../../src/task/task.js";
import { fold } from "../../support/fold.js";
import { createProbe } from "../../support/probe.js";
import { VirtualClock } from "../../support/virtual-clock.js";
import { pipelineOf } from "../../task/pipelines.js";
import { createFakeCapture } from "./fake-capture.js";
import { vouch } from "../../support/vouchers.js";

export const CLOUD = parseNodeName("cloud");
export const SOURCE = parseSourceId("cam-1");
const ADDRESS = "sluice://edge-1/source-cam-1";
export const STORED: Outcome = { status: "stored" };

export interface Setup extends Partial<Omit<GeneratorOptions, "source" | "configuration" | "capture">> {
  /** Default a file. */
  readonly source?: string;
  /** Default 100 tasks, 1 MB. */
  readonly window?: Partial<WindowLimits>;
  /** Default 10 fps, one frame a task. */
  readonly configuration?: Partial<Configuration>;
  /** Leave the generator waiting for its first configuration. */
  readonly waiting?: boolean;
  /** Default `dropNewest`. */
  readonly livePolicy?: LivePolicy;
  readonly journal?: Journal;
  readonly recovered?: RecoveredState;
  /** Default: ends of incarnations are not recorded. */
  readonly distributor?: ActorRef<DistributorMessage>;
}

export function setup({
  source,
  window,
  configuration,
  waiting,
  livePolicy,
  journal,
  recovered,
  distributor,
  ...given
}: Setup = {}) {
  const clock = new VirtualClock(1_000_000);
  const controller = createProbe<ControllerMessage>("sluice://edge-1/controller");
  const listener = createProbe<SourceEvent>();
  const capture = createFakeCapture();
  const opened: NativeVideo[] = [];
  capture.now = () => clock.now();
  const base = { ...DEFAULT_CONFIGURATION, fps: 10, framesPerTask: 1, ...configuration };
  const options: GeneratorOptions = {
    sourceId: SOURCE,
    source: parseSource(source ?? "clip.mp4"),
    pipeline: pipelineOf({ a: [], b: ["a"] }),
    configuration: base,
    incarnation: 3,
    cloud: CLOUD,
    controller,
    listener,
    paced: false,
    limit: null,
    resumed: false,
    show: () => {},
    framesMin: 1,
    nodes: { joinNodes: new Map(), statefulNodes: new Map(), placedOn: [] },
    health: DEFAULT_HEALTH,
    capture,
    opened: (native) => opened.push(native),
    failed: () => {},
    superseded: () => {},
    ...given,
  };
  const retained = createGeneratorRetained({
    ...options,
    vouch,
    window: { tasks: 100, bytes: 1_000_000, ...window },
    livePolicy: livePolicy ?? "dropNewest",
    delivery: DEFAULT_DELIVERY,
    distributor: distributor ?? null,
    journal: journal ?? null,
    recovered: recovered ?? null,
  });
  const generator = fold(createGenerator(options, retained), { clock, address: ADDRESS });

  const configure = (changed: Partial<Configuration>, loading = false) =>
    generator.tell({
      type: "configure",
      configuration: { ...base, ...changed },
      epoch: 1,
      joinNodes: new Map(),
      statefulNodes: new Map(),
      placedOn: [],
      pause: null,
      ...(loading && { loading }),
    });
  const pause = (said: Pause | null) =>
    generator.tell({
      type: "configure",
      configuration: base,
      epoch: 1,
      joinNodes: new Map(),
      statefulNodes: new Map(),
      placedOn: [],
      pause: said,
    });
  const submitted = (): Task[] => controller.all("submit").map(({ task }) => task);
  /** Presentation times in ms, by task. */
  const times = () => submitted().map((task) => task.payload?.frames.map((frame) => frame.ptsUs / 1_000));
  const settle = (sequence: number, outcome = STORED) =>
    generator.tell({ type: "taskSettled", id: { sourceId: SOURCE, incarnation: 3, sequence }, outcome });
  const ledger = (): LedgerReported => {
    const probe = createProbe<LedgerReported>();
    generator.tell({ type: "reportLedger", replyTo: probe });
    return probe.only("ledgerReported");
  };
  const isStopped = () => generator.stopped.includes(ADDRESS);

  if (waiting !== true) {
    configure({});
    capture.last.info();
  }
  return {
    clock,
    controller,
    listener,
    capture,
    opened,
    generator,
    configure,
    pause,
    submitted,
    times,
    settle,
    ledger,
    isStopped,
  };
}
