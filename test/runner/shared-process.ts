/**
 * The program that runs several test files, one after the other. Its output says where each begins and ends:
 * `node shared-process.js MARK ENDING_MS FILE...`. What a file has begun may go on for so long after its tests.
 */

import { endedChildrenCpuMs } from "./cpu-time.js";
import { beginLine, endLine } from "./shared-lines.js";

const LOOK_AGAIN_MS = 5;

// Names of uvu's own: with the first, tests wait until they are asked to run, and the second holds those of each file.
declare global {
  var UVU_DEFER: number | undefined;
  var UVU_QUEUE: unknown[][];
}

const [mark = "", endingMs = "", ...files] = process.argv.slice(2);
globalThis.UVU_DEFER = 1;
const { exec } = await import("uvu");
// One stream, so that all stands in its order.
process.stderr.write = process.stdout.write.bind(process.stdout);
// Each file may clean up at the end of the process.
process.setMaxListeners(0);

for (const file of files) {
  const startedMs = performance.now();
  const cpu = cpuMsSoFar();
  const before = process.getActiveResourcesInfo();
  console.log(beginLine(mark, file));
  globalThis.UVU_QUEUE = [[null]];
  process.exitCode = 0;
  let clean = true;
  try {
    await import(file);
    // Tests that it does not run would be the next one's.
    clean = (globalThis.UVU_QUEUE[0]?.length ?? 0) > 1;
    await exec();
  } catch (error) {
    console.log(error);
    process.exitCode = 1;
    clean = false;
  }
  const left = await leftOpen(before);
  const [durationMs, cpuMs] = [performance.now() - startedMs, cpuMsSoFar() - cpu];
  console.log(endLine(mark, { file, code: process.exitCode, durationMs, cpuMs, left }));
  // What it holds open it may still use: the others go on without it.
  if (!clean || left.length > 0) process.exit(1);
}
process.exitCode = 0;

/** Of this process, and of all that it has waited for. */
function cpuMsSoFar(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000 + (endedChildrenCpuMs() ?? 0);
}

/** What keeps this process alive that did not before the file. */
async function leftOpen(before: readonly string[]): Promise<readonly string[]> {
  const startedMs = performance.now();
  for (;;) {
    const left = [...process.getActiveResourcesInfo()];
    for (const resource of before) {
      const at = left.indexOf(resource);
      if (at >= 0) left.splice(at, 1);
    }
    if (left.length === 0 || performance.now() - startedMs >= Number(endingMs)) return left;
    await new Promise((resolve) => void setTimeout(resolve, LOOK_AGAIN_MS));
  }
}
