/**
 * What 1,000 random swaps of the table cost the tasks of a source, while nodes are killed and come back with nothing loaded.
 *
 * Two edges and a hub run its two stages; the source is on a third edge, which is not killed. The nodes of both stages are drawn
 * anew with each swap, also such as have just begun anew, so that tables place what is loaded nowhere there yet.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { createPrng } from "../../../src/simulation/prng.js";
import type { BenchCase, OpenSubject, Round, Subject } from "../../harness/case.js";
import { OURS } from "../micro/systems.js";
import { openStreaming, type Streaming } from "../cluster/streaming.js";
import { SharedScene } from "../cluster/shared-scene.js";

const STAGES = ["s0", "s1"];
/** Those that stages run on; the source is elsewhere. */
const WORKERS = ["edge-2", "edge-3", "cloud"];
const KILLED = ["edge-2", "edge-3"];
const ROUNDS = 2;
const SWAPS = 1_000 / ROUNDS;
const SWAP_EVERY_MS = 10;
const TASK_EVERY_MS = 5;

const scene = new SharedScene(async () => {
  const streaming = await openStreaming({
    edges: ["edge-2", "edge-3", "edge-1"],
    source: {
      work: STAGES.length,
      everyMs: TASK_EVERY_MS,
      side: 16,
      policy: { name: "cloud-only", parameters: {} },
    },
  });
  await streaming.warm(STAGES, WORKERS);
  return streaming;
});

export const randomSwaps: BenchCase = {
  name: "swap/random",
  kind: "latency",
  operation: "tasks",
  measures: `Tasks of two no-op stages, ${1_000 / TASK_EVERY_MS} a second, over four processes, from creation to record, under ${ROUNDS * SWAPS} random swaps, one every ${SWAP_EVERY_MS} ms, and ${ROUNDS * KILLED.length} kills of nodes, which come back cold. An audit finds none lost and none twice.`,
  excludes: "networks, models, stateful stages",
  goals: [{ statistic: "p99", against: "difference", atMost: 20 }],
  plan: { rounds: ROUNDS, warmUps: 0, roundMs: SWAPS * SWAP_EVERY_MS },
  subjects: [
    subject(`${OURS}, swaps and kills`, { swapEveryMs: SWAP_EVERY_MS, kills: KILLED }),
    subject("a swap a second, and no kill", { swapEveryMs: 1_000, kills: [] }),
  ],
};

interface Disturbance {
  readonly swapEveryMs: number;
  readonly kills: readonly string[];
}

function subject(name: string, disturbance: Disturbance): Subject {
  return {
    name,
    async open(): Promise<OpenSubject> {
      const streaming = await scene.use();
      const prng = createPrng(1);
      return {
        run: (round) => disturb(streaming, { ...disturbance, pick: (from) => prng.pick(from) }, round),
        close: () => scene.release(),
      };
    },
  };
}

async function disturb(
  streaming: Streaming,
  { swapEveryMs, kills, pick }: Disturbance & { readonly pick: (from: readonly string[]) => string },
  round: Round,
): Promise<void> {
  const { store } = streaming;
  const from = store.nextPosition;
  const startedMs = performance.now();
  const killing = kills.map(async (edge, at) => {
    await sleep((round.lengthMs * (at + 0.5)) / kills.length);
    await streaming.restart(edge);
  });
  // However slow the machine is: so many are counted.
  for (let swaps = 0; swaps < round.lengthMs / swapEveryMs; swaps += 1) {
    await streaming.place(Object.fromEntries(STAGES.map((stage) => [stage, [pick(WORKERS)]])));
    await sleep(Math.max(0, startedMs + (swaps + 1) * swapEveryMs - performance.now()));
  }
  await Promise.all(killing);
  await store.next(() => true);
  const results = await store.resultsFrom(from);
  for (const { createdAtMs, storedAtMs } of results) round.took(storedAtMs - createdAtMs);
}
