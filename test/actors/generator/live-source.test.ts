import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { SluiceError } from "../../../src/task/errors.js";
import { setup, SOURCE } from "./setup.js";

const CAMERA = { source: "rtsp://cam/1" };

test("a live source under dropNewest drops the task that finds the window full, and its gap is reported", () => {
  const { capture, controller, times, settle, ledger } = setup({ ...CAMERA, window: { tasks: 1 } });
  for (const ms of [0, 100, 200]) capture.last.frame(ms);
  assert.equal(times(), [[0]]);
  assert.equal(
    controller.all("stageDropped").map(({ task, reason }) => [task.id.sequence, reason, task.payload]),
    [
      [1, "windowFull", null],
      [2, "windowFull", null],
    ],
  );
  assert.is(ledger().inFlight, 3, "a drop is in flight until it is stored");
  settle(1, { status: "dropped", reason: "windowFull" });
  settle(2, { status: "dropped", reason: "windowFull" });
  settle(0);
  const { created, stored, dropped, inFlight } = ledger();
  assert.equal(
    { created, stored, dropped, inFlight },
    { created: 3, stored: 1, dropped: { windowFull: 2 }, inFlight: 0 },
  );
});

for (const { name, source, opened } of [
  { name: "a live source begins once its stages are loaded", source: "rtsp://cam/1", opened: [0, 0, 1] },
  { name: "a file does not wait for its stages to be loaded", source: "clip.mp4", opened: [1, 1, 1] },
]) {
  test(name, () => {
    const { capture, configure } = setup({ source, waiting: true });
    const seen: number[] = [];
    for (const loading of [true, true, false]) {
      configure({}, loading);
      seen.push(capture.opened.length);
    }
    assert.equal(seen, opened);
  });
}

test("a live source begins all the same where its stages take longer than 10 s to load", () => {
  const { capture, configure, generator } = setup({ ...CAMERA, waiting: true });
  configure({}, true);
  generator.advance(9_000);
  configure({ fps: 5 }, true);
  assert.is(capture.opened.length, 0);
  generator.advance(1_000);
  assert.is(capture.last.options.configuration.fps, 5);
});

test("a live source under dropOldest keeps the newest task waiting for room", () => {
  const { capture, controller, times, settle } = setup({
    ...CAMERA,
    window: { tasks: 1 },
    livePolicy: "dropOldest",
  });
  for (const ms of [0, 100, 200, 300]) capture.last.frame(ms);
  assert.equal(times(), [[0]]);
  assert.equal(
    controller.all("stageDropped").map(({ task }) => task.id.sequence),
    [1, 2],
  );
  settle(0);
  assert.equal(times(), [[0], [300]]);
});

test("a live source makes no task while the store does not even take its gaps", () => {
  const { capture, ledger } = setup({ ...CAMERA, window: { tasks: 1 } });
  for (let index = 0; index < 10_050; index++) capture.last.frame(index);
  const { created, inFlight, framesSkipped } = ledger();
  assert.equal(
    { created, inFlight, framesSkipped },
    { created: 10_001, inFlight: 10_001, framesSkipped: 49 },
  );
});

test("a live source that was never reached ends with the reason", () => {
  const { capture, configure, listener } = setup({ ...CAMERA, waiting: true });
  configure({});
  capture.last.end(new SluiceError("Cannot reach source", { code: "source-unreachable" }));
  assert.is((listener.only("sourceEnded").error as SluiceError).code, "source-unreachable");
});

test("a live source opens the new capture before it closes the old, and changes with its first frame", () => {
  const { capture, configure, submitted } = setup(CAMERA);
  capture.last.frame(0);
  configure({ width: 320, height: 180 });
  const [old, fresh] = capture.opened;
  assert.not.ok(old?.closed);
  old?.frame(100);
  fresh?.info({ durationUs: null });
  fresh?.frame(5_000);
  assert.ok(old?.closed);
  assert.equal(
    submitted().map((task) => task.payload?.width),
    [640, 640, 320],
  );
});

