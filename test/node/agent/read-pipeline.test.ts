import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { createPipelineReader } from "../../../src/node/agent/read-pipeline.js";
import { parseThreadTime, threadTime } from "../../../src/runtime/thread-time.js";
import { systemClock, type Clock } from "../../../src/runtime/clock.js";
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

/** A clock by which it is an hour later at once, and again, `times` times. */
const hoursLater = (times: number): Clock => ({
  ...systemClock,
  after(_, callback) {
    times -= 1;
    if (times >= 0) queueMicrotask(callback);
    return { cancel: () => {} };
  },
});

test("createPipelineReader gives a text up that takes too much of a processor, and goes on with the next", async () => {
  const times = [5, 5 + 10_000, 5 + 10_001];
  const read = createPipelineReader({ clock: hoursLater(2), timeOf: () => times.shift() ?? null });
  const error = await refusal(read(PLAIN, "a.yaml", SERVICES));
  assert.match(error.message, /it takes more than 10 s of a processor to read/);
  await within(30_000, read(PLAIN, "a.yaml", SERVICES), "the next");
});

test("createPipelineReader waits for a text as long as a busy machine takes for it", async () => {
  let looks = 0;
  const timeOf = (): number => (looks += 1);
  const read = createPipelineReader({ clock: hoursLater(1_000), timeOf });
  assert.is((await within(30_000, read(PLAIN, "a.yaml", SERVICES))).pipeline.id, "one");
  assert.is(looks, 1_001);
});

test("threadTime tells what a thread has had of a processor, and not what others have", async () => {
  const names = new URL("../../../src/runtime/thread-time.js", import.meta.url).href;
  const threads = ["for (;;);", "setInterval(() => {}, 1e9);"].map((then) => {
    const told = `require("node:worker_threads").parentPort.postMessage(ownThreadName());`;
    return new Worker(`import("${names}").then(({ ownThreadName }) => { ${told} ${then} });`, { eval: true });
  });
  try {
    const told = threads.map((thread) => new Promise<number>((resolve) => thread.once("message", resolve)));
    const [busy = 0, idle = 0] = await within(30_000, Promise.all(told), "the threads");
    const first = { busy: threadTime(busy) ?? Number.NaN, idle: threadTime(idle) ?? Number.NaN };
    while (!((threadTime(busy) ?? 0) - first.busy > 200)) await setImmediate();
    assert.ok((threadTime(idle) ?? 0) - first.idle < 100);
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
  assert.is(threadTime(2 ** 30), null);
  assert.is(parseThreadTime("7 (a ) b (c)) R 1 1 1 0 -1 4194304 9 0 0 0 12 34 0 0 20 0"), 460);
  assert.is(parseThreadTime(""), null);
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
