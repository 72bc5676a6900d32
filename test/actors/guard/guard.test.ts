import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import * as fc from "fast-check";
import { inspect } from "node:util";
import { createMonitor } from "../../../src/actors/monitor/monitor.js";
import { createAgent } from "../../../src/node/agent/agent.js";
import { readPipelineHere } from "../../../src/node/agent/read-pipeline.js";
import { sourceOptionsOf } from "../../../src/node/agent/source-request.js";
import { createFollower } from "../../../src/operator/follower.js";
import { createGuardian } from "../../../src/transport/cluster/guardian.js";
import { setup as generatorSetup } from "../generator/setup.js";
import { createController } from "../../../src/actors/controller/controller.js";
import { createControllerRetained } from "../../../src/actors/controller/state.js";
import { createDistributor } from "../../../src/actors/distributor/distributor.js";
import { createDistributorRetained } from "../../../src/actors/distributor/state.js";
import { MemoryStore } from "../../../src/storage/results/memory-store.js";
import { createInlineDecisions } from "../../../src/actors/scheduler/inline-decisions.js";
import { createPolicies } from "../../../src/scheduling/policies.js";
import { createSchedulerRetained } from "../../../src/actors/scheduler/retained.js";
import { createScheduler } from "../../../src/actors/scheduler/scheduler.js";
import { DEFAULT_CONFIGURATION, type Configuration } from "../../../src/task/configuration.js";
import type { Detection, StageResult } from "../../../src/task/service.js";
import type { Closing, DropRecord, Hop, OutageTimes, Task } from "../../../src/task/task.js";
import { parseNodeName, parseSourceId, pipelineKeyText } from "../../../src/task/identity.js";
import type { RoutingTable } from "../../../src/task/routing-table.js";
import { isActorRef } from "../../../src/runtime/actor-ref.js";
import { guardFor } from "../../../src/actors/guard/guard.js";
import type { Behaviour } from "../../../src/runtime/behaviour.js";
import type { Role } from "../../../src/transport/cluster/cluster.js";
import { Refusal, type Sender } from "../../../src/transport/cluster/guard.js";
import { fold } from "../../support/fold.js";
import { createProbe } from "../../support/probe.js";
import { droppedTask, finishedTask } from "../../support/tasks.js";
import { newTask, pipelineOf, SERVICES } from "../../task/pipelines.js";
import { CREDULOUS, VOUCHER } from "../../support/vouchers.js";
import { createMemoryTrust } from "../../../src/storage/trust/trust.js";

const guard = guardFor();
const from = (name: string, roles: readonly Role[], grants: readonly string[] = []): Sender => ({
  name: parseNodeName(name),
  roles,
  grants,
});
const EDGE = from("edge-1", ["edge"]);
const CLOUD = from("cloud", ["cloud"]);
const OPERATOR = from("operator-1", ["operator"]);

const pipeline = pipelineOf({ a: [], b: ["a"], c: ["a"], d: ["b", "c"] });
const [task] = newTask(pipeline);
const SOURCE = parseSourceId("cam-1");
const table: RoutingTable = {
  term: 1,
  epoch: 5,
  publishedAtMs: 1,
  pipelines: new Map([[pipelineKeyText(pipeline.id, pipeline.version), pipeline]]),
  sources: new Map([
    [
      SOURCE,
      {
        pipelineId: pipeline.id,
        pipelineVersion: pipeline.version,
        configuration: DEFAULT_CONFIGURATION,
        placement: new Map(pipeline.stages.map(({ id }) => [id, [parseNodeName("edge-1")]])),
      },
    ],
  ]),
  deployments: [],
  fallback: parseNodeName("cloud"),
};
const replyTo = createProbe("sluice://edge-1/scheduler");
const at = { run: 1_700_000_000_000, number: 3 };
const subscriber = createProbe("sluice://operator-1/follower$abc");
const watcher = createProbe("sluice://cloud/pictures-of-edge-1$abc");
const look = { fps: 10, widthMax: 640, forMs: 5_000 };
const picture = {
  id: { sourceId: "cam-1", incarnation: 1, sequence: 2 },
  ptsUs: 0,
  width: 640,
  height: 360,
  jpeg: new Uint8Array(3),
  left: 1,
};
const sample = {
  node: "edge-1",
  atMs: 1,
  cpuShare: 0.5,
  cpuCount: 2,
  memoryUsedBytes: 1,
  memoryTotalBytes: 2,
  residentBytes: 1,
  loopStallMs: 0,
  queued: { "p@1/a": 3 },
  links: { cloud: { rttMs: 1, bandwidthMbps: null } },
};
const source = {
  id: "cam-1",
  node: "edge-1",
  pipeline,
  configuration: DEFAULT_CONFIGURATION,
  policy: { name: "edge-only", parameters: {} },
};
const { id, pipelineId, pipelineVersion, pins } = finishedTask({ sequence: 0 });

