/** The workers of a simulated node: no threads and no services, but the time that they take and their faults. */

import type { Job, StartWorker } from "../actors/processor/worker-port.js";
import type { Detection, StageResult } from "../task/service.js";
import { FRAME_US, UNNUMBERED } from "./camera.js";
import type { Prng } from "./prng.js";
import type { SimulatedLoads } from "./simulated-loads.js";
import { STATEFUL } from "./workload.js";
import type { SimulatedProcess } from "./simulated-process.js";

export interface ServiceFaults {
  /** Share of runs that end their worker. */
  crashes: number;
  /** Share of runs that throw. */
  throws: number;
  /** How many times longer everything takes. */
  slowness: number;
}

export interface SimulatedWorkersOptions {
  readonly process: SimulatedProcess;
  readonly prng: Prng;
  readonly faults: ServiceFaults;
  /** How their services load. */
  readonly loads: SimulatedLoads;
  /** Called with a job whose frames are not those that it claims. */
  readonly onWrongFrames: (job: Job) => void;
  /** Called with a job that the same stateful worker has done before. */
  readonly onDoubled: (job: Job) => void;
}

/**
 * Runs take 5 to 50 ms and give one box a task. Its label says which task of the source the same worker saw before, as
 * `incarnation/sequence`, which shows whether state was kept.
 */
export function createSimulatedWorkers({
  process,
  prng,
  faults,
  loads,
  onWrongFrames,
  onDoubled,
}: SimulatedWorkersOptions): StartWorker {
  return ({ output }, listener) => {
    const done = new Set<string>();
    const { clock } = process;
    const before = new Map<string, string>();
    let ended = false;
    const unlessEnded = (work: () => void) => () => {
      if (!ended) work();
    };
    let loaded = false;
    let early: Job | null = null;
    const end = (): void => {
      loads.ended(crash);
      ended = true;
    };
    const crash = (): void => {
      end();
      listener({ type: "crashed", text: "a fault of the simulation" });
    };
    const load = loads.begin(prng, crash);
    if (load !== null) {
      clock.after(
        load.tookMs,
        unlessEnded(() => {
          loaded = true;
          if (load.event.type === "loadFailed") end();
          listener(load.event);
          if (early !== null) begin(early);
        }),
      );
    }
    const begin = (job: Job): void => {
      clock.after(
        (5 + prng.next() * 45) * faults.slowness,
        unlessEnded(() => run(job)),
      );
    };
    const run = (job: Job): void => {
      if (prng.happens(faults.crashes)) {
        crash();
        return;
      }
      if (prng.happens(faults.throws)) {
        listener({ type: "failed", text: "a fault of the simulation" });
        return;
      }
      if (!framesAreRight(job)) onWrongFrames(job);
      const key = `${job.sourceId}/${job.incarnation}/${job.sequence}`;
      if (output === STATEFUL && done.has(key)) onDoubled(job);
      done.add(key);
      const label = before.get(job.sourceId) ?? "none";
      before.set(job.sourceId, `${job.incarnation}/${job.sequence}`);
      const box: Detection = { x: 0, y: 0, width: 1, height: 1, score: 1, label };
      const frames = Array.from({ length: job.frameCount }, (_, index) => (index === 0 ? [box] : []));
      const result: StageResult = { type: output, frames };
      listener({ type: "completed", result });
    };
    return {
      run(job) {
        if (loaded) begin(job);
        else early = job;
      },
      stop: end,
      kill: end,
    };
  };
}

/** Each frame of a camera holds its own number, and those of a task follow each other. */
function framesAreRight({ payload, framePtsUs }: Job): boolean {
  if (payload === null) return true;
  const numbers = payload.frames.map(({ data }) => new DataView(data.buffer, data.byteOffset).getFloat64(8));
  if (numbers.some((number, index) => index > 0 && number <= (numbers[index - 1] ?? -1))) return false;
  return payload.frames.every(({ ptsUs, data }, index) => {
    if (data.byteLength < Float64Array.BYTES_PER_ELEMENT) return false;
    const number = new DataView(data.buffer, data.byteOffset).getFloat64(0);
    if (number === UNNUMBERED) return true;
    return number * FRAME_US === ptsUs && ptsUs === framePtsUs[index];
  });
}
