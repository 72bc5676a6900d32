import * as fc from "fast-check";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { parseStageId, type StageId } from "../../src/task/identity.js";
import {
  definePipeline,
  type PipelineDefinition,
  type StageDefinition,
} from "../../src/task/define-pipeline.js";
import {
  branchesInto,
  carriesFrames,
  joinCursors,
  leafStages,
  readsFramesAhead,
  rootStages,
  stageOf,
  type Pipeline,
} from "../../src/task/pipeline.js";
import { END } from "../../src/task/task.js";
import { pipelineOf, randomDefinition, randomPipeline, SERVICES } from "./pipelines.js";
import { assertThrows } from "./throws.js";

const define = (stages: readonly StageDefinition[], rest: Partial<PipelineDefinition> = {}): Pipeline =>
  definePipeline({ id: "traffic", ...rest, stages }, SERVICES);

/** Fork, skipped level and join: `colour` reads frames and boxes, `merge` what both branches give. */
const TRAFFIC: readonly StageDefinition[] = [
  { id: "sum", service: "merge", after: ["track", "paint"] },
  { id: "paint", service: "colour", after: ["find"] },
  { id: "track", service: "track", after: ["find"] },
  { id: "find", service: "detect" },
];

const ids = (stages: readonly { readonly id: StageId }[]): readonly string[] =>
  stages.map((stage) => stage.id);

test("definePipeline puts stages in topological order with their successors", () => {
  const pipeline = define(TRAFFIC);
  assert.is(pipeline.stages[0]?.id, "find");
  assert.is(pipeline.stages[3]?.id, "sum");
  assert.equal([...stageOf(pipeline, parseStageId("find")).successors].sort(), ["paint", "track"]);
  assert.equal(stageOf(pipeline, parseStageId("sum")).predecessors, ["track", "paint"]);
  assert.equal(ids(rootStages(pipeline)), ["find"]);
  assert.equal(ids(leafStages(pipeline)), ["sum"]);
  assert.equal(joinCursors(pipeline), ["sum"]);
});

test("definePipeline fills in what is not given", () => {
  const pipeline = define([{ id: "find", service: "detect" }]);
  assert.is(pipeline.version, 1);
  assert.is(pipeline.joinTimeoutMs, 10_000);
  assert.is(pipeline.deadlineMs, null);
  assert.equal(pipeline.stages[0]?.queue, { policy: "block", capacity: 16 });
  assert.equal(pipeline.stages[0]?.parameters, {});
});

test("definePipeline lets one service run as two stages", () => {
  const pipeline = define([
    { id: "near", service: "detect", parameters: { scale: 1 } },
    { id: "far", service: "detect", after: ["near"], parameters: { scale: 2 } },
  ]);
  assert.equal(
    pipeline.stages.map(({ service, parameters }) => [service, parameters["scale"]]),
    [
      ["detect", 1],
      ["detect", 2],
    ],
  );
});