const definition = {
  id: "cam-2",
  source: "test:320x240@10",
  pipeline: "pipeline: p",
  pipelineName: "p.yaml",
  configuration: { fps: 5 },
  policy: null,
  paced: false,
  limit: 3,
};
const storedGap = {
  type: "gap",
  position: 3,
  id,
  reason: "deadline",
  stage: null,
  node: "edge-1",
  sourceAtMs: 1,
  storedAtMs: 2,
  detail: "",
};
const closingOf = (node: string) =>
  ({
    id,
    end: "ended",
    counts: { stored: 2, dropped: { deadline: 1 }, redelivered: 0, framesSkipped: 0, framesGated: 7 },
    origin: `sluice://${node}/source-cam-1`,
    voucher: VOUCHER,
  }) satisfies Full<Closing>;

const frames = { after: null, first: 0, last: 4, passedOver: 1, gated: 1, firstUs: 0, lastUs: 120_000 };
const modelInUse = {
  stage: { pipelineId: "p", pipelineVersion: 1, stage: "a" },
  file: "m.onnx",
  version: `${"0".repeat(64)}.${"1".repeat(8)}`,
  refused: { version: "2".repeat(64), reason: "no model" },
};

/** With every field that there may be: one that is added later has to be here, and so is known to be handed on. */
type Full<Message> = { readonly [Key in keyof Message]-?: unknown };
/** A task with every field that one may have. */
const fullTask = {
  ...finishedTask({ sequence: 1 }),
  frames,
  framesGated: 2,
  configuration: {
    ...DEFAULT_CONFIGURATION,
    variants: { a: "small" },
    motionGate: {
      contrast: 12,
      share: 0.002,
      holdMs: 0,
      idleMs: 1_000,
      regions: [{ x: 0, y: 0, width: 1, height: 0.5 }],
    },
  } satisfies Full<Configuration>,
  payload: { encoding: "jpeg", width: 4, height: 2, frames: [{ ptsUs: 0, data: new Uint8Array(3) }] },
  frameCount: 1,
  framePtsUs: [0],
  results: new Map([
    [
      "a",
      {
        type: "boxes",
        frames: [
          [
            {
              x: 1,
              y: 2,
              width: 3,
              height: 4,
              score: 0.5,
              label: "car",
              trackId: 7,
            } satisfies Full<Detection>,
          ],
        ],
        continuity: "restarted",
      } satisfies Full<StageResult>,
    ],
  ]),
  hops: [
    {
      stage: "a",
      variant: "small",
      model: "0".repeat(64),
      node: "edge-1",
      epoch: 1,
      attempt: 1,
      delivery: 1,
      sentAtMs: 1,
      enqueuedAtMs: 2,
      startedAtMs: 3,
      endedAtMs: 4,
    } satisfies Full<Hop>,
  ],
} satisfies Full<Task>;
const fullDrop = {
  ...droppedTask({ sequence: 3 }),
  frames,
  outage: { fromMs: 1, toMs: 2, reason: "its cable", ended: true } satisfies Full<OutageTimes>,
  disowned: true,
} satisfies Full<DropRecord>;
const fullSource = {
  ...source,
  space: {
    resolutions: [{ width: 64, height: 64 }],
    fps: [5],
    framesPerTask: [1],
    encodings: ["jpeg"],
    qualities: [80],
    variants: { a: ["small"] },
  },
  slo: { latencyMs: 100, percentile: 95, yields: "detail" },
  native: { width: 1_920, height: 1_080, fps: null },
  shadow: { name: "dynamic", parameters: {} },
};
const fullSample = {
  ...sample,
  counts: {
    admitted: 1,
    received: 1,
    forwarded: 0,
    processed: 1,
    finished: 1,
    dropped: { poison: 1 },
    loaded: 1,
    unloaded: 0,
  },
  repairs: [{ atMs: 1, damage: ["torn"], kept: 2, lost: null }],
  failures: ["its disk is full"],
  links: { cloud: { rttMs: 1, bandwidthMbps: 2, bandwidthAgeMs: 3, relayed: true } },
};
const storedResult = {
  type: "result",
  position: 4,
  id,
  delivery: 1,
  pipelineId,
  pipelineVersion,
  configuration: fullTask.configuration,
  frameCount: 1,
  framePtsUs: [0],
  frames,
  framesGated: 2,
  sourceAtMs: 1,
  createdAtMs: 1,
  storedAtMs: 2,
  results: Object.fromEntries(fullTask.results),
  hops: fullTask.hops,
  traceparent: fullTask.traceparent,
  chain: "a-hash",
};

