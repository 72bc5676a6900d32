/**
 * What the task model costs a node: the pure functions that walk, route, join and vouch for a task, and split its latency, with
 * results and pixels shared as in a node. The baseline is the least that an immutable task can cost, a copy of its header.
 */

import { generateKeyPairSync, sign } from "node:crypto";
import { createNodeKeys, createSpeakers, createVouch } from "../../../src/node/vouching.js";
import { createMemoryTrust } from "../../../src/storage/trust/trust.js";
import { DEFAULT_CONFIGURATION } from "../../../src/task/configuration.js";
import { parseNodeName, parseSourceId, taskKey, type StageId } from "../../../src/task/identity.js";
import { arrive, createJoins, needsJoin } from "../../../src/task/join.js";
import { breakdown } from "../../../src/task/latency.js";
import { definePipeline } from "../../../src/task/define-pipeline.js";
import { type Pipeline } from "../../../src/task/pipeline.js";
import { routeStage, type RoutingTable } from "../../../src/task/routing-table.js";
import type { ServiceDeclaration } from "../../../src/task/service.js";
import { END, type Hop, type Task } from "../../../src/task/task.js";
import { VOUCHER_BYTES, vouchedText } from "../../../src/task/voucher.js";
import { completeStage, createTask } from "../../../src/task/walk.js";
import type { BenchCase, Subject } from "../../harness/case.js";
import { OURS } from "./systems.js";

/** Calls between two looks at the clock. */
const BATCH = 250;
const EXCLUDES = "actors, mailboxes, links, codecs, services";

const node = parseNodeName("edge-1");
const cloud = parseNodeName("cloud");
const sourceId = parseSourceId("cam-1");
const service: ServiceDeclaration = {
  name: "any",
  summary: "Reads frames, finds boxes",
  inputs: ["frame"],
  output: "boxes",
  stateful: false,
  module: "file:///none.js",
};
const services = new Map([[service.name, service]]);
const result = { type: "boxes", frames: [[]] } as const;
const payload = {
  encoding: "rgb",
  width: 2,
  height: 1,
  frames: [{ ptsUs: 0, data: new Uint8Array(6) }],
} as const;

const chain = pipelineOf({ a: [], b: ["a"] });
const diamond = pipelineOf({ a: [], b: ["a"], c: ["a"], d: ["b", "c"] });
const [first] = start(diamond, 0);
const trust = createMemoryTrust();
const keys = createNodeKeys(trust.masterKey, () => 0);
const speakers = createSpeakers(keys, trust);
const key = keys.keyOf(node);
const vouch = createVouch(() => key);
const vouched = first && { ...first, voucher: vouch(first) };
const { privateKey } = generateKeyPairSync("ed25519");
const done = walk(diamond, 1);
const table = tableOf(diamond, 20);
let sequence = 10;
const header = subject("a copy of a header", () => ({ ...first }).frameCount === 1);

export const taskCases: readonly BenchCase[] = [
  taskCase("walk-chain", "A task made and walked through a chain of 2 stages.", () => {
    return walk(chain, sequence++)?.results.size === 2;
  }),
  taskCase(
    "walk-diamond",
    "A task made and walked through a diamond of 4 stages, with its fork and its join.",
    () => {
      return walk(diamond, sequence++)?.results.size === 4;
    },
  ),
  taskCase("route", "Where a task goes next, with its stage placed on 20 nodes.", () => {
    if (first === undefined || first.cursor === END) return false;
    const given = {
      table,
      cursor: first.cursor,
      task: first,
      pipeline: diamond,
      node,
      runsHere: true,
      cloud,
    };
    return routeStage(given).to === "local";
  }),
  taskCase("task-key", "The key of a task.", () => first !== undefined && taskKey(first.id).length > 0),
  taskCase(
    "vouch",
    "A voucher made for a delivery.",
    () => first !== undefined && vouch(first).length === VOUCHER_BYTES,
    subject("a signature with Ed25519 instead", () => {
      return first !== undefined && sign(null, Buffer.from(vouchedText(first)), privateKey).length === 64;
    }),
  ),
  taskCase("check-voucher", "A voucher checked.", () => {
    return vouched !== undefined && speakers.vouchers.isVouched(node, vouched);
  }),
  taskCase("latency", "The latency of a diamond's task split along its critical path.", () => {
    const times = { sourceAtMs: 0, createdAtMs: 1, storedAtMs: 9 };
    return breakdown(diamond, done?.hops ?? [], times).criticalPath.length === 3;
  }),
  taskCase("define-pipeline", "A diamond of 4 stages defined and checked.", () => {
    return pipelineOf({ a: [], b: ["a"], c: ["a"], d: ["b", "c"] }).version === 1;
  }),
];

