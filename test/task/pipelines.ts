/** Pipelines for tests: small ones by hand, random ones for properties. */

import * as fc from "fast-check";
import { parseNodeName, parseSourceId } from "../../src/task/identity.js";
import { DEFAULT_CONFIGURATION } from "../../src/task/configuration.js";
import {
  definePipeline,
  type PipelineDefinition,
  type StageDefinition,
} from "../../src/task/define-pipeline.js";
import { joinCursors, type Pipeline } from "../../src/task/pipeline.js";
import type { DataType, ServiceDeclaration, StageResult } from "../../src/task/service.js";
import type { Hop, Task } from "../../src/task/task.js";
import { VOUCHER } from "../support/vouchers.js";
import { completeStage, createTask } from "../../src/task/walk.js";

export const NODE = parseNodeName("edge-1");

function service(name: string, inputs: readonly DataType[], output: DataType): ServiceDeclaration {
  return { name, summary: name, inputs, output, stateful: false, module: "file:///none.js" };
}

/** `reader` and `blind` go anywhere; the others have types that must fit. */
export const SERVICES: ReadonlyMap<string, ServiceDeclaration> = new Map(
  [
    service("reader", ["frame"], "boxes"),
    service("blind", [], "boxes"),
    service("detect", ["frame"], "boxes"),
    service("track", ["boxes"], "tracks"),
    service("colour", ["frame", "boxes"], "labels"),
    service("merge", ["tracks", "labels"], "labels"),
  ].map((declaration) => [declaration.name, declaration]),
);

/** `{ a: [], b: ["a"] }`: stages by id with their predecessors, all of one service. */
export function pipelineOf(
  after: Readonly<Record<string, readonly string[]>>,
  serviceName = "reader",
): Pipeline {
  const stages = Object.entries(after).map(([id, names]) => ({ id, service: serviceName, after: names }));
  return definePipeline({ id: "test", stages }, SERVICES);
}

/** Stage `find` has a large and a small model, and stage `sort` comes after it. */
export const TWO_SIZES: Pipeline = definePipeline(
  {
    id: "sizes",
    stages: [
      {
        id: "find",
        service: "sized",
        parameters: { scoreMin: 0.3 },
        variants: { large: { model: "large.onnx" }, small: { model: "small.onnx", scoreMin: 0.2 } },
      },
      { id: "sort", service: "track", after: ["find"] },
    ],
  },
  new Map([
    ...SERVICES,
    ["sized", { ...service("sized", ["frame"], "boxes"), model: { parameter: "model", file: "large.onnx" } }],
  ]),
);

/** Connected DAGs of 1 to 9 stages with forks, joins, skipped levels, several roots and leaves, in any order. */
export const randomDefinition: fc.Arbitrary<PipelineDefinition> = fc
  .integer({ min: 1, max: 9 })
  .chain((count) =>
    fc.record({
      // For each later stage: bit n says whether stage n comes before it.
      edges: fc.array(fc.integer({ min: 0, max: 2 ** count - 1 }), { minLength: count, maxLength: count }),
      links: fc.array(fc.nat(), { minLength: count, maxLength: count }),
      blind: fc.array(fc.boolean(), { minLength: count, maxLength: count }),
      sparse: fc.integer({ min: 1, max: 2 ** count - 1 }),
      order: fc.shuffledSubarray(
        Array.from({ length: count }, (_, index) => index),
        { minLength: count, maxLength: count },
      ),
    }),
  )
  .map(({ edges, links, blind, sparse, order }): PipelineDefinition => {
    const count = order.length;
    const after = edges.map((bits, index) =>
      Array.from({ length: index }, (_, n) => n).filter((n) => (bits & sparse & (1 << n)) !== 0),
    );
    // Ties each stage to some other where it would be a part of its own.
    const part = Array.from({ length: count }, (_, index) => index);
    const join = (a: number, b: number) => {
      const [from, to] = [part[a] ?? a, part[b] ?? b];
      for (const [index, value] of part.entries()) if (value === from) part[index] = to;
    };
    for (const [index, before] of after.entries()) for (const n of before) join(n, index);
    for (let index = 1; index < count; index += 1) {
      if (part[index] === part[0]) continue;
      const inFirst = part.flatMap((value, n) => (value === part[0] ? [n] : []));
      const other = inFirst[(links[index] ?? 0) % inFirst.length] ?? 0;
      after[Math.max(index, other)]?.push(Math.min(index, other));
      join(index, 0);
    }
    const stages = order.map((index): StageDefinition => ({
      id: `s${index}`,
      service: blind[index] === true ? "blind" : "reader",
      after: after[index]?.map((n) => `s${n}`) ?? [],
    }));
    return { id: "random", stages };
  });

export const randomPipeline: fc.Arbitrary<Pipeline> = randomDefinition.map((definition) =>
  definePipeline(definition, SERVICES),
);

export const CREATED_AT_MS = 1_000;

export function newTask(pipeline: Pipeline, sequence = 0): readonly Task[] {
  return createTask({
    id: { sourceId: parseSourceId("cam-1"), incarnation: 1, sequence },
    pipeline,
    configuration: DEFAULT_CONFIGURATION,
    payload: {
      encoding: "rgb",
      width: 2,
      height: 1,
      frames: [{ ptsUs: 0, data: new Uint8Array(new SharedArrayBuffer(6)) }],
    },
    sourceAtMs: CREATED_AT_MS - 5,
    createdAtMs: CREATED_AT_MS,
    origin: "sluice://edge-1/source-cam-1",
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    joinNodes: new Map(joinCursors(pipeline).map((cursor) => [cursor, NODE])),
  }).map((branch) => ({ ...branch, voucher: VOUCHER }));
}

/** A result that says which stage made it. */
export function resultOf(stage: string): StageResult {
  return { type: "boxes", frames: [[{ x: 0, y: 0, width: 1, height: 1, score: 1, label: stage }]] };
}

/** Runs the stage at a task's cursor from `startMs` on: 1 ms of queue, 2 ms of work. */
export function runStage(task: Task, pipeline: Pipeline, startMs = CREATED_AT_MS): readonly Task[] {
  if (task.cursor === "$end") throw new Error("The task is at its end");
  const hop: Hop = {
    stage: task.cursor,
    node: NODE,
    epoch: 1,
    attempt: 1,
    delivery: task.delivery,
    enqueuedAtMs: startMs,
    startedAtMs: startMs + 1,
    endedAtMs: startMs + 3,
  };
  return completeStage(task, pipeline, resultOf(task.cursor), hop);
}
