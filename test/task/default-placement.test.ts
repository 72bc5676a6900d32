import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { defaultNode, fixedNodes } from "../../src/task/default-placement.js";
import { definePipeline } from "../../src/task/define-pipeline.js";
import type { StageNeeds } from "../../src/task/offers.js";
import { parseNodeName, parseStageId } from "../../src/task/identity.js";
import type { Pipeline } from "../../src/task/pipeline.js";
import { END } from "../../src/task/task.js";
import { pipelineOf, SERVICES } from "./pipelines.js";

const [edge, other, cloud] = ["edge-1", "edge-2", "cloud"].map(parseNodeName) as [never, never, never];
const homeWith = (...services: readonly string[]) => ({
  node: edge,
  runs: ({ service }: StageNeeds) => services.includes(service),
  cloud,
});

/** A stage without state, then two with it. */
function statefulPipeline(): Pipeline {
  const services = [...SERVICES].map(
    ([name, service]) => [name, { ...service, stateful: name !== "detect" }] as const,
  );
  const stages = [
    { id: "a", service: "detect" },
    { id: "b", service: "track", after: ["a"] },
    { id: "c", service: "blind", after: ["b"] },
  ];
  return definePipeline({ id: "test", stages }, new Map(services));
}

test("defaultNode is the node itself where it has the service, else the cloud", () => {
  assert.is(defaultNode({ service: "track" }, homeWith("track")), edge);
  assert.is(defaultNode({ service: "track" }, homeWith("detect")), cloud);
});

test("fixedNodes names a node for each join and for nothing else: that of all leaves is the cloud", () => {
  const pipeline = pipelineOf({ a: [], b: ["a"], c: ["a", "b"], d: ["a"] });
  assert.equal(
    [...fixedNodes(pipeline, homeWith()).joinNodes],
    [
      ["c", edge],
      [END, cloud],
    ],
  );
});

test("fixedNodes names a node for each stateful stage and for nothing else", () => {
  const { statefulNodes } = fixedNodes(statefulPipeline(), homeWith("track"));
  assert.equal(
    [...statefulNodes],
    [
      ["b", edge],
      ["c", cloud],
    ],
  );
});

test("fixedNodes takes the first node of the placement, and the default where it names none", () => {
  const [c, b] = ["c", "b"].map(parseStageId) as [never, never];
  const joined = pipelineOf({ a: [], b: ["a"], c: ["a", "b"], d: ["a"] });
  const { joinNodes } = fixedNodes(joined, homeWith(), new Map([[c, [other, edge]]]));
  assert.equal([...joinNodes.values()], [other, cloud]);
  const placement = new Map([
    [b, [other, edge]],
    [c, []],
  ]);
  const { statefulNodes } = fixedNodes(statefulPipeline(), homeWith("blind"), placement);
  assert.equal([...statefulNodes.values()], [other, edge]);
});

test.run();
