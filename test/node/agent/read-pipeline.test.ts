import { setImmediate } from "node:timers/promises";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { createPipelineReader } from "../../../src/node/agent/read-pipeline.js";
import { SluiceError } from "../../../src/task/errors.js";
import { parsePipelineFile } from "../../../src/task/pipeline-file.js";
import { SERVICES } from "../../support/local-run.js";
import { within } from "../../support/within.js";

const PLAIN = "pipeline: one\nstages:\n  find: { service: detect }\n";
/** At the bound of tokens: the dearest text that is not refused before it is parsed. */
const DEAR = `pipeline: one\nstages:\n  find:\n    service: detect\n    parameters: { list: [${"1,".repeat(6_500)}] }\n`;

const refusal = async (work: Promise<unknown>): Promise<SluiceError> => {
  const outcome = work.then(
    () => new Error("It was read"),
    (thrown: unknown) => thrown,
  );
  const error = await within(30_000, outcome);
  if (!(error instanceof SluiceError)) throw error;
  assert.is(error.code, "pipeline-invalid");
  return error;
};

test("createPipelineReader reads what parsePipelineFile reads, and refuses it in the same words", async () => {
  const read = createPipelineReader();
  assert.equal(
    await within(30_000, read(PLAIN, "a.yaml", SERVICES)),
    parsePipelineFile(PLAIN, "a.yaml", SERVICES),
  );
  const error = await refusal(read(PLAIN.replace("detect", "detct"), "a.yaml", SERVICES));
  assert.match(error.message, /^a\.yaml:3: .*did you mean "detect"/);
  assert.equal(error.details, { fileName: "a.yaml", line: 3 });
});

test("createPipelineReader leaves the node's thread free while a text is read", async () => {
  const reading = { over: false };
  const work = createPipelineReader()(DEAR, "a.yaml", SERVICES).finally(() => (reading.over = true));
  let turns = 0;
  while (!reading.over) {
    await setImmediate();
    turns += 1;
  }
  assert.is((await work).pipeline.id, "one");
  // On this thread it would be over within one.
  assert.ok(turns > 10, `${turns} turns`);
});

test("createPipelineReader gives a text up that takes too long, and goes on with the next", async () => {
  const error = await refusal(createPipelineReader(1)(PLAIN, "a.yaml", SERVICES));
  assert.match(error.message, /it takes longer than 0\.001 s to read/);
});

test("createPipelineReader lets 16 wait, refuses more, and takes others once there is room", async () => {
  const read = createPipelineReader();
  const taken = Array.from({ length: 16 }, () => read(PLAIN, "a.yaml", SERVICES));
  const error = await refusal(read(PLAIN, "a.yaml", SERVICES));
  assert.match(error.message, /too many others/);
  assert.is(error.retry, "backoff");
  await within(60_000, Promise.all(taken), "those that were taken");
  await within(30_000, read(PLAIN, "a.yaml", SERVICES), "one more");
});

test.run();
