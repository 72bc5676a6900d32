import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { SluiceError } from "../../../src/task/errors.js";
import { parseNodeName, parseStageId } from "../../../src/task/identity.js";
import { setup, SOURCE, STORED } from "./setup.js";

test("generator attaches to its controller and captures with the first configuration it is given", () => {
  const { controller, capture, configure, generator } = setup({ waiting: true });
  assert.is(controller.only("attachGenerator").generator.address, generator.self.address);
  assert.is(capture.opened.length, 0);
  configure({ width: 320, height: 180 });
  assert.is(capture.last.options.configuration.width, 320);
  assert.is(capture.last.options.after, null);
});

test("generator begins with its own configuration where none comes within 1,000 ms", () => {
  const { clock, capture, configure } = setup({ waiting: true });
  clock.advance(999);
  assert.is(capture.opened.length, 0);
  clock.advance(1);
  assert.is(capture.last.options.configuration.width, 640);
  configure({});
  assert.is(capture.opened.length, 1, "the same configuration changes nothing");
});

test("generator groups frames into tasks of framesPerTask, with identities without a gap", () => {
  const { capture, submitted, times } = setup({ configuration: { framesPerTask: 2 } });
  for (const ms of [0, 100, 200, 300, 400]) capture.last.frame(ms);
  assert.equal(times(), [
    [0, 100],
    [200, 300],
  ]);
  assert.equal(
    submitted().map((task) => task.id),
    [
      { sourceId: SOURCE, incarnation: 3, sequence: 0 },
      { sourceId: SOURCE, incarnation: 3, sequence: 1 },
    ],
  );
  const [task] = submitted();
  assert.is(task?.origin, generatorAddress());
  assert.match(task?.traceparent ?? "", /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
});

function generatorAddress(): string {
  return setup().generator.self.address;
}

test("sourceAtMs is when the first frame left the source, createdAtMs when the task was made", () => {
  const { capture, clock, submitted } = setup({ configuration: { framesPerTask: 2 } });
  capture.last.frame(0);
  clock.advance(70);
  capture.last.frame(100);
  assert.is(submitted()[0]?.sourceAtMs, 1_000_000);
  assert.is(submitted()[0]?.createdAtMs, 1_000_070);
});

test("a source that ends before it has given one task is an error with its mend", () => {
  const { capture, listener } = setup({ configuration: { framesPerTask: 4 }, framesMin: 2 });
  capture.last.frame(0);
  capture.last.end();
  const { error, ledger } = listener.only("sourceEnded");
  assert.ok(error instanceof SluiceError && error.code === "source-invalid");
  assert.is(
    error.message,
    'Cannot make a task of source "clip.mp4" as it ends after 1 of the 2 frames that its pipeline needs in one: take a longer video, or more of its frames (--fps)',
  );
  assert.is(ledger.framesSkipped, 1);
});

test("a stream over HTTP without a duration ends where its server has said its length, and is opened again where not", () => {
  for (const measured of [true, false]) {
    const { capture, configure, listener, settle } = setup({
      source: "http://camera/clip.ts",
      waiting: true,
    });
    configure({});
    capture.last.info({ durationUs: null, measured });
    capture.last.frame(0);
    capture.last.end();
    settle(0);
    assert.is(listener.all("sourceEnded").length, measured ? 1 : 0);
    assert.is(listener.all("sourceStalled").length, measured ? 0 : 1);
  }
});

test("a recording that stalls is said to, and waited for", () => {
  const { capture, listener } = setup({ source: "http://camera/clip.mp4" });
  capture.last.frame(0);
  capture.last.stall();
  assert.equal(listener.only("sourceStalled"), {
    type: "sourceStalled",
    detail: "no frame comes",
    sourceId: SOURCE,
    reason: "stalled",
    attempt: 0,
  });
  assert.is(capture.opened.length, 1);
  assert.not.ok(capture.last.closed);
});

test("a source that is drained before its first task is no error", () => {
  const { capture, listener, generator } = setup({ configuration: { framesPerTask: 4 }, framesMin: 2 });
  capture.last.frame(0);
  generator.tell({ type: "drain" });
  assert.is(listener.only("sourceEnded").error, null);
});

test("generator sends its listener sourceStarted once", () => {
  const { listener, capture } = setup();
  capture.last.info();
  assert.is(listener.only("sourceStarted").description, "clip.mp4 (h264)");
});

test("generator tells what its source gives each time that it is open and says so", () => {
  const { opened, capture } = setup();
  assert.equal(opened, []);
  const native = { width: 1_920, height: 1_080, fps: 25 };
  capture.last.info({ native });
  capture.last.info({ native: { ...native, fps: 50 } });
  assert.equal(opened, [native, { ...native, fps: 50 }]);
});

test("a full window holds a replayable source back, and taskSettled opens it", () => {
  const { capture, times, settle } = setup({ window: { tasks: 2 } });
  for (const ms of [0, 100, 200, 300, 400, 500]) capture.last.frame(ms);
  assert.equal(times(), [[0], [100]]);
  assert.is(capture.last.requested, 6, "two in tasks and four ahead, no more");
  settle(1);
  assert.equal(times(), [[0], [100], [200]]);
  assert.is(capture.last.requested, 7);
});

test("a window full in bytes holds a source back, but one task larger than it goes alone", () => {
  const { capture, times, settle } = setup({ window: { bytes: 10 } });
  for (const ms of [0, 100, 200]) capture.last.frame(ms, { bytes: 50 });
  assert.equal(times(), [[0]]);
  settle(0);
  assert.equal(times(), [[0], [100]]);
});

test("a repeated or foreign taskSettled changes nothing", () => {
  const { capture, settle, ledger, generator } = setup({ window: { tasks: 1 } });
  capture.last.frame(0);
  capture.last.frame(100);
  settle(0);
  settle(0);
  settle(7);
  generator.tell({
    type: "taskSettled",
    id: { sourceId: SOURCE, incarnation: 2, sequence: 1 },
    outcome: STORED,
  });
  const { created, stored, inFlight } = ledger();
  assert.equal({ created, stored, inFlight }, { created: 2, stored: 1, inFlight: 1 });
});

test("the end of a file sends a shorter last task, and sourceEnded waits until all is settled", () => {
  const { capture, times, settle, listener, controller, isStopped, ledger } = setup({
    configuration: { framesPerTask: 2 },
  });
  for (const ms of [0, 100, 200]) capture.last.frame(ms);
  capture.last.end();
  assert.equal(times(), [[0, 100], [200]]);
  assert.is(ledger().status, "draining");
  settle(1);
  assert.is(listener.all("sourceEnded").length, 0);
  settle(0);
  const ended = listener.only("sourceEnded");
  assert.is(ended.error, null);
  assert.is(ended.ledger.inFlight, 0);
  assert.is(ended.ledger.stored, 2);
  assert.is(controller.all("detachGenerator").length, 1);
  assert.ok(isStopped());
});

test("a last task too short for a service is skipped and its frames are counted", () => {
  const { capture, times, ledger } = setup({ configuration: { framesPerTask: 3 }, framesMin: 2 });
  for (const ms of [0, 100, 200, 300]) capture.last.frame(ms);
  capture.last.end();
  assert.equal(times(), [[0, 100, 200]]);
  assert.is(ledger().framesSkipped, 1);
});

test("an empty source ends at once", () => {
  const { capture, listener, isStopped } = setup();
  capture.last.end();
  assert.is(listener.only("sourceEnded").ledger.created, 0);
  assert.ok(isStopped());
});

test("the limit ends the source after so many tasks", () => {
  const { capture, times, settle, listener } = setup({ limit: 2 });
  for (const ms of [0, 100, 200]) capture.last.frame(ms);
  assert.equal(times(), [[0], [100]]);
  assert.ok(capture.last.closed);
  settle(0);
  settle(1);
  assert.is(listener.only("sourceEnded").error, null);
});

test("drain captures nothing more, sends the task in the making and ends once all is settled", () => {
  const { capture, generator, times, settle, isStopped } = setup({ configuration: { framesPerTask: 2 } });
  for (const ms of [0, 100, 200]) capture.last.frame(ms);
  generator.tell({ type: "drain" });
  assert.ok(capture.last.closed);
  assert.equal(times(), [[0, 100], [200]]);
  assert.not.ok(isStopped());
  settle(0);
  settle(1);
  assert.ok(isStopped());
});

test("a source that cannot be opened ends with the reason", () => {
  const { capture, configure, listener, isStopped } = setup({ waiting: true });
  configure({});
  capture.last.end(new SluiceError("Cannot open source", { code: "source-missing" }));
  const { error, ledger } = listener.only("sourceEnded");
  assert.is((error as SluiceError).code, "source-missing");
  assert.is(ledger.status, "failed");
  assert.ok(isStopped());
});

test("a file that breaks off keeps its tasks and ends with source-ended-early", () => {
  const { capture, times, settle, listener } = setup({ configuration: { framesPerTask: 2 } });
  for (const ms of [0, 100, 200]) capture.last.frame(ms);
  capture.last.end(new SluiceError("Breaks off", { code: "source-ended-early" }));
  assert.equal(times(), [[0, 100], [200]]);
  settle(0);
  settle(1);
  const { error, ledger } = listener.only("sourceEnded");
  assert.is((error as SluiceError).code, "source-ended-early");
  assert.is(ledger.stored, 2);
});

test("a paced source gives each frame when it is due, and that is its sourceAtMs", () => {
  const { capture, clock, submitted, times } = setup({ paced: true });
  for (const ms of [0, 100, 200]) capture.last.frame(ms);
  assert.equal(times(), [[0]]);
  clock.advance(99);
  assert.is(times().length, 1);
  clock.advance(101);
  assert.equal(times(), [[0], [100], [200]]);
  assert.equal(
    submitted().map((task) => task.sourceAtMs - 1_000_000),
    [0, 100, 200],
  );
});

test("a paced source that was held back by its window does not rush afterwards", () => {
  const { capture, clock, times, settle } = setup({ paced: true, window: { tasks: 1 } });
  for (const ms of [0, 100, 200]) capture.last.frame(ms);
  clock.advance(1_000);
  assert.equal(times(), [[0]]);
  settle(0);
  assert.equal(times(), [[0], [100]]);
  settle(1);
  clock.advance(99);
  assert.is(times().length, 2);
  clock.advance(1);
  assert.equal(times(), [[0], [100], [200]]);
});

test("the end of a paced file waits for the frames that are not due yet", () => {
  const { capture, clock, times, ledger } = setup({ paced: true });
  for (const ms of [0, 100]) capture.last.frame(ms);
  capture.last.end();
  assert.is(ledger().status, "capturing");
  clock.advance(100);
  assert.equal(times(), [[0], [100]]);
  assert.is(ledger().status, "draining");
});

test("configure with another framesPerTask holds from the next task on and leaves the capture alone", () => {
  const { capture, configure, times } = setup({ configuration: { framesPerTask: 2 } });
  capture.last.frame(0);
  configure({ framesPerTask: 3 });
  for (const ms of [100, 200, 300, 400]) capture.last.frame(ms);
  assert.equal(times(), [
    [0, 100],
    [200, 300, 400],
  ]);
  assert.is(capture.opened.length, 1);
});

test("a task carries the node of each stateful stage, and its number among the tasks that go there", () => {
  const { capture, generator, submitted } = setup({ configuration: { framesPerTask: 1 } });
  const stage = parseStageId("a");
  const [here, there] = [parseNodeName("edge-1"), parseNodeName("cloud")];
  for (const [index, node] of [here, here, there, here, there].entries()) {
    const { configuration } = capture.last.options;
    const statefulNodes = new Map([[stage, node]]);
    if (index === 4) generator.restart();
    generator.tell({
      type: "configure",
      configuration,
      epoch: 1,
      joinNodes: new Map(),
      statefulNodes,
      placedOn: [],
      pause: null,
    });
    capture.last.frame(index * 100);
  }
  assert.equal(
    submitted().map((task) => task.pins.get(stage)),
    [
      { node: here, ordinal: 0 },
      { node: here, ordinal: 1 },
      { node: there, ordinal: 0 },
      { node: here, ordinal: 2 },
      { node: there, ordinal: 1 },
    ],
  );
});

test("configure with another resolution goes on after the last frame used, in a new capture", () => {
  const { capture, configure, times, submitted } = setup({ configuration: { framesPerTask: 2 } });
  for (const ms of [0, 100, 200]) capture.last.frame(ms);
  configure({ framesPerTask: 2, width: 320, height: 180 });
  assert.is(capture.opened.length, 1, "the task in the making is finished first");
  capture.last.frame(300);
  const [first, second] = capture.opened;
  assert.ok(first?.closed);
  assert.equal(second?.options.after, { frame: 3, sourceUs: 300_000, seekable: true });
  second?.frame(400);
  second?.frame(500);
  assert.equal(times(), [
    [0, 100],
    [200, 300],
    [400, 500],
  ]);
  assert.equal(
    submitted().map((task) => task.payload?.width),
    [640, 640, 320],
  );
});

test("frames read ahead but in no task are captured again under the new configuration", () => {
  const { capture, configure, times, settle, ledger } = setup({ window: { tasks: 1 } });
  for (const ms of [0, 100, 200]) capture.last.frame(ms);
  configure({ width: 320, height: 180 });
  assert.equal(capture.last.options.after, { frame: 0, sourceUs: 0, seekable: true });
  for (const ms of [100, 200]) capture.last.frame(ms);
  settle(0);
  settle(1);
  assert.equal(times(), [[0], [100], [200]]);
  assert.is(ledger().framesSkipped, 0);
});

test("configure after the end of a file still recaptures the frames that no task has", () => {
  const { capture, configure, times, settle } = setup({ window: { tasks: 1 } });
  for (const ms of [0, 100]) capture.last.frame(ms);
  capture.last.end();
  configure({ fps: 5 });
  assert.is(capture.opened.length, 2);
  capture.last.frame(100);
  capture.last.end();
  settle(0);
  settle(1);
  assert.equal(times(), [[0], [100]]);
});

test("a recording over HTTP waits for the window and ends like a file", () => {
  const { capture, times, controller, settle, listener } = setup({
    source: "http://host/clip.mp4",
    window: { tasks: 1 },
  });
  for (const ms of [0, 100]) capture.last.frame(ms);
  capture.last.end();
  assert.equal(times(), [[0]]);
  assert.is(controller.all("stageDropped").length, 0);
  settle(0);
  settle(1);
  assert.is(listener.only("sourceEnded").ledger.stored, 2);
});

test("a recording over HTTP is read on behind its last task by a generator that restarts, and from nowhere else", () => {
  const { capture, generator, configure, times } = setup({ source: "http://host/clip.mp4" });
  for (const ms of [0, 100]) capture.last.frame(ms);
  generator.restart();
  configure({});
  assert.equal(capture.last.options.after, { frame: 1, sourceUs: 100_000, seekable: false });
  capture.last.info();
  capture.last.frame(200);
  assert.equal(times(), [[0], [100], [200]]);
});

test("tasks of a file whose times step carry times that grow, and the numbers of its frames", () => {
  const { capture, submitted, times, ledger, configure } = setup({ configuration: { framesPerTask: 2 } });
  for (const ms of [0, 40, 80, 120, 0, 40]) capture.last.frame(ms);
  assert.equal(times(), [
    [0, 40],
    [80, 120],
    [160, 200],
  ]);
  assert.equal(
    submitted().map(({ frames }) => [frames?.after, frames?.first, frames?.last]),
    [
      [null, 0, 1],
      [1, 2, 3],
      [3, 4, 5],
    ],
  );
  assert.is(ledger().timeSteps, 1);
  // What has stepped is not looked for by its time.
  configure({ width: 320 });
  assert.equal(capture.last.options.after, { frame: 5, sourceUs: 40_000, seekable: false });
});

test("a paced file waits for no time that its frames jump ahead", () => {
  const { capture, times, clock } = setup({ paced: true, configuration: { framesPerTask: 1 } });
  for (const ms of [0, 40, 3_600_000, 120]) capture.last.frame(ms);
  clock.advance(120);
  assert.equal(times(), [[0], [40], [80], [120]]);
});

test("what a closed capture still had to say is ignored", () => {
  const { capture, configure, generator, times } = setup();
  capture.last.frame(0);
  configure({ width: 320, height: 180 });
  const frame = { number: 0, passedOver: 0, ptsUs: 1, checksum: 1, data: new Uint8Array(4), capturedAtMs: 0 };
  generator.tell({ type: "frameCaptured", capture: 0, frame });
  generator.tell({ type: "captureEnded", capture: 0, error: null });
  assert.equal(times(), [[0]]);
  assert.is(capture.opened.length, 2);
});

test("a restarted generator closes its capture, goes on where it was and repeats no identity", () => {
  const { capture, generator, configure, submitted, settle, ledger } = setup();
  for (const ms of [0, 100]) capture.last.frame(ms);
  generator.restart();
  assert.ok(capture.opened[0]?.closed);
  configure({});
  assert.equal(capture.last.options.after, { frame: 1, sourceUs: 100_000, seekable: false });
  capture.last.info();
  capture.last.frame(200);
  assert.equal(
    submitted().map((task) => task.id.sequence),
    [0, 1, 2],
  );
  for (const sequence of [0, 1, 2]) settle(sequence);
  assert.is(ledger().stored, 3);
});

test.run();