test("a live source finishes the task in the making from the old capture", () => {
  const { capture, configure, submitted, ledger } = setup({ ...CAMERA, configuration: { framesPerTask: 2 } });
  capture.last.frame(0);
  configure({ framesPerTask: 2, width: 320, height: 180 });
  capture.last.frame(100);
  const [old, fresh] = capture.opened;
  old?.frame(200);
  fresh?.frame(5_000);
  old?.frame(300);
  fresh?.frame(5_100);
  fresh?.frame(5_200);
  assert.equal(
    submitted().map((task) => task.payload?.width),
    [640, 640, 320],
  );
  assert.is(ledger().framesSkipped, 1);
});

test("a live source that allows one reader only is closed and opened again", () => {
  const { capture, configure } = setup({ source: "/dev/video0" });
  capture.last.frame(0);
  configure({ width: 320, height: 180 });
  capture.last.end(new SluiceError("busy", { code: "source-unreachable" }));
  assert.equal(
    capture.opened.map(({ closed }) => closed),
    [true, true, false],
  );
  assert.is(capture.last.options.configuration.width, 320);
});

test("a live source without a frame for 5 s is reconnected with growing delays", () => {
  const { capture, clock, listener, ledger } = setup(CAMERA);
  capture.last.frame(0);
  clock.advance(4_999);
  assert.is(listener.all("sourceStalled").length, 0);
  clock.advance(1);
  assert.equal(listener.only("sourceStalled"), {
    type: "sourceStalled",
    sourceId: SOURCE,
    reason: "stalled",
    detail: "no frame comes",
    attempt: 1,
  });
  assert.is(ledger().status, "reconnecting");
  clock.advance(500);
  assert.is(capture.opened.length, 2);
  for (let attempt = 2; attempt <= 5; attempt++) {
    capture.last.end(new SluiceError("refused", { code: "source-unreachable" }));
    assert.is(listener.all("sourceStalled").length, attempt);
    const longestMs = 500 * 2 ** (attempt - 1);
    clock.advance(longestMs / 2 - 1);
    assert.is(capture.opened.length, attempt, "at least half of the delay");
    clock.advance(longestMs / 2 + 1);
    assert.is(capture.opened.length, attempt + 1);
  }
});

test("an outage of a live source is stored as a gap of its own once frames come again, with its times and reason", () => {
  const { capture, clock, listener, controller, generator, ledger, settle } = setup(CAMERA);
  capture.last.frame(0);
  clock.advance(400);
  const fromMs = clock.now();
  capture.last.end(new SluiceError("Connection refused", { code: "source-unreachable" }));
  assert.is(listener.only("sourceStalled").detail, "Connection refused");
  clock.advance(500);
  capture.last.end(new SluiceError("No route to host", { code: "source-unreachable" }));
  assert.is(listener.all("sourceStalled")[1]?.detail, "No route to host");
  clock.advance(1_000);
  assert.is(controller.all("stageDropped").length, 0);
  capture.last.info({ durationUs: null });
  capture.last.frame(0);
  const dropped = controller.only("stageDropped");
  assert.equal([dropped.reason, dropped.task.id.sequence, dropped.task.frameCount], ["outage", 1, 0]);
  assert.is(dropped.task.sourceAtMs, fromMs);
  const [since, until] = [fromMs, clock.now()].map((atMs) => new Date(atMs).toISOString());
  assert.is(dropped.detail, `from ${since} to ${until}: Connection refused`);
  assert.equal(dropped.outage, { fromMs, toMs: clock.now(), reason: "Connection refused", ended: true });
  assert.is(listener.only("sourceBack").afterMs, 1_500);
  assert.equal(
    controller.all("submit").map(({ task }) => task.id.sequence),
    [0, 2],
  );
  // One that goes on to the end is stored, too.
  capture.last.end();
  generator.tell({ type: "drain" });
  assert.is(controller.all("stageDropped").length, 2);
  assert.is(controller.all("stageDropped")[1]?.outage?.ended, false);
  for (const sequence of [0, 2]) settle(sequence);
  for (const sequence of [1, 3]) settle(sequence, { status: "dropped", reason: "outage" });
  assert.equal(ledger().dropped, { outage: 2 });
});

