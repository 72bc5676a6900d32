import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { DEFAULT_HEALTH } from "../../../src/actors/generator/health.js";
import {
  SourceCapture,
  type CapturePrivate,
  type Plan,
} from "../../../src/actors/generator/source-capture.js";
import { parseSource } from "../../../src/actors/generator/source-spec.js";
import type { Context } from "../../../src/runtime/behaviour.js";
import { DEFAULT_CONFIGURATION, type Configuration } from "../../../src/task/configuration.js";
import { parseNodeName } from "../../../src/task/identity.js";
import { fold } from "../../support/fold.js";
import { createFakeCapture } from "./fake-capture.js";
import { positionAt } from "../../support/positions.js";
import { Timeline } from "../../../src/actors/generator/timeline.js";

type Work = (ctx: Context<Message>) => void;
type Message = CapturePrivate | { readonly type: "work"; readonly work: Work };

const EDGE = parseNodeName("edge-1");

const planOf = (changed: Partial<Configuration> = {}, given: Partial<Plan> = {}): Plan => ({
  configuration: { ...DEFAULT_CONFIGURATION, ...changed },
  joinNodes: new Map(),
  statefulNodes: new Map(),
  placedOn: [],
  ...given,
});

/** An actor that is nothing but its capture, and keeps the events of that. */
function subject(source: string) {
  const port = createFakeCapture();
  const events: string[] = [];
  const options = {
    port,
    source: parseSource(source),
    health: DEFAULT_HEALTH,
    plan: planOf(),
    timeline: new Timeline(),
    recording: false,
  };
  const actor = fold<SourceCapture, Message>({
    start: (ctx) => new SourceCapture(options, (event) => ctx.self.tell(event)),
    receive(state, message, ctx) {
      if (message.type === "work") message.work(ctx);
      else events.push(message.type);
      return state;
    },
  });
  const work = (task: Work): void => actor.tell({ type: "work", work: task });
  return { capture: actor.state(), clock: actor.clock, events, port, work };
}

test("SourceCapture opens a file after a position, and a live source where it is now", () => {
  const file = subject("clip.mp4");
  file.capture.informed({ description: "h264", durationUs: 1, seekable: true });
  file.capture.open(positionAt(40_000, 40_000));
  assert.equal(file.port.last.options.after, { frame: 1, sourceUs: 40_000, seekable: true });
  const camera = subject("rtsp://cam/1");
  camera.capture.open(positionAt(40_000, 40_000));
  assert.is(camera.port.last.options.after, null);
});

test("SourceCapture hands a file over by reading on from the last frame in a task, unless nothing is left of it", () => {
  const { capture, port } = subject("clip.mp4");
  capture.open(null);
  assert.is(capture.handOver(positionAt(0, 40_000), false), false, "there is no newer plan");
  capture.configure(planOf({ width: 320 }));
  assert.is(capture.handOver(positionAt(80_000, 40_000), true), false);
  assert.is(capture.plan.configuration.width, 640);
  assert.is(capture.handOver(positionAt(80_000, 40_000), false), true);
  assert.is(capture.plan.configuration.width, 320);
  assert.equal(
    port.opened.map(({ closed, options }) => [closed, options.configuration.width, options.after?.sourceUs]),
    [
      [true, 640, undefined],
      [false, 320, 80_000],
    ],
  );
});

test("SourceCapture takes a plan for the same frames without a new capture", () => {
  const { capture, port } = subject("clip.mp4");
  capture.open(null);
  capture.configure(planOf({ framesPerTask: 9 }, { placedOn: [EDGE] }));
  assert.is(capture.handOver(positionAt(0, 40_000), false), false);
  assert.equal([capture.plan.configuration.framesPerTask, capture.plan.placedOn], [9, [EDGE]]);
  assert.is(port.opened.length, 1);
});

test("SourceCapture hands a live source over with the first frame of its successor, and its nodes at once", () => {
  const { capture, port } = subject("rtsp://cam/1");
  capture.open(null);
  capture.configure(planOf({ width: 320 }, { placedOn: [EDGE] }));
  for (let round = 0; round < 2; round++) assert.is(capture.handOver(null, false), false);
  assert.is(port.opened.length, 2, "one successor, however often it is looked at");
  assert.equal([capture.plan.configuration.width, capture.plan.placedOn], [640, [EDGE]]);
  assert.equal([capture.roleOf(0), capture.roleOf(1), capture.roleOf(2)], ["current", "successor", null]);
  capture.promote();
  assert.is(capture.plan.configuration.width, 320);
  assert.equal([capture.roleOf(0), capture.roleOf(1)], [null, "current"]);
  assert.equal(
    port.opened.map(({ closed }) => closed),
    [true, false],
  );
});

test("SourceCapture gives its successor up where the newest plan is for the frames that it has", () => {
  const { capture, port } = subject("rtsp://cam/1");
  capture.open(null);
  capture.configure(planOf({ width: 320 }));
  capture.handOver(null, false);
  capture.configure(planOf());
  capture.handOver(null, false);
  assert.equal(
    port.opened.map(({ closed }) => closed),
    [false, true],
  );
});

test("SourceCapture asks for a task's worth of a file ahead and no more, and for eight of a live source", () => {
  const { capture, port } = subject("clip.mp4");
  capture.open(null);
  capture.demand(1);
  assert.is(port.last.requested, 3);
  capture.demand(1);
  assert.is(port.last.requested, 3, "what was asked for is on its way");
  capture.configure(planOf({ framesPerTask: 10 }));
  capture.handOver(null, false);
  capture.demand(0);
  assert.is(port.last.requested, 10);
  const camera = subject("rtsp://cam/1");
  camera.capture.open(null);
  camera.capture.demand(100);
  assert.is(camera.port.last.requested, 8);
});

test("SourceCapture takes what is fetched over HTTP and has an end for a recording", () => {
  const { capture, events, clock, work } = subject("http://host/clip.mp4");
  assert.is(capture.live, true);
  work((ctx) => capture.begun({ description: "h264", durationUs: 1, seekable: true }, ctx));
  assert.is(capture.live, false);
  clock.advance(60_000);
  assert.equal(events, [], "a recording does not stall");
});

test("SourceCapture notices a stall, tries again after a while, and does neither once it is closed", () => {
  const { capture, events, clock, work } = subject("rtsp://cam/1");
  work((ctx) => capture.begun({ description: "h264", durationUs: null, seekable: false }, ctx));
  clock.advance(5_000);
  assert.equal(events.splice(0), ["stallNoticed"]);
  work((ctx) => assert.is(capture.lost(ctx), 1));
  clock.advance(500);
  assert.equal(events.splice(0), ["reconnectDue"]);
  work((ctx) => {
    assert.is(capture.lost(ctx), 2);
    capture.begun({ description: "h264", durationUs: null, seekable: false }, ctx);
    capture.close(ctx);
  });
  clock.advance(60_000);
  assert.equal(events, []);
});

test.run();
