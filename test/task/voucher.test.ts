import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { parseNodeName, parsePipelineId, parseSourceId, parseStageId } from "../../src/task/identity.js";
import { END, type Vouched } from "../../src/task/task.js";
import { vouchedText } from "../../src/task/voucher.js";
import { finishedTask } from "../support/tasks.js";

const RANGE = { after: 3, first: 4, last: 5, passedOver: 0, firstUs: 0, lastUs: 40_000 };

test("vouchedText differs with every field that a lie could be about, and with nothing else", () => {
  const task = finishedTask({ sequence: 1 });
  const stage = parseStageId("follow");
  const node = parseNodeName("edge-2");
  const lies: readonly Partial<Vouched>[] = [
    { id: { ...task.id, sequence: 2 } },
    { id: { ...task.id, incarnation: 2 } },
    { id: { ...task.id, sourceId: parseSourceId("cam-2") } },
    { delivery: 2 },
    { pipelineId: parsePipelineId("other") },
    { pipelineVersion: 2 },
    { framePtsUs: [0, 40_001] },
    { framePtsUs: [0] },
    { frames: RANGE },
    ...Object.keys(RANGE).map((field) => ({ frames: { ...RANGE, [field]: 7 } })),
    { frames: { ...RANGE, after: null } },
    { sourceAtMs: task.sourceAtMs + 0.001 },
    { createdAtMs: task.createdAtMs - 1 },
    { origin: "sluice://edge-2/source-cam-1" },
    { joinNodes: new Map([[END, node]]) },
    { pins: new Map([[stage, { node, ordinal: 0 }]]) },
    { pins: new Map([[stage, { node, ordinal: 1 }]]) },
  ];
  const texts = [task, ...lies.map((lie) => ({ ...task, ...lie }))].map(vouchedText);
  assert.is(new Set(texts).size, texts.length);
  const walked = { ...task, results: new Map(), hops: [], cursor: stage, voucher: new Uint8Array(3) };
  assert.is(vouchedText(walked), texts[0]);
});

test("vouchedText keeps apart what runs together when it is written out", () => {
  const task = finishedTask({ sequence: 1 });
  const id = (sourceId: string, incarnation: number) => ({
    ...task,
    id: { ...task.id, sourceId: parseSourceId(sourceId), incarnation },
  });
  assert.is.not(vouchedText(id("cam-1", 23)), vouchedText(id("cam-12", 3)));
});

test.run();