/** Every message that honest nodes send each other: from, to, what. */
const HONEST: readonly [Sender, string, unknown][] = [
  [EDGE, "/controller", { type: "submit", task, forwarded: 3 }],
  [CLOUD, "/controller", { type: "submit", task }],
  [CLOUD, "/controller", { type: "abandon", id, delivery: 2, pipelineId, pipelineVersion, pins }],
  [EDGE, "/source-cam-1", { type: "undelivered", id }],
  [CLOUD, "/controller", { type: "installTable", table, replyTo }],
  [OPERATOR, "/controller", { type: "reportQueues", replyTo }],
  [EDGE, "/distributor", { type: "store", task: finishedTask({ sequence: 1 }) }],
  [EDGE, "/distributor", { type: "store", task: fullTask }],
  [EDGE, "/controller", { type: "submit", task: fullTask, forwarded: 2, sentAtMs: 5 }],
  [EDGE, "/distributor", { type: "recordDrop", drop: fullDrop }],
  [EDGE, "/scheduler", { type: "registerSource", source: fullSource, isNew: true, replyTo }],
  [EDGE, "/scheduler", { type: "resourcesSampled", sample: fullSample }],
  [CLOUD, "/follower$abc", { type: "record", record: storedResult }],
  [
    CLOUD,
    "/follower$abc",
    { type: "record", record: { ...storedGap, frames, outage: fullDrop.outage, chain: "a-hash" } },
  ],
  [EDGE, "/distributor", { type: "recordDrop", drop: droppedTask({ sequence: 2 }) }],
  [EDGE, "/distributor", { type: "recordClosing", closing: closingOf("edge-1") }],
  [OPERATOR, "/distributor", { type: "subscribe", subscriber, fromPosition: 0, demand: 5 }],
  [OPERATOR, "/distributor", { type: "demand", subscriber, count: 5 }],
  [OPERATOR, "/distributor", { type: "query", query: { limit: 10 }, replyTo }],
  [OPERATOR, "/distributor", { type: "reportTotals", replyTo }],
  [
    EDGE,
    "/scheduler",
    {
      type: "registerNode",
      node: { name: "edge-1", role: "edge", services: ["reader"] },
      controller: createProbe("sluice://edge-1/controller"),
    },
  ],
  [EDGE, "/scheduler", { type: "registerSource", source, replyTo }],
  [
    EDGE,
    "/scheduler",
    { type: "sourceOpened", sourceId: "cam-1", node: "edge-1", native: fullSource.native },
  ],
  [EDGE, "/scheduler", { type: "resourcesSampled", sample }],
  [EDGE, "/scheduler", { type: "tableInstalled", node: "edge-1", epoch: 3 }],
  [EDGE, "/scheduler", { type: "tableRefused", node: "edge-1", epoch: 3, heldEpoch: 4, heldTerm: 1 }],
  [EDGE, "/scheduler", { type: "removeSource", sourceId: "cam-1", node: "edge-1" }],
  [EDGE, "/scheduler", { type: "removeNode", node: "edge-1" }],
  [OPERATOR, "/scheduler", { type: "setPolicy", sourceId: "cam-1", policy: source.policy, replyTo }],
  [OPERATOR, "/scheduler", { type: "reloadPolicies", replyTo }],
  [OPERATOR, "/scheduler", { type: "pauseSource", sourceId: "cam-1", reason: "cleaned", replyTo }],
  [OPERATOR, "/scheduler", { type: "continueSource", sourceId: "cam-1", replyTo }],
  [OPERATOR, "/scheduler", { type: "configureSource", sourceId: "cam-1", knobs: { fps: 5 }, replyTo }],
  [OPERATOR, "/scheduler", { type: "configureSource", sourceId: "cam-1", knobs: null, replyTo }],
  [OPERATOR, "/scheduler", { type: "reportSources", replyTo }],
  [EDGE, "/events-of-edge-1$abc", { type: "sourcePaused", at, sourceId: "cam-1", reason: "cleaned" }],
  [EDGE, "/events-of-edge-1$abc", { type: "sourceContinued", at, sourceId: "cam-1" }],
  [OPERATOR, "/scheduler", { type: "reportTable", replyTo }],
  [OPERATOR, "/scheduler", { type: "reportNodes", replyTo }],
  [CLOUD, "/source-cam-1", { type: "taskSettled", id, outcome: { status: "stored" } }],
  [CLOUD, "/monitor", { type: "ping", sentAtMs: 1.5, replyTo }],
  [EDGE, "/monitor", { type: "pong", node: "edge-1", sentAtMs: 1.5 }],
  [OPERATOR, "/agent", { type: "reportSources", replyTo }],
  [OPERATOR, "/agent", { type: "reportActors", replyTo }],
  [CLOUD, "/agent", { type: "reportActors", replyTo }],
  [CLOUD, "/agent", { type: "reportDeadLetters", replyTo }],
  [CLOUD, "/agent", { type: "reportPipeline", sourceId: "cam-1", replyTo }],
  [OPERATOR, "/agent", { type: "reportPipeline", sourceId: "cam-1", replyTo }],
  [OPERATOR, "/agent", { type: "reportDeadLetters", replyTo }],
  [OPERATOR, "/agent", { type: "drain", replyTo }],
  [OPERATOR, "/agent", { type: "addSource", definition, replyTo }],
  [OPERATOR, "/agent", { type: "watchEvents", listener: subscriber, after: { run: 7, number: 3 } }],
  [EDGE, "/events-of-edge-1$abc", { type: "watching", at }],
  [EDGE, "/events-of-edge-1$abc", { type: "eventsMissed", node: "edge-1", count: 3, at }],
  [CLOUD, "/agent", { type: "watchPictures", sourceId: "cam-1", look, watcher }],
  [EDGE, "/pictures-of-edge-1$abc", { type: "picture", picture, replyTo }],
  [OPERATOR, "/distributor", { type: "unsubscribe", subscriber }],
  [CLOUD, "/follower$abc", { type: "record", record: storedGap }],
  [CLOUD, "/follower$abc", { type: "recordsExpired", fromPosition: 0, toPosition: 3 }],
  [CLOUD, "/follower$abc", { type: "subscriptionFailed", error: new Error("no more") }],
  [EDGE, "/events-of-edge-1$abc", { type: "sourceStarted", at, sourceId: "cam-1", description: "a file" }],
  [
    EDGE,
    "/events-of-edge-1$abc",
    { type: "sourceStalled", at, sourceId: "cam-1", reason: "frozen", detail: "still", attempt: 1 },
  ],
  [EDGE, "/events-of-edge-1$abc", { type: "sourceBack", at, sourceId: "cam-1", afterMs: 1_500 }],
  [
    EDGE,
    "/events-of-edge-1$abc",
    {
      type: "stageFailed",
      at,
      node: "edge-1",
      stage: { pipelineId: "p", pipelineVersion: 1, stage: "a" },
      error: new Error("no model"),
    },
  ],
  [EDGE, "/events-of-edge-1$abc", { type: "modelSwapped", at, node: "edge-1", model: modelInUse }],
  [
    EDGE,
    "/scheduler",
    { type: "stagesLoaded", node: "edge-1", stages: [modelInUse.stage], models: [modelInUse] },
  ],
  [
    OPERATOR,
    "/agent",
    { type: "movePipeline", sourceId: "cam-1", pipeline: { text: "pipeline: p", name: "p.yaml" }, replyTo },
  ],
  [OPERATOR, "/agent", { type: "drainSource", sourceId: "cam-1", replyTo }],
  [OPERATOR, "/agent", { type: "freeName", name: "edge-2", replyTo }],
  [OPERATOR, "/scheduler", { type: "freeVersion", pipelineId: "p", version: 1, replyTo }],
  [CLOUD, "/guardian", { type: "spawn", behaviour: "x", args: 1, options: { name: "a" }, replyTo }],
  [EDGE, "/$ask/123", { anything: true }],
  [CLOUD, "/guardian", { type: "stop", address: "sluice://edge-1/guardian/a", replyTo }],
  [OPERATOR, "/scheduler", { type: "removeSource", sourceId: "cam-1", replyTo }],
  [EDGE, "/users-own", "anything"],
  [EDGE, "/guardian/child", 42],
];

