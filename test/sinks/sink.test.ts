import * as assert from "uvu/assert";
import type { DistributorMessage } from "../../src/actors/protocol/distributor.js";
import { DeliveryError } from "../../src/sinks/outlet.js";
import { createSink, createSinkRetained, WINDOW } from "../../src/sinks/sink.js";
import { placeRecord } from "../../src/storage/results/store.js";
import type { SinkEvent } from "../../src/task/hub-events.js";
import type { StoredRecord } from "../../src/task/record.js";
import { fold } from "../support/fold.js";
import { createProbe } from "../support/probe.js";
import { newRecord } from "../support/records.js";
import { test } from "../support/test.js";

/** A sink of which the test takes or refuses each delivery. */
function setUp({ from = 0, batchMax = 10, lingerMs = 0, wants = (): boolean => true } = {}) {
  const distributor = createProbe<DistributorMessage>("sluice://cloud/distributor");
  const events: SinkEvent[] = [];
  const kept: number[] = [];
  const asked: { readonly positions: readonly number[]; end: (error?: Error) => void }[] = [];
  const retained = createSinkRetained(from);
  const actor = fold(
    createSink(
      {
        name: "hook",
        kind: "test",
        distributor,
        wants,
        batchMax,
        lingerMs,
        deliver: (records) =>
          new Promise((resolve, reject) =>
            asked.push({
              positions: records.map(({ position }) => position),
              end: (error) => (error === undefined ? resolve() : reject(error)),
            }),
          ),
        keep: (position) => kept.push(position),
        onEvent: (event) => events.push(event),
        onReport: () => {},
      },
      retained,
    ),
    { random: () => 0 },
  );
  const record = (position: number): StoredRecord => placeRecord(newRecord({ sequence: position }), position);
  return {
    distributor,
    events,
    kept,
    asked,
    actor,
    retained,
    give: (...positions: readonly number[]) =>
      positions.forEach((position) => actor.tell({ type: "record", record: record(position) })),
    end: async (error?: Error): Promise<void> => {
      asked.at(-1)?.end(error);
      await actor.settle();
    },
  };
}

test("sink keeps a position only once all before it are taken, and one delivery is under way at a time", async () => {
  const { give, asked, kept, end } = setUp({ batchMax: 2 });
  give(0, 1, 2);
  assert.equal(asked.length, 1);
  assert.equal(kept, []);
  await end();
  assert.equal(kept, [1]);
  await end();
  assert.equal(
    [asked.map(({ positions }) => positions), kept],
    [
      [[0], [1, 2]],
      [1, 3],
    ],
  );
});

test("sink tries a failed delivery again after 1 s, 2 s, ... up to a minute, and as late as it is asked to", async () => {
  const { give, asked, actor, end, events, retained } = setUp();
  give(0);
  for (const [index, waitMs] of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000].entries()) {
    await end(new Error("away"));
    actor.advance(waitMs - 1);
    assert.is(asked.length, index + 1);
    actor.advance(1);
    assert.is(asked.length, index + 2);
  }
  await end(new DeliveryError("busy", { retryAfterMs: 120_000 }));
  actor.advance(119_999);
  assert.is(asked.length, 9);
  actor.advance(1);
  await end();
  assert.equal(
    events.map(({ type }) => type),
    ["sinkDown", "sinkUp"],
  );
  assert.equal([retained.nextPosition, retained.failures, retained.delivered], [1, 9, 1]);
});

test("sink that is restarted goes on behind what was taken, and reads the rest again", async () => {
  const { give, asked, actor, end, distributor } = setUp();
  give(0);
  await end();
  give(1, 2);
  actor.restart();
  assert.equal(
    distributor.all("subscribe").map(({ fromPosition }) => fromPosition),
    [0, 1],
  );
  give(1, 2);
  await end();
  assert.equal(
    asked.slice(-2).map(({ positions }) => positions),
    [[1], [2]],
  );
});

test("sink never asks for more than its window while nothing is taken", async () => {
  const { give, distributor, actor, asked } = setUp();
  give(...Array.from({ length: WINDOW }, (_, index) => index));
  await actor.settle();
  assert.is(distributor.all("subscribe")[0]?.demand, WINDOW);
  assert.equal(distributor.all("demand"), []);
  assert.is(asked.length, 1);
});

test("sink gives back the room of each record once, whether it wants it or not", async () => {
  const { give, distributor, actor, end, asked } = setUp({ wants: () => true, batchMax: 100 });
  let given = 0;
  while (given < 5 * WINDOW) {
    give(...Array.from({ length: WINDOW / 4 }, (_, index) => given + index));
    given += WINDOW / 4;
    while (actor.state().sending > 0) await end();
  }
  const demanded = distributor.all("demand").reduce((sum, { count }) => sum + count, 0);
  assert.ok(demanded <= given && demanded > given - WINDOW / 4, `${demanded} of ${given}`);
  assert.ok(asked.length > 5);
});

test("sink passes over what it does not want, and its position goes on", async () => {
  const { give, asked, kept, distributor } = setUp({ wants: () => false });
  give(...Array.from({ length: 100 }, (_, index) => index));
  assert.equal([asked.length, kept.at(-1)], [0, 100]);
  assert.is(distributor.all("demand").length > 0, true);
});

test("sink waits for others to go along, for so long and no longer", async () => {
  const { give, asked, actor } = setUp({ batchMax: 3, lingerMs: 1_000 });
  give(0, 1);
  actor.advance(999);
  assert.is(asked.length, 0);
  actor.advance(1);
  assert.equal(asked[0]?.positions, [0, 1]);
});

test("sink sends one by one what is refused for good, and passes over what is refused alone", async () => {
  const { give, asked, end, events, retained, actor } = setUp({ batchMax: 3, lingerMs: 1_000 });
  give(0, 1, 2);
  const refused = new DeliveryError("400", { isFinal: true });
  await end(refused);
  await end();
  await end(refused);
  await end();
  give(3, 4, 5);
  await actor.settle();
  assert.equal(
    asked.map(({ positions }) => positions),
    [[0, 1, 2], [0], [1], [2], [3, 4, 5]],
  );
  assert.equal(events, [{ type: "sinkRefused", sink: "hook", position: 1, problem: "400" }]);
  assert.equal([retained.refused, retained.delivered], [1, 2]);
});

test("sink whose subscription fails subscribes again where it was, and sends nothing twice that it has", async () => {
  const { give, asked, actor, end, distributor } = setUp({ batchMax: 2 });
  give(0, 1, 2);
  actor.tell({ type: "subscriptionFailed", error: new Error("busy") });
  actor.advance(5_000);
  assert.is(distributor.all("subscribe").length, 2);
  give(0, 1, 2);
  await end();
  await end();
  assert.equal(
    asked.flatMap(({ positions }) => positions),
    [0, 1, 2],
  );
});

test.run();
