import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { stageKeyText } from "../../../src/task/identity.js";
import { END, type Task } from "../../../src/task/task.js";
import { vouchedText } from "../../../src/task/voucher.js";
import { VOUCHER } from "../../support/vouchers.js";
import { newTask, pipelineOf, resultOf } from "../../task/pipelines.js";
import { CLOUD, EDGE, hopOf, keyOf, routerOf, SOURCE, tableOf } from "./controller-subject.js";

const DIAMOND = pipelineOf({ a: [], b: ["a"], c: ["a"] });
const LINE = pipelineOf({ a: [] });
const DELIVERIES_MAX = 1_000_000;

/** Only what carries this voucher is vouched for. */
const byVoucher = (_: unknown, { voucher }: Task): boolean => voucher === VOUCHER;
const honest = (task: Task): Task => ({ ...task, voucher: VOUCHER });

function first(tasks: readonly Task[]): Task {
  const [task] = tasks;
  if (task === undefined) throw new Error("No task");
  return task;
}

/** One branch of a task before its end, as it comes to the node where all of them meet. */
function branch(cameFrom: "b" | "c", change: Partial<Task> = {}): Task {
  const task = first(newTask(DIAMOND));
  const [a, from] = [keyOf(DIAMOND, "a").stage, keyOf(DIAMOND, cameFrom).stage];
  return {
    ...honest(task),
    cursor: END,
    cameFrom: from,
    joinNodes: new Map([[END, CLOUD]] as const),
    results: new Map([a, from].map((stage) => [stage, resultOf(stage)])),
    hops: [a, from].map((stage) => hopOf({ ...task, cursor: stage }, EDGE, 1)),
    ...change,
  };
}

/** The same task of another node's source. */
function ofNode(node: string, task: Task): Task {
  const sourceId = `cam-of-${node}` as Task["id"]["sourceId"];
  return { ...task, id: { ...task.id, sourceId }, origin: `sluice://${node}/source-${sourceId}` };
}

test("controller lets no forged branch meet those of a task, and remembers nothing of it", () => {
  const { router, distributor, install } = routerOf(CLOUD, {}, byVoucher);
  install(tableOf(DIAMOND, 1, EDGE));
  for (const cameFrom of ["b", "c"] as const) {
    router.tell({
      type: "submit",
      task: branch(cameFrom, { delivery: DELIVERIES_MAX, voucher: new Uint8Array(16) }),
    });
  }
  const drops = distributor.all("recordDrop");
  assert.equal(
    drops.map(({ drop }) => [drop.reason, drop.disowned, drop.detail]),
    Array.from({ length: 2 }, () => ["noRoute", true, "The node of its source does not vouch for it"]),
  );
  for (const cameFrom of ["b", "c"] as const) router.tell({ type: "submit", task: branch(cameFrom) });
  assert.is(distributor.only("store").task.delivery, 1);
});

test("controller ends nothing for a forged task of a pipeline that it never gets to know", () => {
  const { router, distributor, install } = routerOf(CLOUD, {}, byVoucher);
  const forged = branch("b", { delivery: DELIVERIES_MAX, voucher: new Uint8Array(16) });
  router.tell({ type: "submit", task: forged });
  router.advance(10_000);
  install(tableOf(DIAMOND, 1, EDGE));
  for (const cameFrom of ["b", "c"] as const) router.tell({ type: "submit", task: branch(cameFrom) });
  assert.is(distributor.all("store").length, 1);
});

test("controller takes no task of a source of its own node that claims to be another node's", () => {
  const { router, distributor, attach, queued } = routerOf(EDGE);
  attach(LINE);
  const task = first(newTask(LINE));
  router.tell({ type: "submit", task: { ...task, origin: `sluice://rogue/source-${SOURCE}` } });
  assert.is(distributor.only("recordDrop").drop.reason, "noRoute");
  assert.is(queued(), 0);
  router.tell({ type: "submit", task });
  assert.is(queued(), 1);
});

test("controller drops what a node made before this one had its source so that the distributor can tell whose it was", () => {
  const { router, distributor, attach } = routerOf(EDGE);
  attach(DIAMOND);
  const pins = new Map([[keyOf(DIAMOND, "c").stage, { node: EDGE, ordinal: 3 }]] as const);
  const task = branch("b", { pins, origin: `sluice://edge-9/source-${SOURCE}` });
  router.tell({ type: "submit", task });
  assert.is(vouchedText(distributor.only("recordDrop").drop), vouchedText(task));
});

test("controller leaves room at a stage to others, however many tasks one node sends", () => {
  const { router, distributor, install, queued } = routerOf(CLOUD, { stageTasksMax: 100 });
  install(tableOf(LINE, 1, CLOUD));
  for (let sequence = 0; sequence < 300; sequence += 1)
    router.tell({ type: "submit", task: ofNode("rogue", first(newTask(LINE, sequence))), forwarded: 1 });
  assert.is(queued(), 50);
  assert.is(distributor.all("recordDrop").length, 250);
  assert.match(distributor.all("recordDrop")[0]?.drop.detail ?? "", stageKeyText(keyOf(LINE, "a")));
  for (let sequence = 0; sequence < 16; sequence += 1)
    router.tell({ type: "submit", task: ofNode("edge-2", first(newTask(LINE, sequence))), forwarded: 1 });
  assert.is(queued(), 66);
  assert.is(distributor.all("recordDrop").length, 250);
});