test("guardFor lets through all that honest nodes tell each other", () => {
  for (const [sender, path, message] of HONEST) {
    const verdict = guard(sender, path, message);
    assert.equal(verdict, message, `${sender.name} ${path} ${inspect(message)}`);
  }
});

/** What a program, a policy or a service brings: plain data of any form. */
const FREE = new Set(["parameters", "args", "options", "inputs"]);

/** Of a record, which the cloud has made, only how many detections there are is looked at. */
const isFree = (key: string, value: unknown): boolean =>
  FREE.has(key) || (key === "results" && !(value instanceof Map));

/** The same with one more field in every object, of a kind that no JSON has. */
function withMore(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withMore);
  if (value instanceof Map) {
    return new Map([...(value as Map<unknown, unknown>)].map(([key, each]) => [key, withMore(each)]));
  }
  if (typeof value !== "object" || value === null || isActorRef(value)) return value;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const entries = Object.entries(value);
  const known = entries.map(([key, each]) => [key, isFree(key, each) ? each : withMore(each)] as const);
  // A record by name has keys of its own, such as `queued`.
  const isRecord = entries.some(([key]) => !/^[a-z][a-zA-Z0-9]*$/.test(key)) || entries.length < 2;
  return Object.fromEntries(isRecord ? known : [...known, ["extra", 5n], ["deep", [{ more: 5n }]]]);
}