/** @param run whether the result is right */
function taskCase(
  name: string,
  measures: string,
  run: () => boolean,
  ...peers: readonly Subject[]
): BenchCase {
  const subjects = [subject(OURS, run), header, ...peers] as const;
  return { name: `micro/${name}`, kind: "rate", operation: "calls", measures, excludes: EXCLUDES, subjects };
}

function subject(name: string, run: () => boolean): Subject {
  return {
    name,
    open: () =>
      Promise.resolve({
        run(round) {
          const startedMs = performance.now();
          let calls = 0;
          for (; !round.over; calls += BATCH) {
            for (let call = 0; call < BATCH; call += 1)
              if (!run()) throw new Error(`"${name}" gives a wrong result`);
          }
          round.did(calls, performance.now() - startedMs);
          return Promise.resolve();
        },
        close() {},
      }),
  };
}

function pipelineOf(after: Readonly<Record<string, readonly string[]>>): Pipeline {
  const stages = Object.entries(after).map(([id, names]) => ({ id, service: service.name, after: names }));
  return definePipeline({ id: "bench", stages }, services);
}

function start(pipeline: Pipeline, at: number): readonly Task[] {
  return createTask({
    id: { sourceId, incarnation: 1, sequence: at },
    pipeline,
    configuration: DEFAULT_CONFIGURATION,
    payload,
    sourceAtMs: 0,
    createdAtMs: 1,
    origin: "sluice://edge-1/source-cam-1",
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    joinNodes: new Map(),
  });
}

/** Walks one task through its whole pipeline, as one node does. */
function walk(pipeline: Pipeline, at: number): Task | null {
  const joins = createJoins({ tasksMax: 8, settledMax: 8 });
  const onTheWay = [...start(pipeline, at)];
  for (let task = onTheWay.shift(); task !== undefined; task = onTheWay.shift()) {
    let whole = task;
    if (needsJoin(pipeline, task)) {
      const arrival = arrive(joins, task, pipeline, 0);
      if (arrival.outcome !== "joined") continue;
      whole = arrival.task;
    }
    if (whole.cursor === END) return whole;
    const { cursor } = whole;
    const hop: Hop = {
      stage: cursor,
      node,
      epoch: 1,
      attempt: 1,
      delivery: 1,
      enqueuedAtMs: 1,
      startedAtMs: 2,
      endedAtMs: 3,
    };
    onTheWay.push(...completeStage(whole, pipeline, result, hop));
  }
  return null;
}

function tableOf(pipeline: Pipeline, nodeCount: number): RoutingTable {
  const nodes = [
    node,
    ...Array.from({ length: nodeCount - 1 }, (_, index) => parseNodeName(`edge-${index + 2}`)),
  ];
  const placement = new Map<StageId, typeof nodes>(pipeline.stages.map((stage) => [stage.id, nodes]));
  return {
    term: 1,
    epoch: 1,
    publishedAtMs: 0,
    pipelines: new Map([[`${pipeline.id}@${pipeline.version}`, pipeline]]),
    sources: new Map([
      [
        sourceId,
        {
          pipelineId: pipeline.id,
          pipelineVersion: pipeline.version,
          configuration: DEFAULT_CONFIGURATION,
          placement,
        },
      ],
    ]),
    deployments: [],
    fallback: cloud,
  };
}
