/**
 * The store, the hub's state in it and the journals on a disk that fails: every kind of failure at every write, in level itself, and a disk that is
 * full for a while. Nothing that was acknowledged may be missing afterwards, also after a loss of power.
 */

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { DURABLE_SUBJECTS, type DurableKind } from "../support/durable-subject.js";
import { inTemporaryFolder } from "../support/temporary-folder.js";
import { within } from "../support/within.js";

const program = (name: string): string =>
  fileURLToPath(new URL(`../support/programs/${name}.js`, import.meta.url));
const SHIM = fileURLToPath(new URL("../../../test/support/faults/faulting-disk.c", import.meta.url));

const canPreload = process.platform === "linux" && spawnSync("cc", ["--version"]).status === 0;
if (!canPreload) console.log("SKIPPED faults at every write: there is no Linux with a C compiler here");

/** What the program says of its runs: each that lost something, and how many there were. */
async function faultedWrites(...args: readonly string[]): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const library = join(folder, "faulting-disk.so");
    execFileSync("cc", ["-shared", "-fPIC", "-O1", "-o", library, SHIM, "-ldl", "-lpthread"]);
    const child = spawn(process.execPath, [program("faulted-writes"), folder, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, LD_PRELOAD: library, FAULT_CONTROL: join(folder, "control") },
    });
    const lines: string[] = [];
    for await (const line of createInterface(child.stdout)) lines.push(line);
    const [, runs, faults] = /^(\d+) runs, (\d+) faults$/.exec(lines.pop() ?? "") ?? [];
    assert.equal(lines, []);
    assert.is(Number(runs), 72);
    assert.ok(Number(faults) > 90, `${faults} faults fired`);
  });
}

testWhere(canPreload)(
  "a store holds what it acknowledged after a short write, ENOSPC, EIO or a failed sync at any write",
  () => within(170_000, faultedWrites("store", "again")),
);

testWhere(canPreload)(
  "a hub's state holds what it acknowledged after a short write, ENOSPC, EIO or a failed sync at any write",
  () => within(170_000, faultedWrites("state", "again")),
);

testWhere(canPreload)(
  "journals hold what they acknowledged after a short write, ENOSPC, EIO or a failed sync at any write",
  () => within(170_000, faultedWrites("journals", "again")),
);

testWhere(canPreload)(
  "journals write first what a failed write did not write: no entry is there without those before it",
  () => within(170_000, faultedWrites("journals", "once")),
);

const DISK_BYTES = 3 * 1024 * 1024;
const canMount = process.platform === "linux" && process.getuid?.() === 0 && mounts();
if (!canMount) console.log("SKIPPED a full disk: this user may not mount one");

/** Fills the disk under a writer and kills it, three times. Nothing that it was told is durable may be missing. */
async function onFullDisk(kind: DurableKind): Promise<void> {
  await inTemporaryFolder((folder) =>
    onSmallDisk(folder, async (disk) => {
      let next = 0;
      for (let round = 0; round < 3; round++) next = await fillAndKill(kind, disk, next);
      // The last write may be whole on disk though the writer did not live to say so.
      const problem = (count: number) => DURABLE_SUBJECTS[kind].problem(join(disk, kind), count);
      const found = await problem(next);
      if (found !== null) assert.is(await problem(next + 1), null, found);
    }),
  );
}

testWhere(canMount)("a store whose disk was full goes on, and after a kill holds what it acknowledged", () =>
  within(170_000, onFullDisk("store")),
);

testWhere(canMount)("journals whose disk was full go on, and after a kill hold what they acknowledged", () =>
  within(170_000, onFullDisk("journals")),
);

/** Writes, with a disk that gets full and has room again, until the writer is killed. @returns what is to be written next */
async function fillAndKill(kind: DurableKind, disk: string, next: number): Promise<number> {
  const ballast = join(disk, "ballast");
  const writer = spawn(process.execPath, [program("disk-writer"), kind, join(disk, kind), String(next)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(writer, "exit");
  let acknowledged = next - 1;
  let failures = 0;
  let left = -1;
  for await (const line of createInterface(writer.stdout)) {
    if (line === "failed") {
      failures += 1;
      if (failures === 5) {
        rmSync(ballast, { force: true });
        left = 12;
      }
      continue;
    }
    acknowledged = Number(line);
    if (acknowledged === next + 10) {
      fill(ballast);
      writer.stdin.write("go\n");
    }
    left -= 1;
    // What it printed before it died is read to the end.
    if (left === 0) writer.kill("SIGKILL");
  }
  await exited;
  assert.ok(failures >= 5, `${failures} writes failed`);
  return acknowledged + 1;
}

/** Takes all room, page by page. */
function fill(path: string): void {
  let bytes = DISK_BYTES;
  while (bytes >= 4_096) {
    try {
      writeFileSync(path, Buffer.alloc(bytes), { flag: "a" });
    } catch {
      bytes = Math.floor(bytes / 2);
    }
  }
}

async function onSmallDisk(folder: string, work: (disk: string) => Promise<void>): Promise<void> {
  const disk = join(folder, "disk");
  mkdirSync(disk);
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_BYTES}`, "tmpfs", disk]);
  try {
    await work(disk);
  } finally {
    execFileSync("umount", ["-l", disk]);
  }
}

function mounts(): boolean {
  const folder = join("/tmp", `sluice-mount-${process.pid}`);
  mkdirSync(folder);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]).status === 0;
  if (mounted) spawnSync("umount", [folder]);
  rmSync(folder, { recursive: true });
  return mounted;
}

function testWhere(can: boolean): (name: string, work: () => Promise<void>) => void {
  return (name, work) => (can ? test(name, work) : test.skip(name, work));
}

test.run();
