import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { allocateShared } from "../../src/runtime/shared-memory.js";

const BUFFERS = 1_000;
const MEGABYTE = 1_000_000;

test("allocateShared gives zeroed bytes in shared memory", () => {
  const view = allocateShared(10);
  assert.instance(view.buffer, SharedArrayBuffer);
  assert.equal([...view], Array<number>(10).fill(0));
});

test("allocateShared has the collector free what nobody holds, long before a gigabyte", async () => {
  const beforeBytes = process.memoryUsage.rss();
  let mostBytes = 0;
  for (let buffer = 0; buffer < BUFFERS; buffer += 1) {
    allocateShared(MEGABYTE).fill(1);
    if (buffer % 10 === 0) await new Promise(setImmediate);
    mostBytes = Math.max(mostBytes, process.memoryUsage.rss() - beforeBytes);
  }
  assert.ok(mostBytes < 300 * MEGABYTE, `${Math.round(mostBytes / MEGABYTE)} MB more were resident`);
});

test.run();
