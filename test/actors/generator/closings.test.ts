import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { auditLedgersOf } from "../../../src/audit/ledgers.js";
import type { DistributorMessage } from "../../../src/actors/protocol/distributor.js";
import type { Closing } from "../../../src/task/task.js";
import { createProbe } from "../../support/probe.js";
import { setup, SOURCE, STORED, type Setup } from "./setup.js";

function closing(given: Setup = {}) {
  const distributor = createProbe<DistributorMessage>("sluice://cloud/distributor");
  const subject = setup({ ...given, distributor });
  const told = (): readonly Closing[] => distributor.all("recordClosing").map(({ closing: each }) => each);
  return { ...subject, told };
}

test("a generator has its incarnation closed once every task is settled, and ends when that is stored", () => {
  const { capture, settle, told, listener, isStopped } = closing();
  for (const ms of [0, 100, 200]) capture.last.frame(ms);
  capture.last.end();
  settle(0);
  settle(1, { status: "dropped", reason: "poison" });
  assert.equal(told(), [], "a task is under way");
  settle(2);
  const [only] = told();
  assert.is(told().length, 1);
  assert.equal([only?.id, only?.end], [{ sourceId: SOURCE, incarnation: 3, sequence: 3 }, "ended"]);
  assert.equal(only?.counts, { stored: 2, dropped: { poison: 1 }, redelivered: 0, framesSkipped: 0 });
  assert.not(isStopped());
  settle(3);
  assert.ok(isStopped());
  assert.is(listener.all("sourceEnded").length, 1);
});

test("a generator tells its closing again, after longer and longer, until it is stored", () => {
  const { capture, settle, told, clock, isStopped } = closing();
  capture.last.end();
  assert.is(told().length, 1);
  clock.advance(499);
  assert.is(told().length, 1);
  clock.advance(1);
  assert.is(told().length, 2);
  clock.advance(1_000);
  assert.is(told().length, 3);
  settle(0);
  assert.ok(isStopped());
});

test("a generator closes the incarnations that went down before it with what they are known to have made", () => {
  const { told, generator, isStopped, capture, settle, clock } = closing({
    recovered: {
      incarnation: 3,
      entries: [],
      position: null,
      lastTaskAtMs: null,
      tasksBefore: 0,
      unclosed: [
        { incarnation: 1, created: 7, end: "replaced" },
        { incarnation: 2, created: 4, end: "recovered" },
      ],
    },
  });
  const ids = (): readonly string[] => told().map(({ id, end }) => `${id.incarnation}/${id.sequence} ${end}`);
  assert.equal([...new Set(ids())], ["1/7 replaced", "2/4 recovered"]);
  assert.equal([...new Set(told().map(({ counts }) => counts))], [null]);
  generator.tell({
    type: "taskSettled",
    id: { sourceId: SOURCE, incarnation: 1, sequence: 7 },
    outcome: STORED,
  });
  const before = told().length;
  clock.advance(60_000);
  assert.equal([...new Set(ids().slice(before))], ["2/4 recovered"]);
  capture.last.end();
  settle(0);
  assert.not(isStopped(), "one of the earlier ones is not stored yet");
  generator.tell({
    type: "taskSettled",
    id: { sourceId: SOURCE, incarnation: 2, sequence: 4 },
    outcome: STORED,
  });
  assert.ok(isStopped());
});

test("a source of which a task is superseded captures no more and ends, and one of an earlier incarnation says nothing of it", () => {
  const { capture, settle, generator, listener } = setup({ source: "rtsp://cam/1" });
  const superseded = { status: "dropped", reason: "superseded" } as const;
  capture.last.frame(0);
  const earlier = { sourceId: SOURCE, incarnation: 1, sequence: 0 };
  generator.tell({ type: "taskSettled", id: earlier, outcome: superseded });
  assert.equal([capture.last.closed, listener.all("sourceEnded").length], [false, 0]);
  settle(0, superseded);
  assert.is(capture.last.closed, true);
  const { ledger } = listener.only("sourceEnded");
  assert.equal(ledger.dropped, { superseded: 1 });
  assert.equal(
    auditLedgersOf(ledger).map(({ created, outstanding }) => [created, outstanding]),
    [[null, []]],
    "what it made last is nowhere: no audit takes it for lost",
  );
});

test.run();