test("guardFor hands on the fields that a rule knows, and no other one wherever it is", () => {
  const types = new Set<unknown>();
  for (const [sender, path, message] of HONEST) {
    const { type } = Object(message) as { readonly type?: unknown };
    // What programs tell each other is theirs, and what an operator asks for is read by its node.
    if (type === undefined || type === "addSource") continue;
    types.add(type);
    const verdict = guard(sender, path, withMore(message));
    assert.equal(verdict, message, `${path} ${inspect(message)}`);
  }
  assert.ok(types.size > 30, `${types.size} types`);
});

test("guardFor hands on the very bytes of a task, and copies none", () => {
  const verdict = guard(EDGE, "/distributor", { type: "store", task: fullTask });
  const { task: known } = Object(verdict) as { readonly task: typeof fullTask };
  assert.is(known.payload.frames[0]?.data, fullTask.payload.frames[0]?.data);
  assert.is(known.voucher, fullTask.voucher);
});

test("guardFor denies what a role may not say, and whatever speaks for another node", () => {
  const denied: readonly [Sender, string, object][] = [
    [EDGE, "/controller", { type: "abandon", id, delivery: 2, pipelineId, pipelineVersion, pins }],
    [EDGE, "/controller", { type: "installTable", table, replyTo }],
    [EDGE, "/distributor", { type: "recordClosing", closing: closingOf("edge-2") }],
    [EDGE, "/guardian", { type: "spawn", behaviour: "x", args: 1, options: { name: "a" }, replyTo }],
    [EDGE, "/agent", { type: "drain", replyTo }],
    [
      EDGE,
      "/agent",
      { type: "movePipeline", sourceId: "cam-1", pipeline: { text: "pipeline: p", name: "p.yaml" }, replyTo },
    ],
    [EDGE, "/scheduler", { type: "setPolicy", sourceId: "cam-1", policy: source.policy, replyTo }],
    [EDGE, "/scheduler", { type: "pauseSource", sourceId: "cam-1", reason: "", replyTo }],
    [EDGE, "/scheduler", { type: "continueSource", sourceId: "cam-1", replyTo }],
    [EDGE, "/scheduler", { type: "configureSource", sourceId: "cam-1", knobs: null, replyTo }],
    [EDGE, "/scheduler", { type: "reportSources", replyTo }],
    [EDGE, "/scheduler", { type: "removeNode", node: "edge-2" }],
    [EDGE, "/scheduler", { type: "removeSource", sourceId: "cam-1" }],
    [EDGE, "/scheduler", { type: "registerSource", source: { ...source, node: "edge-2" }, replyTo }],
    [
      EDGE,
      "/scheduler",
      { type: "sourceOpened", sourceId: "cam-1", node: "edge-2", native: fullSource.native },
    ],
    [EDGE, "/scheduler", { type: "resourcesSampled", sample: { ...sample, node: "cloud" } }],
    [EDGE, "/scheduler", { type: "tableInstalled", node: "edge-2", epoch: 3 }],
    [
      EDGE,
      "/scheduler",
      {
        type: "registerNode",
        node: { name: "edge-1", role: "edge", services: [] },
        controller: createProbe("sluice://edge-2/controller"),
      },
    ],
    [EDGE, "/source-cam-1", { type: "taskSettled", id, outcome: { status: "stored" } }],
    [EDGE, "/distributor", { type: "query", query: {}, replyTo }],
    [EDGE, "/listener", { type: "sourceEnded" }],
    [OPERATOR, "/agent", { type: "watchPictures", sourceId: "cam-1", look, watcher }],
    [EDGE, "/agent", { type: "watchPictures", sourceId: "cam-1", look, watcher }],
    [CLOUD, "/agent", { type: "watchPictures", sourceId: "cam-1", look, watcher: subscriber }],
    [EDGE, "/pictures-of-edge-2$abc", { type: "picture", picture, replyTo }],
    [CLOUD, "/pictures-of-edge-2$abc", { type: "picture", picture, replyTo }],
    [EDGE, "/processors", { type: "retireProcessor" }],
    [EDGE, "/processors/x", { type: "execute" }],
    [EDGE, "/observer$1", { type: "record" }],
    [EDGE, "/controller", { type: "stageCompleted", task }],
    [EDGE, "/controller", { type: "answerLost", task }],
    [CLOUD, "/controller", { type: "answerLost", task }],
    [EDGE, "/controller", { type: "tick" }],
    [EDGE, "/controller/child", { type: "submit", task }],
    [OPERATOR, "/controller", { type: "submit", task }],
    [OPERATOR, "/users-own", { type: "x" }],
    [from("stranger", []), "/users-own", { type: "x" }],
    [EDGE, "/controller", {}],
  ];
  for (const [sender, path, message] of denied) {
    const verdict = guard(sender, path, message);
    assert.is(
      verdict instanceof Refusal ? verdict.reason : "allowed",
      "denied",
      `${path} ${JSON.stringify(message)}`,
    );
  }
  const granted = from("edge-9", ["edge"], ["spawn"]);
  const spawn = { type: "spawn", behaviour: "x", options: { name: "a" }, replyTo };
  assert.equal(guard(granted, "/guardian", spawn), spawn);
});

