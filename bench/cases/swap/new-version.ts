/**
 * What a new version of a model costs a stream that runs with the old one: it is loaded beside that, and takes over between two tasks.
 * The description changes and the file does not, so that both versions take as long for a task.
 */

import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectOperator, type Operator } from "../../../src/operator/operator.js";
import type { BenchCase, OpenSubject, Round, Subject } from "../../harness/case.js";
import { OURS } from "../micro/systems.js";
import { findModel, MODEL } from "../cluster/model.js";
import { SharedScene, type Closeable } from "../cluster/shared-scene.js";
import { openStreaming, type Streaming } from "../cluster/streaming.js";

const TASK_EVERY_MS = 100;
/** A node looks for it every 2 s, counts it with the second look, loads it, and then needs 20 tasks to trust it. */
const ROUND_MS = 5_000;
/** However busy the machine. */
const SWAP_MS_MAX = 60_000;
/** Done with the new version after that, so that the old one goes within the round. */
const TASKS_AFTER = 25;
const EDGE = "edge-1";

interface Scene extends Closeable {
  readonly streaming: Streaming;
  readonly operator: Operator;
  readonly description: string;
}

const scene = new SharedScene(async (): Promise<Scene> => {
  const modelDir = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  copyFileSync(join(findModel(), MODEL), join(modelDir, MODEL));
  const streaming = await openStreaming({
    edges: [EDGE],
    modelDir,
    source: {
      work: "objects",
      everyMs: TASK_EVERY_MS,
      side: 416,
      window: 8,
      policy: { name: "fixed", parameters: { placement: { s0: [EDGE] } } },
    },
  });
  await streaming.store.next(() => true);
  const operator = await connectOperator({ hub: streaming.url, token: null });
  return {
    streaming,
    operator,
    description: join(modelDir, MODEL.replace(".onnx", ".yaml")),
    async close() {
      await operator.close();
      await streaming.close();
      rmSync(modelDir, { recursive: true });
    },
  };
});

export const newVersion: BenchCase = {
  name: "swap/new-version",
  kind: "latency",
  operation: "tasks",
  measures: `Tasks of a source at ${1_000 / TASK_EVERY_MS} fps with YOLOX-nano at 416, from creation to record, from the moment at which another version of the model is put in the place of the one that runs, until ${TASKS_AFTER} are done with it.`,
  excludes: "capture, networks",
  goals: [{ statistic: "p99", against: "difference", atMost: 20 }],
  plan: { rounds: 3, warmUps: 1, roundMs: ROUND_MS },
  subjects: [subject(`${OURS}, swapped`, true), subject("not swapped", false)],
};

function subject(name: string, swaps: boolean): Subject {
  let versions = 0;
  return {
    name,
    async open(): Promise<OpenSubject> {
      const opened = await scene.use();
      return {
        run: (round) => run(opened, swaps ? `# ${++versions}\n` : null, round),
        close: () => scene.release(),
      };
    },
  };
}

async function run(
  { streaming, operator, description }: Scene,
  text: string | null,
  round: Round,
): Promise<void> {
  const { store } = streaming;
  const before = await versionIn(operator);
  const from = store.nextPosition;
  const atMs = streaming.hub.system.clock.now();
  if (text !== null) writeFileSync(description, text);
  if (text === null) await sleep(ROUND_MS);
  else {
    while ((await versionIn(operator)) === before) {
      if (streaming.hub.system.clock.now() > atMs + SWAP_MS_MAX) throw new Error("The model did not change");
      await sleep(100);
    }
    let left = TASKS_AFTER;
    await store.next(() => --left === 0);
  }
  for (const { createdAtMs, storedAtMs } of await store.resultsFrom(from)) {
    if (createdAtMs >= atMs) round.took(storedAtMs - createdAtMs);
  }
}

async function versionIn(operator: Operator): Promise<string | undefined> {
  const { nodes } = await operator.nodes();
  return nodes.find(({ description: { name } }) => name === EDGE)?.running[0]?.version;
}
