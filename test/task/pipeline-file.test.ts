import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { DEFAULT_CONFIGURATION } from "../../src/task/configuration.js";
import { parsePipelineFile, type PipelineFile } from "../../src/task/pipeline-file.js";
import { SERVICES } from "./pipelines.js";
import { assertThrows } from "./throws.js";

const read = (text: string): PipelineFile => parsePipelineFile(text, "traffic.yaml", SERVICES);

/** Six lines. */
const PLAIN = `pipeline: traffic
stages:
  find: { service: detect }
  track:
    service: track
    after: find
`;

test("parsePipelineFile reads a pipeline with everything in it", () => {
  const { pipeline, configuration, policy } = read(`
pipeline: traffic
version: 3
stages:
  find: { service: detect, parameters: { threshold: 0.5, classes: [car, bus] } }
  track: { service: track, after: find, queue: { policy: dropOldest, capacity: 4 } }
  paint: { service: colour, after: [find] }
  sum: { service: merge, after: [track, paint] }
configuration: { resolution: 320x240, fps: 5, framesPerTask: 2, encoding: jpeg, quality: 70 }
policy: { name: dynamic, parameters: { periodMs: 500 } }
joinTimeoutMs: 2000
deadlineMs: 800
`);
  assert.equal(
    [pipeline.id, pipeline.version, pipeline.joinTimeoutMs, pipeline.deadlineMs],
    ["traffic", 3, 2_000, 800],
  );
  const stages = new Map<string, (typeof pipeline.stages)[number]>(
    pipeline.stages.map((stage) => [stage.id, stage]),
  );
  assert.equal(stages.get("find")?.parameters, { threshold: 0.5, classes: ["car", "bus"] });
  assert.equal(stages.get("track")?.queue, { policy: "dropOldest", capacity: 4 });
  assert.equal(stages.get("sum")?.predecessors, ["track", "paint"]);
  assert.equal(configuration, {
    width: 320,
    height: 240,
    fps: 5,
    framesPerTask: 2,
    encoding: "jpeg",
    quality: 70,
  });
  assert.equal(policy, { name: "dynamic", parameters: { periodMs: 500 } });
});

test("parsePipelineFile leaves the default where the file is silent", () => {
  const { configuration, policy } = read(PLAIN);
  assert.equal(configuration, DEFAULT_CONFIGURATION);
  assert.is(policy, null);
});

test("parsePipelineFile reads what a policy may choose from, each knob in order, and what is wanted", () => {
  const { space, slo } = read(`${PLAIN}
space: { resolution: [1280x720, 320x180, 640x360], fps: [10, 2, 5, 5], encoding: [rgb, jpeg], quality: [80, 40] }
slo: { latencyMs: 300, percentile: 99, yields: latency }
`);
  assert.equal(space, {
    resolutions: [
      { width: 320, height: 180 },
      { width: 640, height: 360 },
      { width: 1_280, height: 720 },
    ],
    fps: [2, 5, 10],
    framesPerTask: [],
    encodings: ["jpeg", "rgb"],
    qualities: [40, 80],
  });
  assert.equal(slo, { latencyMs: 300, percentile: 99, yields: "latency" });
  assert.equal(read(`${PLAIN}slo: { latencyMs: 50 }`).slo, {
    latencyMs: 50,
    percentile: 95,
    yields: "detail",
  });
});

for (const { text, line, part } of [
  { text: "space: { fps: [0] }", line: 7, part: "fps" },
  { text: 'space:\n  quality: [80]\n  resolution: ["64"]', line: 9, part: "640x360" },
  { text: "space: { resolution: [] }", line: 7, part: "resolution" },
  { text: "space: { bitrate: [1] }", line: 7, part: "bitrate" },
  { text: "space: { framesPerTask: [0] }", line: 7, part: "framesPerTask" },
  { text: "slo: { percentile: 95 }", line: 7, part: "latencyMs" },
  { text: "slo: { latencyMs: 5, percentile: 100 }", line: 7, part: "percentile" },
]) {
  test(`parsePipelineFile refuses ${JSON.stringify(text)} and names its line`, () => {
    assertThrows(() => read(`${PLAIN}${text}`), "pipeline-invalid", `traffic.yaml:${line}: `, part);
  });
}

test("parsePipelineFile takes the bare name of a policy", () => {
  assert.equal(read(`${PLAIN}policy: edge-only\n`).policy, { name: "edge-only", parameters: {} });
});

