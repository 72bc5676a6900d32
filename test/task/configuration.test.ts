import * as fc from "fast-check";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import {
  DEFAULT_CONFIGURATION,
  parseConfiguration,
  sameCapture,
  type Configuration,
} from "../../src/task/configuration.js";
import { TASK_LIMITS } from "../../src/task/limits.js";
import { DEFAULT_LINK_LIMITS } from "../../src/transport/link/link-limits.js";
import { assertThrows } from "./throws.js";

test("parseConfiguration gives the default where nothing is asked for", () => {
  assert.equal(parseConfiguration({}), {
    width: 640,
    height: 360,
    fps: 10,
    framesPerTask: 4,
    encoding: "rgb",
    quality: 80,
  });
});

test("parseConfiguration puts the given knobs over the base and leaves the base alone", () => {
  const base: Configuration = { ...DEFAULT_CONFIGURATION, fps: 25, encoding: "jpeg" };
  assert.equal(parseConfiguration({ fps: 5, quality: undefined }, base), { ...base, fps: 5 });
  assert.is(base.fps, 25);
});

test("parseConfiguration reads a resolution as width and height", () => {
  assert.equal(parseConfiguration({ resolution: "1280x720" }), {
    ...DEFAULT_CONFIGURATION,
    width: 1_280,
    height: 720,
  });
});

const refused: readonly (readonly [string, unknown, string])[] = [
  ["an unknown knob", { framerate: 5 }, "framerate"],
  ["an odd width", { width: 641 }, '"width"'],
  ["an odd height in a resolution", { resolution: "640x361" }, '"height"'],
  ["a resolution that is none", { resolution: "640*360" }, "640x360"],
  ["a resolution beside a width", { resolution: "640x360", width: 640 }, "either"],
  ["a resolution below 16 pixels", { resolution: "8x8" }, '"width"'],
  ["no frames per second", { fps: 0 }, '"fps"'],
  ["a rate that is no number", { fps: Number.NaN }, '"fps"'],
  ["a rate as text", { fps: "10" }, '"fps"'],
  ["half a frame", { framesPerTask: 1.5 }, '"framesPerTask"'],
  ["an unknown encoding", { encoding: "h264" }, '"encoding"'],
  ["a quality above 100", { quality: 101 }, '"quality"'],
  ["something that is no object", "640x360", "object"],
  ["nothing", null, "object"],
];

for (const [what, value, part] of refused) {
  test(`parseConfiguration refuses ${what}`, () => {
    assertThrows(
      () => parseConfiguration(value),
      "configuration-invalid",
      "Cannot use this configuration",
      part,
    );
  });
}

test("parseConfiguration refuses a task of pixels that no link between nodes would carry, and says what to lower", () => {
  const large = { resolution: "3840x2160", framesPerTask: 4 };
  assertThrows(
    () => parseConfiguration(large),
    "configuration-invalid",
    "95 MiB of pixels, more than 56",
    'lower framesPerTask or the resolution, or take the encoding "jpeg"',
  );
  assert.is(parseConfiguration({ ...large, framesPerTask: 2 }).framesPerTask, 2);
  assert.is(parseConfiguration({ ...large, encoding: "jpeg" }).framesPerTask, 4);
});

test("a task of the largest payload has room in a message between nodes for its results", () => {
  assert.ok(TASK_LIMITS.payloadBytesMax + 8 * 1024 * 1024 <= DEFAULT_LINK_LIMITS.messageBytes);
  // What one peer may have waiting, and what one may send, are a quarter of the budget at least.
  assert.ok(DEFAULT_LINK_LIMITS.messageBytes <= DEFAULT_LINK_LIMITS.budgetBytes / 4);
});

test("parseConfiguration refuses a task of JPEG of more than 512 MiB of pixels and says what to lower", () => {
  const large = { resolution: "1920x1080", framesPerTask: 87, encoding: "jpeg" };
  assertThrows(() => parseConfiguration(large), "configuration-invalid", "517 MiB", "lower framesPerTask");
  assert.is(parseConfiguration({ ...large, framesPerTask: 86 }).framesPerTask, 86);
});

const configurations: fc.Arbitrary<Configuration> = fc.record(
  {
    width: fc.constantFrom(320, 640),
    height: fc.constantFrom(180, 360),
    fps: fc.constantFrom(5, 10),
    framesPerTask: fc.constantFrom(1, 4),
    encoding: fc.constantFrom("rgb", "jpeg"),
    quality: fc.constantFrom(50, 80),
  },
  { noNullPrototype: true },
);

test("parseConfiguration gives back any configuration that it gave", () => {
  fc.assert(fc.property(configurations, (made) => assert.equal(parseConfiguration({ ...made }), made)));
});

test("sameCapture looks past frames per task, and past quality where nothing is encoded", () => {
  fc.assert(
    fc.property(configurations, configurations, (a, b) => {
      const relevant = ({ width, height, fps, encoding, quality }: Configuration) =>
        JSON.stringify([width, height, fps, encoding, encoding === "jpeg" ? quality : null]);
      assert.is(sameCapture(a, b), relevant(a) === relevant(b));
      assert.is(sameCapture(a, b), sameCapture(b, a));
    }),
  );
});

test.run();
