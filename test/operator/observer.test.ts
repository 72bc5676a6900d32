import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { placeRecord } from "../../src/storage/results/store.js";
import { createObserver } from "../../src/operator/observer.js";
import type { RunSummary } from "../../src/operator/run-statistics.js";
import type { DistributorMessage } from "../../src/actors/protocol/distributor.js";
import { fold } from "../support/fold.js";
import { createProbe } from "../support/probe.js";
import { newRecord } from "../support/records.js";

function start(fromPosition = 7) {
  const distributor = createProbe<DistributorMessage>("sluice://cloud/distributor");
  const actor = fold(createObserver({ distributor, fromPosition, pipelines: new Map() }));
  let position = fromPosition;
  const push = (count: number) => {
    for (let left = count; left > 0; left -= 1) {
      const record = placeRecord(newRecord({ sequence: position }), position++);
      actor.tell({ type: "record", record });
    }
  };
  const report = (): RunSummary => {
    const replyTo = createProbe<RunSummary>();
    actor.tell({ type: "reportRun", replyTo });
    const [summary] = replyTo.received;
    assert.ok(summary);
    return summary;
  };
  const demanded = () => distributor.all("demand").reduce((sum, { count }) => sum + count, 0);
  return { distributor, actor, push, report, demanded };
}

test("observer subscribes from the run's first position on, and reports what it was pushed", () => {
  const { distributor, push, report } = start();
  assert.is(distributor.only("subscribe").fromPosition, 7);
  assert.is(report().stored, 0);
  push(5);
  assert.is(report().stored, 5);
});

test("observer that subscribes again goes on behind the last record, and folds none twice", () => {
  const { distributor, actor, push, report } = start();
  push(5);
  actor.tell({ type: "subscribeAgain" });
  assert.equal(
    distributor.all("subscribe").map(({ fromPosition }) => fromPosition),
    [7, 12],
  );
  actor.tell({ type: "record", record: placeRecord(newRecord({ sequence: 11 }), 11) });
  assert.is(report().stored, 5);
});

test("observer asks for as much as it has folded, so that it never holds more than it asked for at first", () => {
  const { distributor, push, demanded, report } = start();
  const { demand } = distributor.only("subscribe");
  push(demand);
  assert.is(demanded(), demand);
  push(10 * demand);
  assert.is(demanded(), 11 * demand);
  assert.is(report().stored, 11 * demand);
});

test("observer that restarts counts again from the run's first position", () => {
  const { distributor, actor, push, report } = start();
  push(3);
  actor.restart();
  assert.is(distributor.all("unsubscribe").length, 1);
  assert.equal(
    distributor.all("subscribe").map(({ fromPosition }) => fromPosition),
    [7, 7],
  );
  assert.is(report().stored, 0);
});

test("observer goes on reporting after records expired and its subscription failed", () => {
  const { actor, push, report } = start();
  push(2);
  actor.tell({ type: "recordsExpired", fromPosition: 9, toPosition: 12 });
  actor.tell({ type: "subscriptionFailed", error: new Error("corrupt") });
  assert.is(report().stored, 2);
});

test.run();
