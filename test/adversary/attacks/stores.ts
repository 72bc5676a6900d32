/** Disks that lose or refuse what is written, and what is said of that. */

import { readdirSync } from "node:fs";
import { appendFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { must, onProgram, type LoneAttack } from "../kit/attack.js";
import { PIPELINE, runSource, startEdge, startHub, type Hub } from "../kit/programs.js";
import type { Workshop } from "../kit/workshop.js";

export const STORES: readonly LoneAttack[] = [
  onProgram(
    "disk",
    "disk.journal-full",
    "the disk of an edge's journal fills, has room again, and the edge is killed: nothing is lost or doubled in silence",
    async (workshop) => {
      const small = workshop.mountSmall(6 * 1024 * 1024);
      // Nobody but root may make a file system: what cannot be tried is not held against anyone.
      if (small === null) return;
      const hub = await startHub(workshop);
      const journal = join(small, "journal");
      const edge = await startEdge(workshop, hub, {}, ["--journal", journal]);
      const file = join(workshop.folder, "plain.yaml");
      await writeFile(file, PIPELINE);
      const asked = [
        "run",
        "--pipeline",
        file,
        "--source",
        "test:64x64@25,duration=20",
        "--frames-per-task",
        "2",
        "--fps",
        "25",
        "--realtime",
        "--on",
        "edge-1",
        "--id",
        "cam",
        "--detach",
        "--store",
        hub.store,
      ];
      await workshop.run(asked);
      await storedAtLeast(workshop, hub, 20);
      await fill(join(small, "rest"));
      await storedAtLeast(workshop, hub, 60, 8);
      await rm(join(small, "rest"), { force: true });
      await storedAtLeast(workshop, hub, 120, 8);
      edge.signal("SIGKILL");
      await edge.exited();
      const edgeAgain = await startEdge(workshop, hub, {}, ["--journal", journal]);
      await edgeAgain.says(/^cam: (?:ended|failed)/m);
      const frames = await framesOf(workshop, hub);
      must(
        new Set(frames).size === frames.length,
        `${frames.length - new Set(frames).size} frames were stored twice`,
      );
      const [last = 0] = frames.slice(-1);
      must(frames.length >= last + 1, `${last + 1 - frames.length} of ${last + 1} frames are missing`);
    },
  ),
  onProgram(
    "disk",
    "disk.store-log-deleted",
    "a file of the store is deleted while the hub is down: the audit says so",
    async (workshop) => {
      const hub = await startHub(workshop);
      await startEdge(workshop, hub);
      const { exitCode, stderr } = await runSource(
        workshop,
        hub,
        "test:64x64@25,duration=4",
        "--frames-per-task",
        "2",
      );
      if (exitCode !== 0) throw new Error(stderr);
      hub.program.signal("SIGKILL");
      await hub.program.exited();
      await rm(join(`${hub.store}.cluster`, "operator.json"), { force: true });
      const files = readdirSync(hub.store, { recursive: true, encoding: "utf8" });
      for (const name of files.filter((candidate) => /\.(?:log|ldb)$/.test(candidate)))
        await rm(join(hub.store, name));
      const audit = await workshop.run(["audit", "--store", hub.store]);
      must(
        audit.exitCode !== 0,
        `all records are gone, and the audit says: ${audit.stdout.trim().slice(0, 100)}`,
      );
    },
  ),
];

/** Takes all the room that is left. */
async function fill(file: string): Promise<void> {
  const block = Buffer.alloc(64 * 1024, 1);
  for (let n = 0; n < 10_000; n += 1) {
    try {
      await appendFile(file, block);
    } catch {
      return;
    }
  }
}

async function storedAtLeast(workshop: Workshop, { store }: Hub, count: number, turns = 60): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    const { stdout } = await workshop.run(["results", "--json", "--store", store]);
    if (stdout.split("\n").length > count) return;
  }
}

/** Presentation times of all frames that were stored, as numbers of frames from 0, in order. */
async function framesOf(workshop: Workshop, { store }: Hub): Promise<readonly number[]> {
  const { stdout } = await workshop.run(["results", "--json", "--store", store]);
  return stdout
    .split("\n")
    .filter((line) => line.includes('"result"'))
    .flatMap((line) => (JSON.parse(line) as { readonly framePtsUs?: readonly number[] }).framePtsUs ?? [])
    .map((ptsUs) => Math.round(ptsUs / 40_000))
    .sort((a, b) => a - b);
}
