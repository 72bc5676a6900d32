/** A source that an operator has paused, and what goes on meanwhile. */

import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { SluiceError } from "../../../src/task/errors.js";
import { parseNodeName } from "../../../src/task/identity.js";
import { CLOUD, setup, SOURCE } from "./setup.js";

const CAMERA = { source: "rtsp://camera/1" };
const isoOf = (atMs: number): string => new Date(atMs).toISOString();

test("a paused file has nothing open, what is under way ends, and it goes on at the exact frame", () => {
  const { capture, clock, listener, ledger, pause, settle, submitted, times } = setup({
    configuration: { framesPerTask: 2 },
  });
  for (const ms of [0, 100, 200]) capture.last.frame(ms);
  pause({ sinceMs: clock.now(), reason: "maintenance" });
  assert.is(capture.last.closed, true);
  assert.is(ledger().status, "paused");
  assert.equal(listener.only("sourcePaused"), {
    type: "sourcePaused",
    sourceId: SOURCE,
    reason: "maintenance",
  });
  settle(0);
  assert.equal([ledger().stored, ledger().inFlight, capture.opened.length], [1, 0, 1]);
  pause(null);
  assert.is(capture.opened.length, 2);
  assert.is(capture.last.options.after?.frame, 1, "the frame of the task in the making is captured again");
  capture.last.info();
  for (const ms of [200, 300]) capture.last.frame(ms);
  assert.equal(times(), [
    [0, 100],
    [200, 300],
  ]);
  assert.equal(
    submitted().map(({ id, frames }) => [id.sequence, frames?.after ?? null]),
    [
      [0, null],
      [1, 1],
    ],
  );
  assert.is(ledger().framesSkipped, 0);
});

test("the pause of a live source is stored as a gap of its own kind, with its times and reason, once it gives frames", () => {
  const { capture, clock, controller, listener, ledger, pause, settle } = setup(CAMERA);
  capture.last.frame(0);
  clock.advance(100);
  const fromMs = clock.now();
  pause({ sinceMs: fromMs - 3, reason: "cleaned" });
  assert.is(capture.last.closed, true, "its connection is closed");
  clock.advance(60_000);
  assert.equal([listener.all("sourceStalled").length, capture.opened.length], [0, 1]);
  pause(null);
  assert.is(controller.all("stageDropped").length, 0);
  clock.advance(500);
  capture.last.info({ durationUs: null });
  capture.last.frame(0);
  const { reason, detail, task } = controller.only("stageDropped");
  assert.equal([reason, task.id.sequence, task.frameCount, task.sourceAtMs], ["paused", 1, 0, fromMs]);
  assert.is(detail, `from ${isoOf(fromMs)} to ${isoOf(clock.now())}: paused by an operator: cleaned`);
  settle(0);
  settle(1, { status: "dropped", reason: "paused" });
  settle(2);
  assert.equal([ledger().dropped, ledger().status], [{ paused: 1 }, "capturing"]);
});

test("what its policy paused goes on once the hub has been gone for 10 s, and pauses again as the hub says so; an operator's pause stays", () => {
  const { capture, clock, generator, ledger, pause } = setup(CAMERA);
  const hub = (type: "nodeGone" | "nodeBack") =>
    generator.tell(type === "nodeGone" ? { type, node: CLOUD, left: false } : { type, node: CLOUD });
  const statusIn = (ms: number) => (clock.advance(ms), ledger().status);
  const decided = { sinceMs: clock.now(), reason: "tasks were late", by: "policy" } as const;
  pause(decided);
  assert.is(statusIn(60_000), "paused", "its policy is asked");
  hub("nodeGone");
  assert.is(statusIn(9_999), "paused");
  hub("nodeBack");
  assert.is(statusIn(60_000), "paused", "it was back in time");
  generator.tell({ type: "nodeGone", node: parseNodeName("edge-2"), left: false });
  assert.is(statusIn(60_000), "paused", "another node has no say in it");
  hub("nodeGone");
  assert.equal([statusIn(10_000), capture.opened.length], ["capturing", 2]);
  pause(decided);
  assert.is(ledger().status, "paused");
  hub("nodeBack");
  assert.is(statusIn(60_000), "paused");
  pause({ sinceMs: clock.now(), reason: "cleaned" });
  hub("nodeGone");
  assert.is(statusIn(60_000), "paused");
});

