import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import {
  DEFAULT_CONFIGURATION,
  parseConfiguration,
  sameConfiguration,
} from "../../src/task/configuration.js";
import { definePipeline } from "../../src/task/define-pipeline.js";
import { parsePipelineFile } from "../../src/task/pipeline-file.js";
import type { ServiceDeclaration } from "../../src/task/service.js";
import { stageKeyText } from "../../src/task/identity.js";
import { stageAs, stageIn, stageKeyOf, variantProblem, withVariants } from "../../src/task/variants.js";
import { TWO_SIZES } from "./pipelines.js";
import { assertThrows } from "./throws.js";

const [FIND] = TWO_SIZES.stages;
if (FIND === undefined) throw new Error("No stage");

test("definePipeline gives each variant all of its parameters and its model, and the stage those of the first", () => {
  assert.equal(FIND.variants, [
    { name: "large", model: "large.onnx", parameters: { scoreMin: 0.3, model: "large.onnx" } },
    { name: "small", model: "small.onnx", parameters: { scoreMin: 0.2, model: "small.onnx" } },
  ]);
  assert.equal([FIND.model, FIND.parameters], ["large.onnx", { scoreMin: 0.3, model: "large.onnx" }]);
});

test("stageAs gives the variant that is named, the first where none of the stage is, and the same object each time", () => {
  const small = stageAs(FIND, "small");
  assert.equal([small.variant, small.model, small.id], ["small", "small.onnx", FIND.id]);
  assert.is(stageAs(FIND, "small"), small);
  assert.is(stageAs(FIND, "huge").variant, "large");
  assert.is(stageAs(FIND, undefined).variant, "large");
  assert.is(stageIn(FIND, { variants: { find: "small" } }), small);
  const [plain] = definePipeline(
    { id: "p", stages: [{ id: "a", service: "detect" }] },
    new Map([["detect", detector()]]),
  ).stages;
  if (plain === undefined) throw new Error("No stage");
  assert.is(stageAs(plain, "small"), plain);
});

test("stageKeyText tells the variants of a stage apart", () => {
  const text = (name: string) => stageKeyText(stageKeyOf(TWO_SIZES, stageAs(FIND, name)));
  assert.equal([text("large"), text("small")], ["sizes@1/find:large", "sizes@1/find:small"]);
});

test("withVariants names the variant of each stage that has several, and no other", () => {
  assert.equal(withVariants(DEFAULT_CONFIGURATION, TWO_SIZES).variants, { find: "large" });
  const named = { ...DEFAULT_CONFIGURATION, variants: { find: "small", gone: "x" } };
  assert.equal(withVariants(named, TWO_SIZES).variants, { find: "small" });
  assert.is("variants" in withVariants(named, { stages: [] }), false);
});

test("parseConfiguration lays variants over those asked for, stage by stage, and sameConfiguration compares them", () => {
  const base = { ...DEFAULT_CONFIGURATION, variants: { find: "large", other: "a" } };
  const turned = parseConfiguration({ variants: { find: "small" } }, base);
  assert.equal(turned.variants, { find: "small", other: "a" });
  assert.is(sameConfiguration(base, turned), false);
  assert.is(sameConfiguration(base, { ...base, variants: { other: "a", find: "large" } }), true);
  assertThrows(() => parseConfiguration({ variants: { find: "../x" } }), "configuration-invalid", "variants");
});

test("variantProblem names what is no stage and what is none of its variants", () => {
  assert.is(variantProblem(TWO_SIZES, { find: ["large", "small"] }), null);
  assert.match(
    variantProblem(TWO_SIZES, { fnd: "small" }) ?? "",
    'has no stage "fnd" (did you mean "find"?)',
  );
  assert.match(
    variantProblem(TWO_SIZES, { find: "huge" }) ?? "",
    'no variant "huge": wanted one of "large", "small"',
  );
  assert.match(
    variantProblem(TWO_SIZES, { sort: "small" }) ?? "",
    'stage "sort" of pipeline "sizes" has no variants',
  );
});

function detector(stateful = false): ServiceDeclaration {
  return {
    name: "detect",
    summary: "",
    inputs: ["frame"],
    output: "boxes",
    stateful,
    module: "file:///none.js",
  };
}

for (const [text, variants, stateful] of [
  ["must have no variants", { a: {} }, true],
  ["must have 1 to 16 variants: got 0", {}, false],
  ['variant "320"', { 320: {} }, false],
  ['variant "a/b"', { "a/b": {} }, false],
] as const) {
  test(`definePipeline refuses variants: ${text}`, () => {
    const stages = [{ id: "find", service: "detect", variants }];
    const services = new Map([["detect", detector(stateful)]]);
    assertThrows(() => definePipeline({ id: "sizes", stages }, services), "pipeline-invalid", text);
  });
}

const FILE = `pipeline: sizes
stages:
  find:
    service: detect
    variants:
      large: { model: large.onnx }
      small: { model: small.onnx }
`;
const read = (text: string) => parsePipelineFile(text, "sizes.yaml", new Map([["detect", detector()]]));

test("parsePipelineFile reads variants, which one is asked for, and which are allowed", () => {
  const { pipeline, configuration, space } = read(
    `${FILE}configuration: { variants: { find: small } }\nspace: { variants: { find: [small, large] } }\n`,
  );
  assert.equal(
    pipeline.stages[0]?.variants?.map(({ name }) => name),
    ["large", "small"],
  );
  assert.equal(configuration.variants, { find: "small" });
  assert.equal(space?.variants, { find: ["small", "large"] });
});

for (const [text, line, part] of [
  ["configuration: { variants: { find: huge } }", 8, 'no variant "huge"'],
  ["space:\n  variants: { fnd: [small] }", 9, 'no stage "fnd"'],
] as const) {
  test(`parsePipelineFile refuses ${JSON.stringify(text)} and names its line`, () => {
    assertThrows(() => read(`${FILE}${text}\n`), "pipeline-invalid", `sizes.yaml:${line}: `, part);
  });
}

test.run();
