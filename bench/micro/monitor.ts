/**
 * What sampling a host costs: processor time of this process, per reading and per second at 1 Hz.
 *
 * Measured: the host readings of the monitor, its event-loop timer, and systeminformation's live calls as the peer, all
 * in this process. Not measured: processor time of the processes that systeminformation forks, which comes on top of it;
 * the actor's messages, which are a handful a second.
 *
 * Usage: node dist/bench/micro/monitor.js [readings, default 1000]
 */

import { currentLoad, mem } from "systeminformation";
import { openHostMetrics, openPortableHost } from "../../src/actors/monitor/host-metrics.js";
import { openLinuxHost } from "../../src/actors/monitor/linux-host.js";
import { percentile, report, rounded, type Row } from "../report.js";

const readings = Number(process.argv[2] ?? 1_000);
const IDLE_MS = 4_000;

const cpuMs = (since: NodeJS.CpuUsage) => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1_000;
};

async function idleCpuMsPerSecond(): Promise<number> {
  const since = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  return cpuMs(since) / (IDLE_MS / 1_000);
}

async function cost(count: number, read: () => unknown): Promise<{ cpuMs: number; row: Row }> {
  for (let index = 0; index < Math.min(50, count); index++) await read();
  const wallMs: number[] = [];
  const since = process.cpuUsage();
  for (let index = 0; index < count; index++) {
    const startedMs = performance.now();
    await read();
    wallMs.push(performance.now() - startedMs);
  }
  const eachMs = cpuMs(since) / count;
  const at = (share: number) => rounded(percentile(wallMs, share));
  return {
    cpuMs: eachMs,
    row: { "cpu ms": rounded(eachMs), "wall p50 ms": at(0.5), "wall p99 ms": at(0.99) },
  };
}

const rows: Record<string, Row> = {};
const idleBefore = await idleCpuMsPerSecond();
rows["a second of an idle process (baseline)"] = { "cpu ms": rounded(idleBefore) };

const host = openHostMetrics();
const idleWatched = await idleCpuMsPerSecond();
rows["a second of the event-loop timer"] = { "cpu ms": rounded(idleWatched - idleBefore) };

const reading = await host.read();
if (!(reading.cpuShare >= 0 && reading.cpuShare <= 1 && reading.memoryUsedBytes < reading.memoryTotalBytes)) {
  throw new Error(`A reading that cannot be: ${JSON.stringify(reading)}`);
}
const whole = await cost(readings, () => host.read());
rows["a host reading (files, rss, loop)"] = whole.row;
host.close();

if (process.platform === "linux") {
  const files = openLinuxHost(() => performance.now());
  rows["of which the files"] = (await cost(readings, () => files.read())).row;
  files.close();
}
const portable = openPortableHost();
rows["a portable reading (os.cpus, kept memory)"] = (await cost(readings, () => portable.read())).row;

// Its results are kept for 200 ms, so it is asked no more often.
const peer = await cost(8, async () => {
  await new Promise((resolve) => setTimeout(resolve, 250));
  await currentLoad();
  await mem();
});
rows["systeminformation currentLoad + mem (and wait)"] = peer.row;

const cpuMsASecond = idleWatched - idleBefore + whole.cpuMs;
rows["a second of the monitor at 1 Hz"] = { "cpu ms": rounded(cpuMsASecond), goal: "< 10" };
report(`Sampling a host, ${readings} readings`, rows);
