import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { createSyntheticSource } from "../../../src/actors/generator/synthetic-source.js";
import type { ControllerMessage } from "../../../src/actors/protocol/controller.js";
import type {
  NodesReported,
  SchedulerMessage,
  TableReported,
} from "../../../src/actors/protocol/scheduler.js";
import type { ProbeEvent, ProbeOrder } from "../../../src/actors/protocol/synthetic.js";
import { DEFAULT_CONFIGURATION } from "../../../src/task/configuration.js";
import { parseNodeName, parseSourceId, parseStageId } from "../../../src/task/identity.js";
import { PROBE_LIMITS } from "../../../src/task/synthetic.js";
import { fold } from "../../support/fold.js";
import { createProbe } from "../../support/probe.js";
import { VOUCHER, vouch } from "../../support/vouchers.js";
import { pipelineOf } from "../../task/pipelines.js";

const cloud = parseNodeName("cloud");
const edge = parseNodeName("edge-1");
const like = parseSourceId("cam");
const pipeline = pipelineOf({ a: [] });
const ORDER: ProbeOrder = { like, perSecond: 10, tasks: 100, arrivals: "constant", cpuShareMax: 0.9 };

function table(version = 1): TableReported {
  const walked = { ...pipeline, version };
  const route = {
    pipelineId: pipeline.id,
    pipelineVersion: version,
    configuration: { ...DEFAULT_CONFIGURATION, framesPerTask: 1 },
    placement: new Map([[parseStageId("a"), [edge]]]),
  };
  return {
    type: "tableReported",
    table: {
      term: 1,
      epoch: version,
      publishedAtMs: 0,
      pipelines: new Map([[`${pipeline.id}@${version}`, walked]]),
      sources: new Map([[like, route]]),
      deployments: [],
      fallback: cloud,
    },
    acknowledged: {},
    explanations: {},
    overhead: {} as never,
  };
}

const nodes = (cpuShare: number, queued = {}): NodesReported => ({
  type: "nodesReported",
  nodes: [{ description: { name: edge }, sample: { cpuShare, queued } }] as never,
});

function setUp(order: Partial<ProbeOrder> = {}) {
  const controller = createProbe<ControllerMessage>("sluice://cloud/controller");
  const scheduler = createProbe<SchedulerMessage>("sluice://cloud/scheduler");
  const listener = createProbe<ProbeEvent>("sluice://operator/probe");
  const actor = fold(
    createSyntheticSource({
      order: { ...ORDER, ...order },
      cloud,
      controller,
      scheduler,
      listener,
      vouch,
      makeFrames: () => Promise.resolve([new Uint8Array(3)]),
    }),
    { address: "sluice://cloud/source-$cam" },
  );
  /** What the scheduler says to what it was asked last. */
  const look = (of: { readonly table?: TableReported; readonly nodes?: NodesReported }): void => {
    for (const asked of scheduler.received.splice(0)) {
      if (asked.type === "reportTable" && of.table) asked.replyTo.tell(of.table);
      if (asked.type === "reportNodes" && of.nodes) asked.replyTo.tell(of.nodes);
    }
  };
  const made = () => controller.all("submit").map(({ task }) => task);
  const settle = (sequence: number): void => {
    const task = made()[sequence];
    if (task === undefined) throw new Error(`Task ${sequence} was not made`);
    actor.tell({ type: "syntheticEnded", id: task.id, outcome: { status: "stored" }, hops: [] });
  };
  const begin = async (): Promise<void> => {
    look({ table: table(), nodes: nodes(0) });
    await actor.settle();
  };
  return { actor, listener, look, made, settle, begin };
}

test("a synthetic source makes its tasks at their times, of an identity and an origin that no other source has", async () => {
  const { actor, listener, made, settle, begin } = setUp({ tasks: 3 });
  assert.equal(made(), []);
  await begin();
  actor.advance(100);
  assert.is(made().length, 2);
  const [task] = made();
  assert.equal(
    [task?.id.sourceId, task?.id.sequence, task?.origin, task?.voucher],
    ["$cam", 0, "sluice://cloud/source-$cam", VOUCHER],
  );
  assert.is(task?.payload?.frames.length, 1);
  settle(0);
  actor.advance(50);
  settle(1);
  actor.advance(50);
  settle(2);
  assert.equal(
    listener.all("probeTask").map(({ sequence, tookMs }) => [sequence, Math.round(tookMs)]),
    [
      [0, 100],
      [1, 50],
      [2, 0],
    ],
  );
  assert.equal(listener.only("probeEnded"), {
    type: "probeEnded",
    reason: "done",
    detail: "",
    made: 3,
    unanswered: 0,
  });
  assert.equal(actor.stopped, ["sluice://cloud/source-$cam"]);
});

test("a synthetic source has so many tasks under way, counts what waits from when it was due, and ends where it goes on waiting", async () => {
  const { actor, listener, look, made, settle, begin } = setUp({ perSecond: 100 });
  await begin();
  const most = PROBE_LIMITS.underWayMax;
  actor.advance(900);
  assert.is(made().length, most);
  settle(0);
  assert.is(made().length, most + 1);
  settle(most);
  const late = listener.all("probeTask").at(-1);
  assert.is(Math.round(late?.tookMs ?? 0), 900 - most * 10, "due when there was no room for it");
  for (let second = 0; second < 4; second += 1) {
    actor.advance(1_000);
    look({ table: table(), nodes: nodes(0) });
  }
  assert.is(listener.only("probeEnded").reason, "loaded");
  assert.is(actor.stopped.length, 0, "its tasks are still under way");
  actor.advance(31_000);
  assert.ok(actor.stopped.length > 0, "nobody has ended them");
});

test("a synthetic source ends where tasks wait, where processors stay busy, where the plan is another, and where nobody listens", async () => {
  const busy = setUp();
  await busy.begin();
  for (let second = 0; second < 3; second += 1) {
    assert.equal(busy.listener.all("probeEnded"), []);
    busy.actor.advance(1_000);
    busy.look({ table: table(), nodes: nodes(0.95) });
  }
  assert.match(busy.listener.only("probeEnded").detail, /"edge-1" are at work 95 %/);

  const queued = setUp({ cpuShareMax: 1 });
  await queued.begin();
  queued.actor.advance(1_000);
  queued.look({ nodes: nodes(1, { "p@1/a": 65 }) });
  assert.match(queued.listener.only("probeEnded").detail, /On "edge-1" 65 tasks wait/);

  const moved = setUp();
  await moved.begin();
  moved.actor.advance(1_000);
  moved.look({ table: table(2) });
  assert.is(moved.listener.only("probeEnded").reason, "changed");

  const alone = setUp();
  await alone.begin();
  const before = alone.made().length;
  alone.actor.terminate(alone.listener.address);
  alone.actor.advance(500);
  assert.is(alone.made().length, before);
});

test.run();