const refused: readonly (readonly [
  string,
  readonly StageDefinition[],
  Partial<PipelineDefinition>,
  readonly string[],
])[] = [
  ["a pipeline without a stage", [], {}, ['"traffic"', "no stage"]],
  ["a pipeline without a name", TRAFFIC, { id: "" }, ["name of a pipeline"]],
  [
    "two stages of one id",
    [
      { id: "find", service: "detect" },
      { id: "find", service: "detect" },
    ],
    {},
    ['"find" is defined twice'],
  ],
  [
    "an unknown predecessor, and names the nearest",
    [
      { id: "find", service: "detect" },
      { id: "track", service: "track", after: ["fnd"] },
    ],
    {},
    ['"track" comes after "fnd"', 'did you mean "find"?'],
  ],
  [
    "a duplicate edge",
    [
      { id: "find", service: "detect" },
      { id: "track", service: "track", after: ["find", "find"] },
    ],
    {},
    ['"track" comes after "find" twice'],
  ],
  ["a self edge", [{ id: "find", service: "detect", after: ["find"] }], {}, ['"find" comes after itself']],
  [
    "a cycle, and names it in the direction of its edges",
    [
      { id: "root", service: "reader" },
      { id: "a", service: "reader", after: ["root", "c"] },
      { id: "b", service: "reader", after: ["a"] },
      { id: "c", service: "reader", after: ["b"] },
      { id: "leaf", service: "reader", after: ["c"] },
    ],
    {},
    ['cycle: "a" -> "b" -> "c" -> "a"'],
  ],
  [
    "disconnected parts, and names both",
    [
      { id: "a", service: "reader" },
      { id: "b", service: "reader", after: ["a"] },
      { id: "x", service: "reader" },
    ],
    {},
    ['nothing links "x" with "a", "b"'],
  ],
  [
    "an unknown service, and names the nearest",
    [{ id: "find", service: "detct" }],
    {},
    ['service "detct"', 'did you mean "detect"?'],
  ],
  [
    "an unknown service like no other, and lists the known",
    [{ id: "find", service: "transcribe-speech" }],
    {},
    ['known: "reader", "blind", "detect"'],
  ],
  [
    "an input that no predecessor gives, and says what they give",
    [
      { id: "find", service: "detect" },
      { id: "track", service: "track", after: ["find"] },
      { id: "paint", service: "colour", after: ["track"] },
    ],
    {},
    ['"paint" (colour) reads "boxes"', '"track", which gives "tracks"'],
  ],
  [
    "an input other than frames at the start",
    [{ id: "track", service: "track" }],
    {},
    ["it comes after no stage"],
  ],
  ["a reserved name", [{ id: "$end", service: "detect" }], {}, ['"$end"', "reserved"]],
  ["a stage name that is none", [{ id: "a/b", service: "detect" }], {}, ['"a/b"', "name of a stage"]],
  [
    "a queue of no task",
    [{ id: "find", service: "detect", queue: { capacity: 0 } }],
    {},
    ['queue capacity of stage "find"', "got 0"],
  ],
  ["half a version", TRAFFIC, { version: 1.5 }, ["version", "1.5"]],
  ["a join that waits for ever", TRAFFIC, { joinTimeoutMs: Infinity }, ["joinTimeoutMs", "Infinity"]],
  ["a deadline of no time", TRAFFIC, { deadlineMs: 0 }, ["deadlineMs", "got 0"]],
  [
    "more stages than 64",
    Array.from({ length: 65 }, (_, n) => ({ id: `s${n}`, service: "reader" })),
    {},
    ["65 stages"],
  ],
];

for (const [what, stages, rest, parts] of refused) {
  test(`definePipeline refuses ${what}`, () => {
    assertThrows(() => define(stages, rest), "pipeline-invalid", ...parts);
  });
}

test("definePipeline refuses a queue policy that there is not", () => {
  const queue = { policy: JSON.parse('"random"') };
  assertThrows(() => define([{ id: "find", service: "detect", queue }]), "pipeline-invalid", '"dropOldest"');
});

test("definePipeline says in its details which stage is at fault", () => {
  const error = assertThrows(() => define([{ id: "find", service: "nothing" }]), "pipeline-invalid");
  assert.equal(error.details, { pipeline: "traffic", stage: "find" });
});

test("definePipeline takes every connected DAG and keeps each edge both ways", () => {
  fc.assert(
    fc.property(randomDefinition, (definition) => {
      const pipeline = definePipeline(definition, SERVICES);
      const place = new Map(pipeline.stages.map((stage, index) => [stage.id, index]));
      assert.is(place.size, definition.stages.length);
      for (const { id, after = [] } of definition.stages) {
        const stage = stageOf(pipeline, parseStageId(id));
        assert.equal(stage.predecessors, after);
        for (const predecessor of stage.predecessors) {
          assert.ok((place.get(predecessor) ?? 0) < (place.get(stage.id) ?? 0), "not in topological order");
          assert.ok(stageOf(pipeline, predecessor).successors.includes(stage.id));
        }
        for (const successor of stage.successors) {
          assert.ok(stageOf(pipeline, successor).predecessors.includes(stage.id));
        }
      }
    }),
  );
});