test("a live source that goes on with its node stores when it gave nothing since its last task before", () => {
  const recovered = { incarnation: 3, entries: [], position: null, unclosed: [], tasksBefore: 0 };
  const lastTaskAtMs = 1_000;
  const { capture, clock, controller } = setup({
    ...CAMERA,
    resumed: true,
    recovered: { ...recovered, lastTaskAtMs },
  });
  capture.last.frame(0);
  const { outage } = controller.only("stageDropped");
  assert.equal([outage?.fromMs, outage?.toMs, outage?.ended], [lastTaskAtMs, clock.now(), true]);
  const reason = "its node was down, or it gave nothing before that";
  assert.is(outage?.reason, reason);
  const file = setup({ recovered: { ...recovered, lastTaskAtMs } });
  file.capture.last.frame(0);
  assert.is(file.controller.all("stageDropped").length, 0, "a recording waits");
});

test("a live source of 1 fps is given ten of its frame times", () => {
  const { capture, clock, listener } = setup({ ...CAMERA, configuration: { fps: 1 } });
  capture.last.frame(0);
  clock.advance(9_999);
  assert.is(listener.all("sourceStalled").length, 0);
  clock.advance(1);
  assert.is(listener.all("sourceStalled").length, 1);
});

test("a live source of a frame each 20 s is lost no more often than it takes to learn that", () => {
  const { capture, clock, listener, ledger } = setup(CAMERA);
  const frame = (): void => {
    if (ledger().status === "capturing") capture.last.frame(0);
  };
  for (let second = 0; second < 600; second += 1) {
    if (second % 20 === 0) frame();
    clock.advance(1_000);
    if (capture.last.requested === 0) capture.last.info({ durationUs: null });
  }
  const stalls = listener.all("sourceStalled").length;
  assert.ok(stalls <= 4, `${stalls} stalls`);
});

test("a live source that sends bytes is waited for until its first key frame, and no longer once they end", () => {
  const { capture, clock, listener } = setup(CAMERA);
  for (let second = 0; second < 100; second += 1) {
    capture.last.bytes = second * 1_000;
    clock.advance(1_000);
  }
  assert.is(listener.all("sourceStalled").length, 0);
  clock.advance(10_000);
  assert.is(listener.all("sourceStalled").length, 1);
});

test("a live source that connects and gives no frame is reconnected", () => {
  const { clock, listener } = setup(CAMERA);
  clock.advance(5_000);
  assert.is(listener.all("sourceStalled").length, 1);
});

test("the presentation times of a live source go on after a reconnect", () => {
  const { capture, clock, times } = setup(CAMERA);
  capture.last.frame(7_000);
  capture.last.end();
  clock.advance(500);
  capture.last.info({ durationUs: null });
  capture.last.frame(0);
  clock.advance(100);
  capture.last.frame(100);
  const [[first] = [], [second] = [], [third] = []] = times();
  assert.is(first, 7_000);
  assert.ok(second !== undefined && second > 7_000 && second <= 7_500);
  assert.is(third, second + 100);
});

test("a live source whose picture does not change for 30 s is frozen and reconnected", () => {
  const { capture, clock, listener } = setup(CAMERA);
  for (let ms = 0; ms < 30_000; ms += 1_000) {
    capture.last.frame(ms, { mark: 9 });
    clock.advance(1_000);
  }
  assert.is(listener.all("sourceStalled").length, 0);
  capture.last.frame(30_000, { mark: 9 });
  assert.is(listener.only("sourceStalled").reason, "frozen");
});

test("a reconnect that was under way when a live source was drained opens nothing", () => {
  const { capture, generator, ledger } = setup(CAMERA);
  capture.last.frame(0);
  capture.last.end();
  generator.tell({ type: "drain" });
  generator.tell({ type: "reconnectDue" });
  assert.is(capture.opened.length, 1);
  assert.is(ledger().status, "draining");
});

test("a live source that is drained while it reconnects ends once its outage is stored", () => {
  const { capture, clock, generator, isStopped, settle } = setup(CAMERA);
  capture.last.end();
  generator.tell({ type: "drain" });
  assert.not.ok(isStopped());
  settle(0, { status: "dropped", reason: "outage" });
  assert.ok(isStopped());
  clock.advance(60_000);
  assert.is(capture.opened.length, 1);
});

test.run();
