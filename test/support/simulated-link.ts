/**
 * A hub and two edges on virtual time, over a link that can be made narrow: the nodes are those of production, and so are their
 * decisions, their probes and their estimates. Their network, their clock, their camera and what stages take are made.
 */

import type { CapturePort } from "../../src/actors/generator/capture.js";
import type { StartWorker } from "../../src/actors/processor/worker-port.js";
import { readPipelineHere } from "../../src/node/agent/read-pipeline.js";
import { startNodeIn, type SluiceNode } from "../../src/node/node.js";
import type { NodeOptions } from "../../src/node/node-options.js";
import { createControl } from "../../src/operator/control.js";
import { silentLogger } from "../../src/runtime/log.js";
import { allocateShared } from "../../src/runtime/shared-memory.js";
import { HUB, HUB_URL } from "../../src/simulation/host-names.js";
import { Network } from "../../src/simulation/network.js";
import { createPrng } from "../../src/simulation/prng.js";
import { SimulatedProcess } from "../../src/simulation/simulated-process.js";
import { worldOf } from "../../src/simulation/simulated-world.js";
import { VirtualTime } from "../../src/simulation/virtual-time.js";
import { WireChecker } from "../../src/simulation/wire-checker.js";
import { parseSourceId } from "../../src/task/identity.js";
import type { PlanChange, TaskOutcome } from "../../src/task/reports.js";
import type { PolicySpec } from "../../src/task/requests.js";
import { DEFAULT_LINK_LIMITS } from "../../src/transport/link/link-limits.js";
import { PACED, pacedPipeline } from "./paced.js";

const EDGES = ["edge-1", "edge-2"];
const SOURCE = parseSourceId("cam");
/** ms since the Unix epoch. */
const START_MS = 1_700_000_000_000;
/** Of the camera. */
const NATIVE = { width: 160, height: 90, fps: 9 };
const LOAD_MS = 20;
/** Whatever is asked is answered within. */
const ANSWERED_MS = 60_000;

export interface SimulatedLinkOptions {
  readonly seed: number;
  /** What a frame takes, in ms. */
  readonly frameMs: { readonly edge: number; readonly cloud: number };
  /** Between decisions and between samples of resources, in ms. */
  readonly decisionMs: number;
  readonly sampleMs: number;
  readonly policy: PolicySpec;
}

export interface SimulatedLink {
  /** Since the start, in ms. */
  readonly nowMs: number;
  /** What became of tasks, oldest first. */
  readonly outcomes: readonly TaskOutcome[];
  /** Of both edges to the hub, Mbit/s each way. */
  limit(mbps: number): void;
  /** Lets time pass. */
  pass(ms: number): Promise<void>;
  /** How the plan has changed, the first one included, oldest first. */
  changes(): Promise<readonly PlanChange[]>;
  /** Everything ends at once. */
  end(): void;
}

