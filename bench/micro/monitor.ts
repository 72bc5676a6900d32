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

async function cost(count: number, read: () => unknown): Promise<{ cpuMs: number; wallMs: number[] }> {
  for (let index = 0; index < Math.min(50, count); index++) await read();
  const wallMs: number[] = [];
  const since = process.cpuUsage();
  for (let index = 0; index < count; index++) {
    const startedMs = performance.now();
    await read();
    wallMs.push(performance.now() - startedMs);
  }
  return { cpuMs: cpuMs(since) / count, wallMs: wallMs.sort((a, b) => a - b) };
}

function report(name: string, count: number, result: { cpuMs: number; wallMs: number[] }): void {
  const at = (share: number) => (result.wallMs[Math.ceil(share * count) - 1] ?? 0).toFixed(3);
  console.log(
    `${name.padEnd(44)} cpu ${result.cpuMs.toFixed(3).padStart(8)} ms  wall p50 ${at(0.5)} p99 ${at(0.99)} ms  (${count} samples)`,
  );
}

console.log(`${process.platform} ${process.arch}, node ${process.version}`);
const idleBefore = await idleCpuMsPerSecond();
console.log(`idle process, baseline`.padEnd(44), `cpu ${idleBefore.toFixed(3).padStart(8)} ms/s`);

const host = openHostMetrics();
const idleWatched = await idleCpuMsPerSecond();
console.log(`event-loop timer`.padEnd(44), `cpu ${(idleWatched - idleBefore).toFixed(3).padStart(8)} ms/s`);

const reading = await host.read();
if (!(reading.cpuShare >= 0 && reading.cpuShare <= 1 && reading.memoryUsedBytes < reading.memoryTotalBytes)) {
  throw new Error(`A reading that cannot be: ${JSON.stringify(reading)}`);
}
const whole = await cost(readings, () => host.read());
report("host reading (files, rss, loop)", readings, whole);
host.close();

if (process.platform === "linux") {
  const files = openLinuxHost(() => performance.now());
  report("  of which the files", readings, await cost(readings, () => files.read()));
  files.close();
}
const portable = openPortableHost();
report("portable reading (os.cpus, kept memory)", readings, await cost(readings, () => portable.read()));

const few = 8;
// Its results are kept for 200 ms, so it is asked no more often.
const peer = await cost(few, async () => {
  await new Promise((resolve) => setTimeout(resolve, 250));
  await currentLoad();
  await mem();
});
report("systeminformation currentLoad + mem (and wait)", few, peer);

const shareOfCore = (idleWatched - idleBefore + whole.cpuMs) / 1_000;
console.log(`\nmonitor at 1 Hz: ${(100 * shareOfCore).toFixed(3)} % of one processor (goal < 1 %)`);
