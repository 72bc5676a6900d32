import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { ProcessorMessage } from "../../../src/actors/protocol/processor.js";
import { parseNodeName } from "../../../src/task/identity.js";
import { createProbe } from "../../support/probe.js";
import { newTask, pipelineOf, resultOf } from "../../task/pipelines.js";
import { CLOUD, EDGE, hopOf, keyOf, routerOf, tableOf } from "./controller-subject.js";

const PIPELINE = pipelineOf({ a: [] });
const KEY = keyOf(PIPELINE, "a");
const OTHER = parseNodeName("edge-2");
const error = new Error("no model");

function failing(node = EDGE) {
  const subject = routerOf(node);
  const { router, install } = subject;
  install(tableOf(PIPELINE, 1, node));
  const processor = createProbe<ProcessorMessage>(`sluice://${node}/processors/a`);
  router.tell({ type: "processorStarted", stage: KEY, processor, incarnation: 1 });
  const submit = (sequence: number) => {
    for (const task of newTask(PIPELINE, sequence)) router.tell({ type: "submit", task });
  };
  const fail = () => router.tell({ type: "processorFailed", stage: KEY, error });
  return { ...subject, processor, submit, fail };
}

test("a stage that cannot be loaded is told of once, and given up with its processor", () => {
  const { fail, listener, scheduler, processors } = failing();
  fail();
  fail();
  assert.is(listener.only("stageFailed").error, error);
  assert.equal(scheduler.all("stageUnavailable")[0]?.failure.stage, KEY);
  assert.is(scheduler.all("stageUnavailable")[0]?.failure.reason, "no model");
  assert.is(processors.only("retireProcessor").stage.stage, KEY.stage);
});

test("what waited for a stage that cannot be loaded, and what its processor had, goes to the next place", () => {
  const { submit, fail, processor, other, distributor, queued } = failing();
  for (let sequence = 0; sequence < 20; sequence++) submit(sequence);
  assert.is(processor.all("execute").length, 16, "a full queue, and four that wait");
  fail();
  const sent = other(CLOUD)?.all("submit") ?? [];
  assert.equal(
    sent.map(({ task }) => task.id.sequence),
    Array.from({ length: 20 }, (_, sequence) => sequence),
  );
  submit(20);
  assert.is(other(CLOUD)?.all("submit").length, 21);
  assert.equal([distributor.received, queued()], [[], 0]);
});

test("where the failed node is the last place, its tasks wait for the next table, and are dropped where that has none", () => {
  const { submit, fail, other, distributor, install } = failing(CLOUD);
  submit(0);
  fail();
  submit(1);
  assert.equal(distributor.received, []);
  install(tableOf(PIPELINE, 2, OTHER));
  assert.equal(
    other(OTHER)
      ?.all("submit")
      .map(({ task }) => task.id.sequence),
    [0, 1],
  );
  install(tableOf(PIPELINE, 3, CLOUD));
  submit(2);
  const { drop } = distributor.only("recordDrop");
  assert.equal([drop.id.sequence, drop.reason, drop.detail], [2, "serviceFailed", "no model"]);
});

test("a task that no table helps in time is dropped for what its stage failed of", () => {
  const { router, submit, fail, distributor } = failing(CLOUD);
  fail();
  submit(0);
  router.advance(5_250);
  const { reason, detail } = distributor.only("recordDrop").drop;
  assert.equal([reason, detail], ["serviceFailed", "no model"]);
});

test("a stage that failed is tried again after a while, later each time, and forgotten once it has done a task", () => {
  const { router, submit, fail, processors, processor, scheduler, distributor } = failing();
  const ensured = () => processors.all("ensureProcessor").length;
  fail();
  submit(0);
  assert.is(ensured(), 1);
  router.advance(10_000);
  submit(1);
  assert.is(ensured(), 2);
  fail();
  const [first, second] = scheduler.all("stageUnavailable").map(({ failure }) => failure.retryInMs);
  assert.ok((first ?? 0) >= 8_000 && (second ?? 0) > (first ?? 0), `${first} and ${second}`);
  router.advance(20_000);
  submit(2);
  router.tell({ type: "processorStarted", stage: KEY, processor, incarnation: 2 });
  for (const { task } of processor.all("execute")) {
    router.tell({ type: "stageCompleted", task, result: resultOf("a"), hop: hopOf(task, EDGE, 1) });
  }
  assert.is(distributor.only("store").task.id.sequence, 2);
  fail();
  const third = scheduler.all("stageUnavailable").at(-1)?.failure.retryInMs ?? 0;
  assert.ok(third <= 10_000, `${third} as at first`);
});

test.run();
