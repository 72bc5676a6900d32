/** From a decision to the first result that was made under it: the other node is told, and has its stages loaded. */

import type { BenchCase, OpenSubject, Subject } from "../../harness/case.js";
import { OURS } from "../micro/systems.js";
import { openStreaming, SOURCE } from "../cluster/streaming.js";
import { SharedScene } from "../cluster/shared-scene.js";

const NODES = ["edge-2", "cloud"];
const TASK_EVERY_MS = 5;

const scene = new SharedScene(async () => {
  const streaming = await openStreaming({
    edges: ["edge-2", "edge-1"],
    source: {
      work: 1,
      everyMs: TASK_EVERY_MS,
      side: 16,
      policy: { name: "cloud-only", parameters: {} },
    },
  });
  await streaming.warm(["s0"], NODES);
  return streaming;
});

export const firstResult: BenchCase = {
  name: "swap/first-result",
  kind: "latency",
  operation: "swaps",
  measures: `From the decision that another node runs the stage of a source of ${1_000 / TASK_EVERY_MS} tasks a second, until the first result that was made there under it is at the store, over three processes.`,
  excludes: "networks, models, the disk",
  goals: [{ statistic: "p99", against: "difference", atMost: 50 }],
  subjects: [
    swapping(),
    { name: "one task, from creation to record", open: () => opened((run) => tasks(run)) },
  ],
};

type Run = Parameters<OpenSubject["run"]>[0];
type Opened = Awaited<ReturnType<typeof scene.use>>;

async function opened(
  run: (of: { readonly streaming: Opened; readonly round: Run }) => Promise<void>,
): Promise<OpenSubject> {
  const streaming = await scene.use();
  return {
    run: (round) => run({ streaming, round }),
    close: () => scene.release(),
  };
}

function swapping(): Subject {
  let swaps = 0;
  return {
    name: OURS,
    open: () =>
      opened(async ({ streaming, round }) => {
        const { store, hub } = streaming;
        do {
          const node = NODES[swaps++ % NODES.length] ?? "";
          let decided: { readonly epoch: number; readonly atMs: number } | null = null;
          const end = streaming.onSchedule((event) => {
            if (event.type !== "tablePublished" || !event.sources.includes(SOURCE)) return;
            decided ??= { epoch: event.epoch, atMs: hub.system.clock.now() };
          });
          const first = store.next(({ hops }) =>
            hops.every((hop) => decided !== null && hop.node === node && hop.epoch >= decided.epoch),
          );
          await streaming.place({ s0: [node] });
          const { storedAtMs } = await first;
          end();
          const at = decided as { readonly atMs: number } | null;
          if (at === null) throw new Error("A result came before its decision");
          round.took(Math.max(0, storedAtMs - at.atMs));
        } while (!round.over);
      }),
  };
}

async function tasks({ streaming, round }: { streaming: Opened; round: Run }): Promise<void> {
  const from = streaming.store.nextPosition;
  do await streaming.store.next(() => true);
  while (!round.over);
  for (const { createdAtMs, storedAtMs } of await streaming.store.resultsFrom(from)) {
    round.took(storedAtMs - createdAtMs);
  }
}