// ── Whatever passes makes nobody fail ───────────────────────────────────────────────────────────────────────────────

const strange = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    Number.NaN,
    -1,
    1e300,
    2 ** 48,
    2 ** 48 + 1,
    Number.MAX_SAFE_INTEGER,
    2 ** 53,
    8.64e15,
    0,
    1,
    0.5,
    "",
    "../../etc/passwd",
    "__proto__",
    "$end",
    "a",
    "sluice://edge-1/x",
    "x".repeat(5_000),
    [],
    {},
    true,
    [[[[]]]],
  ),
  fc.constantFrom<unknown>(
    new Map(),
    new Map([["a", "b"]]),
    new Map([[1, 2]]),
    new Uint8Array(3),
    new Set([1]),
  ),
  fc.string(),
  fc.integer(),
);

/** Places inside a message: own fields of objects, entries of maps, items of lists. */
function placesIn(value: unknown, path: readonly unknown[] = []): readonly (readonly unknown[])[] {
  if (path.length > 6 || typeof value !== "object" || value === null || "tell" in value) return [path];
  const inside = value instanceof Map ? [...value] : value instanceof Uint8Array ? [] : Object.entries(value);
  return [path, ...inside.flatMap(([key, item]) => placesIn(item, [...path, key]))];
}

function changed(value: unknown, [first, ...rest]: readonly unknown[], to: unknown): unknown {
  if (first === undefined) return to;
  if (value instanceof Map)
    return new Map([...value].map(([key, item]) => [key, key === first ? changed(item, rest, to) : item]));
  if (Array.isArray(value))
    return value.map((item: unknown, index) => (String(index) === first ? changed(item, rest, to) : item));
  const record = value as Readonly<Record<string, unknown>>;
  return typeof first === "string" ? { ...record, [first]: changed(record[first], rest, to) } : record;
}