/** With so many bytes of pixels. */
function heavy(task: Task, bytes: number): Task {
  const frames = [{ ptsUs: 0, data: new Uint8Array(bytes) }];
  return { ...task, payload: { encoding: "jpeg", width: 16, height: 16, frames } };
}

test("controller holds no more bytes of other nodes' tasks than it may, wherever they wait, and counts what goes", () => {
  const { router, distributor, install, queued, waitingBytes } = routerOf(CLOUD, { waitingBytesMax: 1e6 });
  const unknown = pipelineOf({ z: [] });
  const table = tableOf(LINE, 1, CLOUD);
  const { pipelines, sources } = tableOf(DIAMOND, 1, EDGE);
  install({ ...table, pipelines: new Map([...table.pipelines, ...pipelines]), sources });
  const places: readonly ((sequence: number) => Task)[] = [
    (sequence) => first(newTask(LINE, sequence)),
    (sequence) => {
      const task = branch("b");
      return { ...task, id: { ...task.id, sequence } };
    },
    (sequence) => ({ ...first(newTask(unknown, sequence)), pipelineVersion: 99 }),
  ];
  for (let sequence = 0; sequence < 40; sequence += 1) {
    for (const [at, make] of places.entries()) {
      const task = ofNode("rogue", heavy(make(sequence), 20_000));
      const id = { ...task.id, sourceId: `${task.id.sourceId}-${at}` as Task["id"]["sourceId"] };
      const origin = `sluice://rogue/source-${id.sourceId}`;
      router.tell({ type: "submit", task: { ...task, id, origin }, forwarded: 1 });
    }
    assert.ok(waitingBytes() < 5.3e5, `${waitingBytes()} bytes of one node`);
  }
  const drops = distributor.all("recordDrop").map(({ drop }) => drop.reason);
  assert.ok(drops.length > 80 && drops.every((reason) => reason === "overflow"), drops.join());
  // Others find room, and its own sources need none.
  const before = queued();
  router.tell({ type: "submit", task: ofNode("edge-2", heavy(first(newTask(LINE)), 90_000)), forwarded: 1 });
  router.tell({ type: "submit", task: ofNode(CLOUD, heavy(first(newTask(LINE)), 5e6)) });
  assert.is(queued(), before + 2);
  // Joins and parked tasks time out, and the stage is given up.
  router.advance(60_000);
  install({ ...tableOf(unknown, 2, CLOUD), sources: new Map() });
  router.advance(60_000);
  router.advance(60_000);
  assert.is(waitingBytes(), 0);
});

test("controller leaves room at its joins to others, however many tasks one node leaves waiting there", () => {
  const { router, distributor, install } = routerOf(CLOUD, { joinTasksMax: 100 });
  install(tableOf(DIAMOND, 1, EDGE));
  const at = (sequence: number, node: string, cameFrom: "b" | "c"): Task => {
    const task = branch(cameFrom);
    return ofNode(node, { ...task, id: { ...task.id, sequence } });
  };
  for (let sequence = 0; sequence < 300; sequence += 1)
    router.tell({ type: "submit", task: at(sequence, "rogue", "b") });
  assert.is(distributor.all("recordDrop").length, 250);
  for (const cameFrom of ["b", "c"] as const)
    for (let sequence = 0; sequence < 16; sequence += 1)
      router.tell({ type: "submit", task: at(sequence, "edge-2", cameFrom) });
  assert.is(distributor.all("store").length, 16);
});

test("controller leaves room to others for tasks whose pipeline it does not know yet, and takes it back", () => {
  const { router, distributor, install, queued } = routerOf(CLOUD, { parkTasksMax: 100 });
  const unknown = pipelineOf({ z: [] });
  const flood = (): void => {
    for (let sequence = 0; sequence < 300; sequence += 1) {
      const task = { ...first(newTask(unknown, sequence)), pipelineVersion: 99 };
      router.tell({ type: "submit", task: ofNode("rogue", task), forwarded: 1 });
    }
  };
  flood();
  assert.is(distributor.all("recordDrop").length, 250);
  for (let sequence = 0; sequence < 16; sequence += 1)
    router.tell({ type: "submit", task: ofNode("edge-2", first(newTask(LINE, sequence))), forwarded: 1 });
  install(tableOf(LINE, 1, CLOUD));
  assert.is(queued(), 16);
  router.advance(10_000);
  assert.is(distributor.all("recordDrop").length, 300);
  flood();
  assert.is(distributor.all("recordDrop").length, 550);
});

test.run();
