/** A small disk of its own, which a test fills, makes read-only and makes room on. */

import { execFileSync, spawnSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { pause } from "./pause.js";
import { inTemporaryFolder } from "./temporary-folder.js";
import { test } from "./test.js";

/** @returns false where this user may mount none, and nothing was done */
async function onNewDisk(bytes: number, work: (folder: string) => Promise<void>): Promise<boolean> {
  let mounted = false;
  await inTemporaryFolder(async (folder) => {
    const disk = join(folder, "disk");
    await mkdir(disk);
    mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", disk]).status === 0;
    if (!mounted) return;
    try {
      await work(disk);
    } catch (error) {
      // Programs of what failed may still run on it, and how it failed is what counts.
      execFileSync("umount", ["--lazy", disk]);
      throw error;
    }
    await unmounted(disk);
  });
  return mounted;
}

/** Level opens its files so that each process that is started has them too, until it ends: a disk may be busy for that long. */
async function unmounted(disk: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    const { status, stderr } = spawnSync("umount", [disk], { encoding: "utf8" });
    if (status === 0) return;
    assert.ok(tries < UNMOUNT_TRIES && stderr.includes("busy"), stderr);
    await pause(20);
  }
}

const UNMOUNT_TRIES = 500;

const canMount = await onNewDisk(4_096, () => Promise.resolve());
if (!canMount) console.log("SKIPPED read-only and full disks: this user may mount none");

/** Registers a test for a user who may mount disks. */
export const diskTest = (name: string, work: () => Promise<void>): void =>
  canMount ? test(name, work) : test.skip(name, work);

export async function onDisk(bytes: number, work: (folder: string) => Promise<void>): Promise<void> {
  assert.ok(await onNewDisk(bytes, work), "a disk was mounted before");
}

/** Takes all room, page by page. */
export function fill(path: string): void {
  try {
    for (;;) appendFileSync(path, new Uint8Array(4_096));
  } catch (error) {
    assert.is((error as NodeJS.ErrnoException).code, "ENOSPC");
  }
}