test("definePipeline finds the cycle that a back edge closes", () => {
  const withEdge = randomPipeline.filter((pipeline) => pipeline.stages.length > 1);
  fc.assert(
    fc.property(withEdge, fc.nat(), (pipeline, pick) => {
      const ends = pipeline.stages.filter((stage) => stage.predecessors.length > 0);
      const end = ends[pick % ends.length] ?? ends[0];
      // From the chosen stage back along first predecessors to a root, which now comes after it.
      let root = end;
      while (root?.predecessors[0] !== undefined) root = stageOf(pipeline, root.predecessors[0]);
      const stages = pipeline.stages.map(({ id, service, predecessors }) => ({
        id,
        service,
        after: id === root?.id && end !== undefined ? [...predecessors, end.id] : predecessors,
      }));
      const { message } = assertThrows(() => define(stages), "pipeline-invalid", "form a cycle");
      const named = [...message.slice(message.indexOf("cycle")).matchAll(/"(\w+)"/g)].map(([, name]) => name);
      assert.is(named[0], named.at(-1));
      for (const [index, name] of named.slice(1).entries()) {
        const before = stages.find((stage) => stage.id === name)?.after ?? [];
        assert.ok(
          before.some((id) => id === named[index]),
          `"${named[index]}" -> "${name}" is no edge`,
        );
      }
    }),
  );
});

test("definePipeline finds the stage that is missing", () => {
  const withEdge = randomPipeline.filter((pipeline) => pipeline.stages.length > 1);
  fc.assert(
    fc.property(withEdge, (pipeline) => {
      const gone = rootStages(pipeline).find((root) => root.successors.length > 0);
      const stages = pipeline.stages
        .filter((stage) => stage !== gone)
        .map(({ id, service, predecessors }) => ({ id, service, after: predecessors }));
      assertThrows(() => define(stages), "pipeline-invalid", `comes after "${gone?.id}", which is no stage`);
    }),
  );
});

test("definePipeline refuses two DAGs side by side", () => {
  fc.assert(
    fc.property(randomDefinition, randomDefinition, (one, other) => {
      const renamed = other.stages.map(({ id, service, after = [] }) => ({
        id: `x${id}`,
        service,
        after: after.map((name) => `x${name}`),
      }));
      assertThrows(() => define([...one.stages, ...renamed]), "pipeline-invalid", "must be connected");
    }),
  );
});

test("joinCursors has END where several leaves meet", () => {
  const pipeline = pipelineOf({ a: [], b: ["a"], c: ["a"] });
  assert.equal(joinCursors(pipeline), [END]);
  assert.equal(branchesInto(pipeline, END), ["b", "c"]);
});

test("stageOf throws a RangeError for a stage of another pipeline", () => {
  assert.throws(() => stageOf(pipelineOf({ a: [] }), parseStageId("b")), RangeError);
});

test("readsFramesAhead looks at every stage that can still be reached", () => {
  const pipeline = define(TRAFFIC);
  assert.ok(readsFramesAhead(pipeline, parseStageId("find")));
  assert.ok(readsFramesAhead(pipeline, parseStageId("paint")));
  assert.not.ok(readsFramesAhead(pipeline, parseStageId("track")));
  assert.not.ok(readsFramesAhead(pipeline, END));
});

test("carriesFrames brings frames to each stage that reads them, along one branch only", () => {
  fc.assert(
    fc.property(randomPipeline, (pipeline) => {
      const brought = new Set<StageId>();
      for (const { id, predecessors, inputs } of pipeline.stages) {
        const origins = predecessors.length === 0 ? [null] : predecessors;
        const carriers = origins.filter((origin) => carriesFrames(pipeline, origin, id));
        assert.ok(carriers.length <= 1, "frames come twice");
        for (const carrier of carriers)
          assert.ok(carrier === null || brought.has(carrier), "nothing to carry");
        if (carriers.length > 0) brought.add(id);
        if (inputs.includes("frame")) assert.ok(brought.has(id), "frames do not come");
        if (brought.has(id)) assert.ok(readsFramesAhead(pipeline, id), "frames come for nothing");
      }
    }),
  );
});

test.run();
