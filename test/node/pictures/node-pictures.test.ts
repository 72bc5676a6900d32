import { setImmediate } from "node:timers/promises";
import * as assert from "uvu/assert";
import { silentLogger } from "../../../src/runtime/log.js";
import type { PictureMessage } from "../../../src/actors/protocol/pictures.js";
import { createNodePictures, type NodePicturesOptions } from "../../../src/node/pictures/node-pictures.js";
import { parseSourceId } from "../../../src/task/identity.js";
import type { TaskPicture } from "../../../src/task/picture.js";
import { createProbe } from "../../support/probe.js";
import { test } from "../../support/test.js";
import { VirtualClock } from "../../support/virtual-clock.js";

const CAM = parseSourceId("cam-1");
const LOOK = { fps: 5, widthMax: 320, forMs: 1_000 };

function frame(sequence: number): TaskPicture {
  const id = { sourceId: CAM, incarnation: 1, sequence };
  return { id, ptsUs: 0, encoding: "rgb", width: 4, height: 2, data: new Uint8Array(24) };
}

function setup() {
  const clock = new VirtualClock(1_000);
  const watcher = createProbe<PictureMessage>();
  const state = { busy: false, encoded: 0, taken: [] as (() => void)[] };
  const ask: NodePicturesOptions["system"]["ask"] = async (target, toRequest) => {
    target.tell(toRequest(createProbe()));
    await new Promise<void>((resolve) => state.taken.push(resolve));
    return { type: "pictureTaken" } as never;
  };
  const pictures = createNodePictures({
    system: { clock, ask, log: silentLogger },
    encode: () => Promise.resolve(Uint8Array.of((state.encoded += 1))),
    isBusy: () => state.busy,
  });
  const sent = (): readonly (readonly [number, number])[] =>
    watcher.all("picture").map(({ picture: { id, left } }) => [id.sequence, left]);
  return { clock, watcher, state, pictures, sent };
}

test("nothing is encoded of a source that nobody looks at, or nobody any more", async () => {
  const { clock, watcher, state, pictures } = setup();
  pictures.show(frame(0));
  pictures.watch(CAM, LOOK, watcher);
  clock.advance(1_000);
  pictures.show(frame(1));
  await setImmediate();
  assert.is(state.encoded, 0);
});

test("pictures come as often as they are looked at, and one is taken before the next is sent", async () => {
  const { clock, watcher, state, pictures, sent } = setup();
  pictures.watch(CAM, LOOK, watcher);
  for (let sequence = 0; sequence < 10; sequence += 1) {
    pictures.show(frame(sequence));
    await setImmediate();
    clock.advance(100);
    // The one of 400 ms is taken late.
    if (sequence < 4 || sequence > 6) state.taken.shift()?.();
    await setImmediate();
  }
  assert.equal(sent(), [
    [0, 0],
    [2, 0],
    [4, 0],
    [8, 1],
  ]);
});

test("a picture is left out where anything else waits to be sent, and the next one says so", async () => {
  const { clock, watcher, state, pictures, sent } = setup();
  pictures.watch(CAM, LOOK, watcher);
  state.busy = true;
  pictures.show(frame(0));
  await setImmediate();
  assert.equal([state.encoded, sent().length], [0, 0]);
  clock.advance(200);
  state.busy = false;
  pictures.show(frame(1));
  await setImmediate();
  assert.equal(sent(), [[1, 1]]);
});

test.run();
