import { availableParallelism, totalmem } from "node:os";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import {
  openHostMetrics,
  openPortableHost,
  type HostMetrics,
} from "../../../src/actors/monitor/host-metrics.js";
import { within } from "../../support/within.js";

/** Keeps one processor busy on this thread. */
function work(ms: number): number {
  const endMs = performance.now() + ms;
  let steps = 0;
  while (performance.now() < endMs) steps++;
  return steps;
}

async function withHost(run: (host: HostMetrics) => Promise<void>): Promise<void> {
  const host = openHostMetrics();
  try {
    await within(20_000, run(host));
  } finally {
    host.close();
  }
}

test("openHostMetrics reads figures of this machine that can be", () =>
  withHost(async (host) => {
    work(100);
    const reading = await host.read();
    assert.ok(reading.cpuCount > 0 && reading.cpuCount <= availableParallelism(), `${reading.cpuCount}`);
    assert.ok(reading.memoryTotalBytes > 0 && reading.memoryTotalBytes <= totalmem());
    assert.ok(reading.memoryUsedBytes > 0 && reading.memoryUsedBytes < reading.memoryTotalBytes);
    assert.ok(reading.residentBytes > 10_000_000 && reading.residentBytes < reading.memoryTotalBytes);
  }));

test("openHostMetrics counts a busy processor as its share of those there are", () =>
  withHost(async (host) => {
    await host.read();
    work(300);
    const { cpuShare, cpuCount } = await host.read();
    assert.ok(cpuShare >= 0.7 / Math.ceil(cpuCount) && cpuShare <= 1, `${cpuShare} of ${cpuCount}`);
  }));

test("openHostMetrics tells the longest stall of the event loop, once", () =>
  withHost(async (host) => {
    const turn = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    await turn(60);
    await host.read();
    work(150);
    const { loopStallMs } = await host.read();
    assert.ok(loopStallMs >= 100 && loopStallMs < 60_000, `${loopStallMs} ms, before the timer could fire`);
    await turn(60);
    work(150);
    await turn(60);
    const later = await host.read();
    assert.ok(
      later.loopStallMs >= 120 && later.loopStallMs < 60_000,
      `${later.loopStallMs} ms, after it fired`,
    );
    const sinceMs = performance.now();
    await turn(60);
    const calm = await host.read();
    // A machine with much else to do stalls for as long as it looked away, and no longer.
    const awayMs = performance.now() - sinceMs;
    assert.ok(calm.loopStallMs <= awayMs, `${calm.loopStallMs} ms of ${awayMs}`);
  }));

test("openHostMetrics names the processor and the system", () =>
  withHost(async (host) => {
    const inventory = await host.inventory();
    assert.ok(inventory.physicalCores >= 1);
    assert.type(inventory.processor, "string");
    assert.ok(inventory.system.length > 0);
  }));

test("openPortableHost reads the same machine without /proc of its own", async () => {
  const host = openPortableHost();
  work(100);
  const reading = await within(20_000, Promise.resolve(host.read()));
  assert.ok(reading.cpuShare >= 0 && reading.cpuShare <= 1);
  assert.ok(reading.cpuCount >= 1);
  assert.ok(reading.memoryUsedBytes > 0 && reading.memoryUsedBytes < reading.memoryTotalBytes);
  host.close();
});

test.run();