test("parsePipelineFile shares what an alias names", () => {
  const text = PLAIN.replace("find: {", "find: { parameters: &p { a: 1 },").replace(
    "after: find",
    "after: find\n    parameters: *p",
  );
  assert.equal(
    read(text).pipeline.stages.map((stage) => stage.parameters),
    [{ a: 1 }, { a: 1 }],
  );
});

const refused: readonly (readonly [string, string, string, string])[] = [
  ["a syntax error", PLAIN.replace("{ service: detect }", "[ service"), "traffic.yaml:4:", "YAML"],
  ["an unknown key", `${PLAIN}polcy: dynamic\n`, "traffic.yaml:7:", '"polcy"'],
  ["an unknown key of a stage", `${PLAIN}    afer: find\n`, "traffic.yaml:7:", '"afer"'],
  [
    "a stage without a service",
    PLAIN.replace("    service: track\n", ""),
    "traffic.yaml:4:",
    "name of a service",
  ],
  ["an unknown stage", PLAIN.replace("after: find", "after: fnd"), "traffic.yaml:4:", 'did you mean "find"?'],
  [
    "an unknown service",
    PLAIN.replace("service: track", "service: trak"),
    "traffic.yaml:4:",
    'did you mean "track"?',
  ],
  ["a cycle", PLAIN.replace("service: detect", "service: detect, after: track"), "traffic.yaml:3:", "cycle"],
  ["no stages", "pipeline: traffic\nstages: {}\n", "traffic.yaml:1:", "no stage"],
  ["stages as a list", "pipeline: traffic\nstages: [detect]\n", "traffic.yaml:2:", "stages by name"],
  ["a name that is a number", PLAIN.replace("traffic", "5"), "traffic.yaml:1:", "name of the pipeline"],
  ["a version as text", `${PLAIN}version: "1"\n`, "traffic.yaml:7:", "whole number"],
  ["a wrong knob", `${PLAIN}configuration:\n  fps: 0\n`, "traffic.yaml:8:", '"fps"'],
  ["an unknown knob", `${PLAIN}configuration:\n  width: 640\n  frames: 2\n`, "traffic.yaml:9:", '"frames"'],
  ["a wrong resolution", `${PLAIN}configuration:\n  resolution: wide\n`, "traffic.yaml:8:", "640x360"],
  [
    "an unknown queue policy",
    PLAIN.replace("service: detect", "service: detect, queue: { policy: random }"),
    "traffic.yaml:3:",
    "dropOldest",
  ],
  ["the same stage twice", `${PLAIN}  find: { service: detect }\n`, "traffic.yaml:7:", "unique"],
  ["two documents", `${PLAIN}---\n${PLAIN}`, "traffic.yaml:7:", "one document"],
  ["an empty file", "", "traffic.yaml:", "object"],
  ["a tag of its own", `${PLAIN}configuration: !!js/function "x"\n`, "traffic.yaml:7:", "tag"],
  ["a binary tag", `${PLAIN}configuration: !!binary aGk=\n`, "traffic.yaml:7:", "tag"],
  ["a key that is no text", "? [a]\n: b\n", "traffic.yaml:1:", "keys must be strings"],
  [
    "a key that reaches for the prototype",
    `${PLAIN}    parameters: { __proto__: { a: 1 } }\n`,
    "traffic.yaml:7:",
    "__proto__",
  ],
  ["nesting without end", "[".repeat(100_000), "traffic.yaml:1:", "nested deeper than 64 levels"],
  ["more than 256 KiB", `${PLAIN}# ${"x".repeat(2 ** 18)}`, "traffic.yaml:", "at most 262144"],
];

for (const [what, text, place, part] of refused) {
  test(`parsePipelineFile refuses ${what}, on one line that says where`, () => {
    const { message } = assertThrows(() => read(text), "pipeline-invalid", part);
    assert.is(message.slice(0, place.length), place);
  });
}

test("parsePipelineFile refuses aliases that multiply", () => {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"];
  for (let level = 1; level < 9; level += 1) {
    lines.push(`a${level}: &a${level} [${Array.from({ length: 9 }, () => `*a${level - 1}`).join(", ")}]`);
  }
  assertThrows(() => read(lines.join("\n")), "pipeline-invalid", "Excessive alias count");
});

test("parsePipelineFile takes no merge key, whatever version the file claims", () => {
  const text = `%YAML 1.1\n---\n${PLAIN}    parameters: { <<: { a: 1 } }\n`;
  assert.equal(
    read(text).pipeline.stages.map((stage) => stage.parameters),
    [{}, { "<<": { a: 1 } }],
  );
});

test.run();
