import * as fc from "fast-check";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import {
  compareTaskIds,
  parseNodeName,
  parsePipelineId,
  parseSourceId,
  parseStageId,
  stageKeyText,
  taskKey,
  type TaskId,
} from "../../src/task/identity.js";
import { assertThrows } from "./throws.js";

const parsers = [
  { parse: parseSourceId, code: "source-invalid" },
  { parse: parsePipelineId, code: "pipeline-invalid" },
  { parse: parseStageId, code: "pipeline-invalid" },
  { parse: parseNodeName, code: "address-invalid" },
];

for (const { parse, code } of parsers) {
  test(`${parse.name} takes 1 to 64 letters, digits, '-', '_' and '.'`, () => {
    for (const text of ["a", "cam-1", "Front_Door.2", "9", "x".repeat(64)]) assert.is(parse(text), text);
  });

  test(`${parse.name} refuses what a key, a path or an address could misread`, () => {
    const bad = [
      "",
      "x".repeat(65),
      "$end",
      "a/b",
      "a@1",
      "a#1",
      "..",
      ".a",
      "-a",
      "__proto__",
      "a b",
      "é",
      "a\n",
    ];
    for (const text of bad) assertThrows(() => parse(text), code, "1 to 64 letters");
  });
}

const counts = fc.oneof(fc.nat(30), fc.maxSafeNat());
const taskIds: fc.Arbitrary<TaskId> = fc.record({
  sourceId: fc.constantFrom("a", "b", "a.b", "a-1").map(parseSourceId),
  incarnation: counts,
  sequence: counts,
});

test("taskKey is the same for the same task only", () => {
  fc.assert(
    fc.property(taskIds, taskIds, (a, b) => {
      assert.is(taskKey(a) === taskKey(b), compareTaskIds(a, b) === 0);
    }),
  );
});

test("taskKey sorts the tasks of a source as compareTaskIds does", () => {
  fc.assert(
    fc.property(taskIds, counts, counts, (a, incarnation, sequence) => {
      const b = { sourceId: a.sourceId, incarnation, sequence };
      const [first, second] = [taskKey(a), taskKey(b)];
      assert.is(first < second, compareTaskIds(a, b) < 0);
      assert.is(first > second, compareTaskIds(a, b) > 0);
    }),
  );
});

test("taskKey of one source never begins with that of another and a slash", () => {
  const id = { incarnation: 0, sequence: 12 };
  assert.is(taskKey({ ...id, sourceId: parseSourceId("cam-1") }), "cam-1/a0/b12");
  assert.is(taskKey({ ...id, sourceId: parseSourceId("cam-10") }), "cam-10/a0/b12");
});

test("stageKeyText names pipeline, version and stage", () => {
  const key = { pipelineId: parsePipelineId("traffic"), pipelineVersion: 3, stage: parseStageId("detect") };
  assert.is(stageKeyText(key), "traffic@3/detect");
});

test.run();