test("a source that starts while it is paused opens nothing, and its gap begins when the operator said so", () => {
  const { capture, clock, controller, generator, ledger, pause, settle, isStopped } = setup({
    ...CAMERA,
    waiting: true,
    resumed: true,
  });
  const sinceMs = clock.now() - 90_000;
  pause({ sinceMs, reason: "" });
  clock.advance(5_000);
  assert.equal([capture.opened.length, ledger().status], [0, "paused"]);
  generator.tell({ type: "drain" });
  const { detail, task } = controller.only("stageDropped");
  assert.is(detail, `from ${isoOf(sinceMs)} to ${isoOf(clock.now())}: paused by an operator`);
  assert.is(task.sourceAtMs, sinceMs);
  settle(0, { status: "dropped", reason: "paused" });
  assert.ok(isStopped());
});

test("a camera that is lost is not tried again while it is paused, and its outage is a gap of its own on either side", () => {
  const { capture, clock, controller, pause } = setup(CAMERA);
  capture.last.frame(0);
  capture.last.end(new SluiceError("Connection refused", { code: "source-unreachable" }));
  clock.advance(100);
  pause({ sinceMs: clock.now(), reason: "" });
  clock.advance(60_000);
  assert.is(capture.opened.length, 1);
  pause(null);
  capture.last.end(new SluiceError("No route to host", { code: "source-unreachable" }));
  clock.advance(1_000);
  capture.last.info({ durationUs: null });
  capture.last.frame(0);
  // They are not settled here, and so told again.
  const gaps = new Map(controller.all("stageDropped").map(({ task, reason }) => [task.id.sequence, reason]));
  assert.equal([...gaps.values()], ["outage", "paused", "outage"]);
});

test("a paced file that was paused does not rush afterwards", () => {
  const { capture, clock, pause, submitted } = setup({ paced: true });
  for (const ms of [0, 100, 200]) capture.last.frame(ms);
  clock.advance(100);
  assert.is(submitted().length, 2);
  pause({ sinceMs: clock.now(), reason: "" });
  clock.advance(10_000);
  pause(null);
  capture.last.info();
  for (const ms of [200, 300]) capture.last.frame(ms);
  assert.is(submitted().length, 3);
  clock.advance(99);
  assert.is(submitted().length, 3);
  clock.advance(1);
  assert.is(submitted().length, 4);
});

test("a source that is paused while it reads recovered tasks again ends those first", () => {
  const { capture, ledger, pause } = setup();
  capture.last.frame(0);
  pause({ sinceMs: 0, reason: "" });
  pause({ sinceMs: 0, reason: "said again" });
  assert.equal([ledger().status, ledger().inFlight, capture.opened.length], ["paused", 1, 1]);
});

test("a source that its policy has paused says so in its gap and to whoever listens", () => {
  const { capture, clock, controller, listener, pause } = setup(CAMERA);
  capture.last.frame(0);
  pause({ sinceMs: clock.now(), reason: "tasks were late", by: "policy", flushes: true });
  assert.equal(listener.only("sourcePaused"), {
    type: "sourcePaused",
    sourceId: listener.only("sourcePaused").sourceId,
    reason: "tasks were late",
    by: "policy",
  });
  pause(null);
  capture.last.info({ durationUs: null });
  capture.last.frame(0);
  assert.match(controller.only("stageDropped").detail, /: paused by its policy: tasks were late$/);
});

test.run();
