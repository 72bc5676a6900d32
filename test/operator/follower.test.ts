import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { DistributorMessage, SubscriptionEvent } from "../../src/actors/protocol/distributor.js";
import { createFollower, FOLLOWER_DEMAND } from "../../src/operator/follower.js";
import { placeRecord } from "../../src/storage/results/store.js";
import { fold } from "../support/fold.js";
import { createProbe } from "../support/probe.js";
import { parseSourceId } from "../../src/task/identity.js";
import { newRecord } from "../support/records.js";

test("createFollower hands on every event, and asks for as many records as it has handed on", () => {
  const distributor = createProbe<DistributorMessage>("sluice://cloud/distributor");
  const heard: SubscriptionEvent[] = [];
  const actor = fold(createFollower(distributor, (event) => heard.push(event)));
  const count = 10 * FOLLOWER_DEMAND;
  for (let position = 0; position < count; position += 1) {
    actor.tell({ type: "record", record: placeRecord(newRecord({ sequence: position }), position) });
  }
  actor.tell({ type: "recordsExpired", fromPosition: 0, toPosition: 1 });
  assert.equal(
    heard.map((event) => (event.type === "record" ? event.record.position : event.type)),
    [...Array.from({ length: count }, (_, position) => position), "recordsExpired"],
  );
  const demanded = distributor.all("demand").reduce((sum, { count: more }) => sum + more, 0);
  assert.is(demanded, count);
});

test("createFollower that subscribes again goes on behind its last record, and hands on none twice", () => {
  const distributor = createProbe<DistributorMessage>("sluice://cloud/distributor");
  const heard: number[] = [];
  const followed = { fromPosition: 3, sourceId: parseSourceId("cam-1") };
  const actor = fold(
    createFollower(
      distributor,
      (event) => {
        if (event.type === "record") heard.push(event.record.position);
      },
      followed,
    ),
  );
  const push = (...positions: readonly number[]): void => {
    for (const position of positions)
      actor.tell({ type: "record", record: placeRecord(newRecord({ sequence: position }), position) });
  };
  push(3, 4);
  actor.tell({ type: "recordsExpired", fromPosition: 5, toPosition: 7 });
  actor.tell({ type: "subscribeAgain" });
  const { fromPosition, sourceId, demand } = distributor.only("subscribe");
  assert.equal([fromPosition, sourceId, demand], [8, "cam-1", FOLLOWER_DEMAND]);
  // What was on its way to the former session may come all the same.
  push(4, 8, 8, 9);
  assert.equal(heard, [3, 4, 8, 9]);
  actor.tell({ type: "subscribeAgain" });
  assert.is(distributor.all("subscribe").at(-1)?.fromPosition, 10);
});

test("createFollower goes on after its listener has thrown", () => {
  const distributor = createProbe<DistributorMessage>("sluice://cloud/distributor");
  const heard: number[] = [];
  const actor = fold(
    createFollower(distributor, (event) => {
      if (event.type !== "record") return;
      heard.push(event.record.position);
      throw new Error("a mistake of the program");
    }),
  );
  for (const position of [0, 1]) {
    actor.tell({ type: "record", record: placeRecord(newRecord({ sequence: position }), position) });
  }
  assert.equal(heard, [0, 1]);
});

test.run();
