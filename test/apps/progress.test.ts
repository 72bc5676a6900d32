import { PassThrough } from "node:stream";
import type { WriteStream } from "node:tty";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { createProgress } from "../../apps/start/progress.js";
import type { ProgressFigures } from "../../apps/start/rates.js";
import { createRunStatistics, summarise, type StageSummary } from "../../src/operator/run-statistics.js";

function stage(nodes: Readonly<Record<string, number>>, queueMs: number, executeMs: number): StageSummary {
  const count = Object.values(nodes).reduce((sum, tasks) => sum + tasks, 0);
  const [node = ""] = Object.keys(nodes);
  return { node, nodes, count, frames: count * 4, queueMs, transferMs: 1, executeMs };
}

const figures = (elapsedMs: number, stages: Readonly<Record<string, StageSummary>>): ProgressFigures => ({
  created: 10,
  inFlight: 2,
  elapsedMs,
  run: { ...summarise(createRunStatistics()), stored: 8, frames: 32, stages },
});

/** What is printed where there is no terminal. */
async function printed(looks: readonly ProgressFigures[]): Promise<readonly string[]> {
  const stream = new PassThrough();
  // A pipe is what standard output is, too, where it is no terminal.
  const progress = createProgress(stream as unknown as WriteStream);
  for (const look of looks) progress.show(look);
  stream.end();
  let text = "";
  for await (const chunk of stream.setEncoding("utf8")) text += chunk;
  return text.trimEnd().split("\n");
}

test("the progress of a run names all nodes of a stage, and its time in queues apart from its execution", async () => {
  const lines = await printed([
    figures(2_000, { motion: stage({ "edge-1": 4 }, 10, 20) }),
    figures(4_000, { motion: stage({ "edge-1": 6, "edge-2": 2 }, 30, 20) }),
  ]);
  assert.equal(lines, [
    "2.0 s: tasks created 10, in flight 2, stored 8, dropped 0; 16.0 fps",
    "  motion  edge-1    8.0 fps  queue    10.0 ms  execute    20.0 ms",
    "4.0 s: tasks created 10, in flight 2, stored 8, dropped 0; 0.0 fps",
    "  motion  edge-1, edge-2    8.0 fps  queue    50.0 ms  execute    20.0 ms",
  ]);
});

test("the progress of a run keeps within 80 columns, however long its names and slow its stages", async () => {
  const nodes = { "edge-in-the-cabinet-1": 3, "edge-in-the-cabinet-2": 3 };
  const lines = await printed([
    figures(123_456, { "a-stage-with-a-long-name": stage(nodes, 54_321, 98_765.4) }),
  ]);
  for (const line of lines) assert.ok(line.length < 80, line);
  assert.match(lines.join("\n"), /a-stage-with-.*edge-in.* queue 54321\.0 ms {2}execute 98765\.4 ms/);
});

test.run();