/** Starts a live scene on edge-1, through the paced services. */
export async function simulateLink(options: SimulatedLinkOptions): Promise<SimulatedLink> {
  const { seed, frameMs, policy, decisionMs, sampleMs } = options;
  const time = new VirtualTime(START_MS);
  const prng = createPrng(seed);
  const { windowBytes } = DEFAULT_LINK_LIMITS;
  const unchecked = { onViolation: () => {}, tried: () => {} };
  const network = new Network(
    time,
    prng.fork(),
    () => {},
    () => new WireChecker(windowBytes, unchecked),
  );
  const processes: SimulatedProcess[] = [];
  const outcomes: TaskOutcome[] = [];

  async function settled<Value>(promise: Promise<Value>): Promise<Value> {
    let done = false;
    const end = (): void => void (done = true);
    promise.then(end, end);
    await time.runUntil(time.nowMs + ANSWERED_MS, () => done);
    return promise;
  }

  async function start(name: string, own: Partial<NodeOptions>): Promise<SluiceNode> {
    const process = new SimulatedProcess(time, 0);
    processes.push(process);
    const random = prng.fork();
    const randomId = (): number => 1 + Math.floor(random.next() * 2 ** 50);
    const world = {
      ...worldOf(process, randomId),
      stagedSource: null,
      carrier: network.carrierOf(name, process),
      startWorker: workersAtPace(process, name === HUB ? frameMs.cloud : frameMs.edge),
      pid: 1,
      decorate: null,
      journals: null,
    };
    // One worker a stage, on any machine.
    const limits = { processor: { replicas: 1 } };
    const shared = { services: PACED, limits, decisionMs, sampleMs, clock: process.clock, log: silentLogger };
    return settled(startNodeIn(world, { name, ...shared, random: () => random.next(), ...own }));
  }

  const hub = await start(HUB, { listen: HUB_URL, onOutcome: (outcome) => void outcomes.push(outcome) });
  const edges: SluiceNode[] = [];
  for (const name of EDGES) edges.push(await start(name, { join: HUB_URL }));
  const [host] = edges;
  const [, camera] = processes;
  if (host === undefined || camera === undefined) throw new TypeError("There must be an edge");
  const read = await settled(readPipelineHere(pacedPipeline("cam"), "cam.yaml", PACED));
  const { pipeline, configuration, space, slo } = read;
  const pattern = { ...NATIVE, durationS: 1 };
  await settled(
    host.addSource({
      id: SOURCE,
      source: { kind: "test", pattern, label: "cam", replayable: false },
      capture: sceneOf(camera),
      pipeline,
      ...(configuration && { configuration }),
      ...(space && { space }),
      ...(slo && { slo }),
      policy,
    }),
  );
  const control = createControl(hub.system, hub.cloud, () => 0);
  return {
    get nowMs() {
      return time.nowMs - START_MS;
    },
    outcomes,
    limit(mbps) {
      for (const name of EDGES) network.limit(name, HUB, mbps);
    },
    pass: (ms) => time.runUntil(time.nowMs + ms),
    changes: async () => (await settled(control.explain(SOURCE))).changes,
    end() {
      for (const process of processes) process.kill();
    },
  };
}

/** A live scene: a frame in its time, where it is wanted then, as many bytes as its configuration makes. */
function sceneOf({ clock }: SimulatedProcess): CapturePort {
  return {
    open({ configuration: { width, height, fps } }, listener) {
      let number = 0;
      let wanted = 0;
      const everyMs = 1_000 / fps;
      let timer = clock.after(0, () => {
        listener.onInfo({ description: "a scene", durationUs: null, seekable: false, native: NATIVE });
        timer = clock.after(everyMs, tick);
      });
      const tick = (): void => {
        timer = clock.after(everyMs, tick);
        const ptsUs = Math.round(number * everyMs * 1_000);
        if (wanted > 0) {
          wanted -= 1;
          const data = allocateShared(width * height * 3);
          const capturedAtMs = clock.now();
          listener.onFrame({ number, passedOver: 0, ptsUs, checksum: number, data, capturedAtMs });
        }
        number += 1;
      };
      return { bytes: null, request: (count) => void (wanted += count), close: () => timer.cancel() };
    },
  };
}

/** Workers that take so long for each frame, where they read any, and no processor time. */
function workersAtPace({ clock }: SimulatedProcess, frameMs: number): StartWorker {
  return ({ output }, listener) => {
    let ended = false;
    const after = (ms: number, work: () => void): void =>
      void clock.after(ms, () => {
        if (!ended) work();
      });
    after(LOAD_MS, () => listener({ type: "loaded" }));
    const end = (): void => void (ended = true);
    return {
      run({ payload, frameCount }) {
        const frames = Array.from({ length: frameCount }, () => []);
        after(payload === null ? 0 : frameMs * frameCount, () =>
          listener({ type: "completed", result: { type: output, frames } }),
        );
      },
      stop: end,
      kill: end,
    };
  };
}