/** The components of a node, folded; each has had its honest messages. */
function components(): Readonly<Record<string, { tell(message: never): void }>> {
  const started = <State, Message>(behaviour: Behaviour<State, Message>, path: string) =>
    fold(behaviour, { address: `sluice://edge-1${path}` });
  const store = new MemoryStore();
  return {
    "/controller": started(
      createController(
        {
          node: parseNodeName("edge-1"),
          cloud: parseNodeName("cloud"),
          offers: ({ service }) => SERVICES.has(service),
          scheduler: createProbe(),
          processors: createProbe(),
          distributor: createProbe(),
          listener: null,
        },
        createControllerRetained(),
      ),
      "/controller",
    ),
    "/distributor": started(
      createDistributor(
        { node: parseNodeName("cloud"), store, vouchers: CREDULOUS, scheduler: createProbe() },
        createDistributorRetained(),
      ),
      "/distributor",
    ),
    "/scheduler": started(
      createScheduler(
        {
          term: 1,
          epoch: 0,
          fallback: parseNodeName("cloud"),
          decisions: createInlineDecisions(createPolicies()),
          intervalMs: 1_000,
          moveLimits: {},
          nodesMax: 10,
          sourcesMax: 10,
          sourcesPerNodeMax: 10,
          pipelinesPerNodeMax: 10,
          owners: createMemoryTrust().owners,
          listener: null,
        },
        createSchedulerRetained(),
      ),
      "/scheduler",
    ),
    "/monitor": started(
      createMonitor({
        node: parseNodeName("edge-1"),
        scheduler: createProbe(),
        controller: createProbe(),
        repairs: () => [],
        failures: () => [],
        intervalMs: 1_000,
        isDirect: () => true,
        openHost: () => ({
          read: () => new Promise(() => {}),
          inventory: () => new Promise(() => {}),
          close: () => {},
        }),
      }),
      "/monitor",
    ),
    "/agent": started(
      createAgent(parseNodeName("edge-1"), {
        addSource: async (request) =>
          void (await sourceOptionsOf(request, {
            services: SERVICES,
            readPipeline: readPipelineHere,
            sourcePolicy: "any",
          })),
        takeSource: () => Promise.resolve(),
        movePipeline: () => Promise.resolve(),
        drainSource: () => Promise.resolve(),
        watchPictures: () => {},
        freeName: () => Promise.resolve(),
        openProbe: () => Promise.resolve(),
        ledgers: () => Promise.resolve([]),
        pipelineOf: () => Promise.reject(new Error("none")),
        actors: () => ({ actors: [], left: 0, deadLetters: {} }),
        deadLetters: () => [],
        drain: () => Promise.resolve(),
      }),
      "/agent",
    ),
    "/guardian": started(
      createGuardian(new Map([["x", () => ({ start: () => null, receive: () => null })]])),
      "/guardian",
    ),
    "/source-cam-1": generatorSetup().generator,
    "/follower$abc": started(
      createFollower(createProbe(), () => {}),
      "/follower$abc",
    ),
  };
}

test("whatever passes the guard makes no component fail, however it was changed on the way", () => {
  const attempt = fc.record({
    which: fc.nat(1_000),
    changes: fc.array(fc.tuple(fc.nat(10_000), strange), { maxLength: 3 }),
  });
  const passed = { count: 0 };
  fc.assert(
    fc.property(fc.array(attempt, { minLength: 1, maxLength: 30 }), (attempts) => {
      const nodes = components();
      for (const [, path, message] of HONEST) nodes[path]?.tell(message as never);
      for (const { which, changes } of attempts) {
        const [sender, path, honest] = HONEST[which % HONEST.length] ?? [EDGE, "/controller", {}];
        const message = changes.reduce<unknown>((value, [place, to]) => {
          const places = placesIn(value);
          return changed(value, places[place % places.length] ?? [], to);
        }, honest);
        // An exception out of the guard or of a component fails the property.
        const verdict = guard(sender, path, message);
        if (verdict instanceof Refusal) continue;
        passed.count += 1;
        nodes[path]?.tell(verdict as never);
      }
    }),
    { numRuns: 400 },
  );
  assert.ok(passed.count > 500, `only ${passed.count} passed`);
});

test.run();
