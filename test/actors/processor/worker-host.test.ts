import { createHash } from "node:crypto";
import { appendFileSync, existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { startWorker } from "../../../src/actors/processor/worker-host.js";
import type {
  Job,
  WorkerEvent,
  WorkerSpec,
  WorkerThread,
} from "../../../src/actors/processor/worker-port.js";
import type { Payload } from "../../../src/task/payload.js";
import { loadHashed } from "../../../src/services/loaded-model.js";
import { allocateShared } from "../../../src/runtime/shared-memory.js";
import { command, type Command } from "../../support/services/commands.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { within } from "../../support/within.js";

const moduleOf = (name: string) => new URL(`../../support/services/${name}.js`, import.meta.url).href;

const spec = (overrides: Partial<WorkerSpec> = {}): WorkerSpec => ({
  name: "test",
  module: moduleOf("commands"),
  parameters: {},
  modelDir: null,
  output: "boxes",
  stateful: false,
  ...overrides,
});

const job = (overrides: Partial<Job> = {}): Job => ({
  sourceId: "cam-1",
  incarnation: 0,
  sequence: 0,
  frameCount: 1,
  framePtsUs: [0],
  previous: new Map(),
  continuity: "restarted",
  payload: null,
  ...overrides,
});

/** A worker whose events are read one by one. */
function start(overrides: Partial<WorkerSpec> = {}): WorkerThread & { next(): Promise<WorkerEvent> } {
  const events: WorkerEvent[] = [];
  let heard = () => {};
  const worker = startWorker(spec(overrides), (event) => {
    events.push(event);
    heard();
  });
  const next = async (): Promise<WorkerEvent> => {
    while (events.length === 0) await new Promise<void>((resolve) => (heard = resolve));
    return events.shift() as WorkerEvent;
  };
  return { ...worker, next: () => within(20_000, next(), "an event of the worker") };
}

const commanded = (label: Command) => job({ previous: command(label) });

/** Threads of this process, by the kernel's count. */
const threadCount = () => readdirSync("/proc/self/task").length;

/** The count with no worker left of the tests before, and with the thread pool of asynchronous file access started. */
async function threadCountAtRest(): Promise<number> {
  await stat("/proc/self/task");
  await until(() => !process.getActiveResourcesInfo().includes("MessagePort"));
  return threadCount();
}

function threadTest(name: string, body: () => Promise<void>): void {
  if (existsSync("/proc/self/task")) {
    test(name, body);
  } else {
    console.log(`SKIPPED "${name}": this system has no /proc/self/task to count threads in`);
    test.skip(name, body);
  }
}

test("worker runs a job given before it has loaded, and the next ones", async () => {
  const worker = start({ modelDir: "models" });
  worker.run(job({ sequence: 4, frameCount: 2 }));
  assert.is((await worker.next()).type, "loaded");
  const found = { x: 0, y: 0, width: 0, height: 0, score: 1, label: "models", trackId: 4 };
  assert.equal(await worker.next(), {
    type: "completed",
    result: { type: "boxes", frames: [[found], [found]] },
  });
  worker.run(job());
  assert.is((await worker.next()).type, "completed");
  worker.kill();
});

test("worker names the content of the model that it has loaded, of a file that stays as it is while it loads", async () => {
  const modelDir = temporaryFolder();
  const [model, text] = ["a.onnx", "a model"];
  writeFileSync(join(modelDir, model), text);
  const worker = start({ modelDir, model });
  worker.run(job());
  const sha256 = createHash("sha256").update(text).digest("hex");
  assert.equal(await worker.next(), { type: "loaded", version: sha256 });
  const event = await worker.next();
  assert.is(event.type === "completed" && event.model, sha256);
  worker.kill();
  const load = (change: () => void) =>
    loadHashed({ model, modelDir }, () => Promise.resolve(change())).catch(({ code, retry }) => [
      code,
      retry,
    ]);
  assert.equal(await load(() => {}), { loaded: undefined, model: { sha256, version: sha256 } });
  const file = join(modelDir, model);
  assert.equal(await load(() => appendFileSync(file, ".")), ["model-invalid", "backoff"]);
  assert.equal(await load(() => rmSync(file)), ["model-invalid", "backoff"]);
  // It was loaded from elsewhere.
  assert.equal(await load(() => {}), { loaded: undefined, model: null });
});

test("worker reads the main thread's own bytes, not a copy of them", async () => {
  const frameOf = () => new Uint8Array(new SharedArrayBuffer(16 * 16 * 3));
  const payloadOf = (data: Uint8Array): Payload => ({
    encoding: "rgb",
    width: 16,
    height: 16,
    frames: [{ ptsUs: 0, data }],
  });
  const worker = start({ module: moduleOf("first-bytes"), parameters: { keep: true } });
  await worker.next();
  const seen = async (data: Uint8Array) => {
    worker.run(job({ payload: payloadOf(data) }));
    const event = await worker.next();
    const found = event.type === "completed" ? event.result.frames[0]?.[0] : undefined;
    return [found?.label, found?.x];
  };
  const first = frameOf();
  first[0] = 51;
  assert.equal(await seen(first), ["shared", 0.2]);
  // The worker looks at its first frame again, which has changed here only. Captured frames are never written.
  first[0] = 102;
  assert.equal(await seen(frameOf()), ["shared", 0.4]);
  worker.kill();
});

test("worker lets go of the frames of tasks that are done", async () => {
  const worker = start({ module: moduleOf("first-bytes") });
  await worker.next();
  const beforeBytes = process.memoryUsage.rss();
  let mostBytes = 0;
  for (let sequence = 0; sequence < 600; sequence += 1) {
    const data = allocateShared(1_000_000).fill(255);
    worker.run(
      job({
        sequence,
        payload: { encoding: "rgb", width: 1_000, height: 333, frames: [{ ptsUs: 0, data }] },
      }),
    );
    assert.is((await worker.next()).type, "completed");
    mostBytes = Math.max(mostBytes, process.memoryUsage.rss() - beforeBytes);
  }
  assert.ok(mostBytes < 250_000_000, `${Math.round(mostBytes / 1e6)} MB more were resident`);
  worker.kill();
});

test("worker copies only the frame where it is a view of a larger buffer", async () => {
  const pool = new Uint8Array(1_000_000).fill(255, 500_000);
  const data = pool.subarray(500_000, 500_000 + 768);
  const worker = start({ module: moduleOf("first-bytes") });
  worker.run(job({ payload: { encoding: "rgb", width: 16, height: 16, frames: [{ ptsUs: 0, data }] } }));
  await worker.next();
  const event = await worker.next();
  const found = event.type === "completed" ? event.result.frames[0]?.[0] : undefined;
  assert.equal([found?.label, found?.x], ["own", 1]);
  worker.kill();
});

test("worker decodes a JPEG frame that lies in shared memory", async () => {
  const { default: sharp } = await import("sharp");
  const jpeg = await sharp({ create: { width: 32, height: 16, channels: 3, background: "#ff0000" } })
    .jpeg({ quality: 95 })
    .toBuffer();
  const data = new Uint8Array(new SharedArrayBuffer(jpeg.byteLength));
  data.set(jpeg);
  const worker = start({ module: moduleOf("first-bytes") });
  await worker.next();
  const payload = { encoding: "jpeg", width: 32, height: 16, frames: [{ ptsUs: 0, data }] } as const;
  worker.run(job({ payload }));
  const event = await worker.next();
  const found = event.type === "completed" ? event.result.frames[0]?.[0] : undefined;
  assert.equal([found?.width, found?.height], [0.0032, 0.0016]);
  assert.ok(Math.abs((found?.x ?? 0) - 1) < 0.03, `red is ${found?.x}`);
  assert.ok((found?.y ?? 1) < 0.03, `green is ${found?.y}`);

  worker.run(job({ payload: { ...payload, width: 64 } }));
  const wrong = await worker.next();
  assert.is(wrong.type, "failed");
  assert.match(
    wrong.type === "failed" ? wrong.text : "",
    /^Cannot decode a frame as it must be a JPEG of 64x16: /,
  );
  worker.kill();
});

test("worker fails the job of a service that throws, and runs the next", async () => {
  const worker = start();
  await worker.next();
  worker.run(commanded("throw"));
  assert.equal(await worker.next(), { type: "failed", text: "Told to throw" });
  worker.run(job());
  assert.is((await worker.next()).type, "completed");
  worker.kill();
});

test("worker fails the job whose result is not one", async () => {
  const worker = start();
  await worker.next();
  worker.run(commanded("nonsense"));
  assert.equal(await worker.next(), {
    type: "failed",
    text: "The result of the service cannot be used as it must have a list of detections for each of 1 frames: got 0",
  });
  worker.kill();
});

for (const [label, text] of [
  ["crash", /^Told to crash \(exit code 1\)$/],
  ["reject", /^Told to reject \(exit code 1\)$/],
  ["exit", /^its thread ended \(exit code 3\)$/],
] as const) {
  test(`worker says that it crashed where the service does "${label}"`, async () => {
    const worker = start();
    await worker.next();
    worker.run(commanded(label));
    const event = await worker.next();
    assert.is(event.type, "crashed");
    assert.match(event.type === "crashed" ? event.text : "", text);
  });
}

test("worker says why its service cannot be loaded", async () => {
  const missing = await start({ module: moduleOf("no-such") }).next();
  assert.is(missing.type, "loadFailed");
  assert.equal(missing.type === "loadFailed" && [missing.code, missing.permanent], [
    "ERR_MODULE_NOT_FOUND",
    false,
  ]);

  assert.equal(await start({ module: "data:text/javascript,export const service = {}" }).next(), {
    type: "loadFailed",
    code: "service-failed",
    text: 'Module "data:text/javascript,export const service = {}" must export "service" with a "load" function',
    permanent: false,
  });

  assert.equal(await start({ parameters: { load: "throw" } }).next(), {
    type: "loadFailed",
    code: "service-failed",
    text: "Will not load",
    permanent: false,
  });

  const exited = await start({ parameters: { load: "exit" } }).next();
  assert.is(exited.type, "crashed");
});

test("worker says that a missing model is permanent", async () => {
  const event = await start({ parameters: { load: "missing" } }).next();
  assert.equal(event.type === "loadFailed" && [event.code, event.permanent], ["model-missing", true]);
});

threadTest(
  "kill ends a worker in the middle of an endless loop, and stop one that will not close",
  async () => {
    const before = threadCount();
    const looping = start();
    await looping.next();
    looping.run(commanded("hang"));
    looping.kill();
    const waiting = start();
    await waiting.next();
    waiting.run(commanded("wait"));
    waiting.stop();
    waiting.stop();
    await until(() => threadCount() <= before);
  },
);

threadTest("24 workers started and stopped leave no thread", async () => {
  const before = await threadCountAtRest();
  for (let round = 0; round < 12; round += 1) {
    const [loaded, loading] = [start({ module: moduleOf("noop") }), start({ module: moduleOf("noop") })];
    await loaded.next();
    if (round % 2 === 0) loaded.stop();
    else loaded.kill();
    if (round % 4 < 2) loading.kill();
    else loading.stop();
  }
  await until(() => threadCount() <= before);
});

/** Turns of the event loop until `condition` holds: the kernel tells nobody when a thread is gone. */
async function until(condition: () => boolean): Promise<void> {
  const turns = async () => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await within(20_000, turns(), "the threads to end");
}

test.run();
