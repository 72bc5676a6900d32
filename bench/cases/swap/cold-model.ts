/**
 * What a swap to a node that has loaded nothing costs a running stream, with a real model: tables place it there first, and route
 * to it once it is loaded.
 */

import type { BenchCase, OpenSubject, Round, Subject } from "../../harness/case.js";
import { OURS } from "../micro/systems.js";
import { findModel } from "../cluster/model.js";
import { SharedScene } from "../cluster/shared-scene.js";
import { openStreaming, type Streaming } from "../cluster/streaming.js";

const TASK_EVERY_MS = 100;
/** Measured after a move at least: a model is loaded meanwhile. */
const TASKS_AFTER = 25;
/** Under way at once: on a machine that cannot keep up, more would tell how long the queue is and not what the move costs. */
const WINDOW = 8;
const HOME = "edge-1";
const COLD = "edge-2";

const scene = new SharedScene(async () => {
  const streaming = await openStreaming({
    edges: [COLD, HOME],
    modelDir: findModel(),
    source: {
      work: "objects",
      everyMs: TASK_EVERY_MS,
      side: 416,
      window: WINDOW,
      policy: { name: "fixed", parameters: { placement: { s0: [HOME] } } },
    },
  });
  await streaming.store.next(() => true);
  return streaming;
});

export const coldSwap: BenchCase = {
  name: "swap/cold-model",
  kind: "latency",
  operation: "tasks",
  measures: `Tasks of a source at ${1_000 / TASK_EVERY_MS} fps with YOLOX-nano at 416, from creation to record, from the moment at which its stage is moved to a node that has loaded nothing, until ${TASKS_AFTER} are stored and it runs there; ${WINDOW} are under way at most.`,
  excludes: "capture, networks",
  goals: [{ statistic: "p99", against: "difference", atMost: 20 }],
  plan: { rounds: 4, warmUps: 1, roundMs: TASKS_AFTER * TASK_EVERY_MS },
  subjects: [subject(`${OURS}, moved`, COLD), subject("not moved", HOME)],
};

function subject(name: string, to: string): Subject {
  return {
    name,
    async open(): Promise<OpenSubject> {
      const streaming = await scene.use();
      return { run: (round) => move(streaming, to, round), close: () => scene.release() };
    },
  };
}

async function move(streaming: Streaming, to: string, round: Round): Promise<void> {
  const { store } = streaming;
  await streaming.place({ s0: [HOME] });
  await streaming.restart(COLD);
  const from = store.nextPosition;
  const atMs = streaming.hub.system.clock.now();
  let tasks = 0;
  const done = store.next(({ createdAtMs, hops }) => {
    if (createdAtMs < atMs) return false;
    tasks += 1;
    return tasks >= TASKS_AFTER && hops.every(({ node }) => node === to);
  });
  await streaming.place({ s0: [to] });
  await done;
  for (const { createdAtMs, storedAtMs } of await store.resultsFrom(from)) {
    if (createdAtMs >= atMs) round.took(storedAtMs - createdAtMs);
  }
}
