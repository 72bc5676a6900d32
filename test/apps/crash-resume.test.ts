/** An edge is killed in the middle of a recording: with its journal it goes on to the frame, without one the audit says so. */

import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import type { StoredGap, StoredRecord, StoredResult } from "../../src/task/record.js";
import { frameTimesUs } from "../support/clip.js";
import { dataFolder } from "../support/data.js";
import { ALONE, endedBy, endHub, joined, startHub, type HubProgram } from "../support/hub-program.js";
import { REPOSITORY, startSluice, type Program } from "../support/program.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { test } from "../support/test.js";
import { runFfmpeg } from "../actors/generator/clips.js";

const folder = temporaryFolder();
const hub = await startHub(folder, "hub");

/** Two recordings one behind the other in one file, so that its times step back in the middle. */
function demoTwice(): string {
  const [once, twice] = [join(folder, "demo.ts"), join(folder, "demo-twice.ts")];
  const demo = join(REPOSITORY, "apps/demo/demo.mp4");
  runFfmpeg(["-i", demo, "-t", "4", "-c", "copy", "-muxdelay", "0", "-muxpreload", "0", once]);
  writeFileSync(twice, Buffer.concat([readFileSync(once), readFileSync(once)]));
  return twice;
}

/** Follows what is stored of a source. */
function followed({ store }: HubProgram, source: string): Program {
  return startSluice(["results", "--follow", "--json", "--source", source, "--store", store], {
    env: ALONE,
    timeoutMs: 170_000,
  });
}

/** Has `node` play a recording, every frame in a task of two, and resolves once some of it is stored. */
async function playing(id: string, node: string, file: string): Promise<Program> {
  const results = followed(hub, id);
  const { exitCode, stderr } = await hub.sluice(
    ..."run --pipeline apps/pipelines/default.yaml --fps 60 --frames-per-task 2 --detach --id".split(" "),
    id,
    "--source",
    file,
    "--on",
    node,
  );
  assert.is(exitCode, 0, stderr);
  await results.prints(/(?:"type":"result"[^]*?){5}/);
  return results;
}

/** Records of tasks, a line each. */
function tasksIn(lines: string): readonly (StoredResult | StoredGap)[] {
  // Our own program wrote them.
  const records = lines
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as StoredRecord);
  return records.filter((record) => record.type !== "closed");
}

/** Every frame is in one result, over more than one incarnation. */
function checkWhole(records: readonly (StoredResult | StoredGap)[], frames: number): void {
  assert.ok(new Set(records.map((record) => record.id.incarnation)).size > 1, "it was killed in the middle");
  const numbers = records.flatMap(({ type, frames: range }) => {
    assert.is(type, "result");
    if (range === undefined) throw new Error("A recording has numbers of frames");
    return Array.from({ length: range.last - range.first + 1 }, (_, index) => range.first + index);
  });
  assert.equal(
    numbers.sort((a, b) => a - b),
    Array.from({ length: frames }, (_, index) => index),
  );
}

/** With the project's own clip, the same twice in one file, and a foreign file of that kind where there is one. */
const data = dataFolder(["inputs/ts-twice.ts"]);
const recordings: Readonly<Record<string, string>> = {
  film: join(REPOSITORY, "apps/demo/demo.mp4"),
  twice: demoTwice(),
  ...(data !== null && { foreign: join(data, "inputs/ts-twice.ts") }),
};
const ROOTS = Object.values(recordings).flatMap((file) => ["--source-root", dirname(file)]);

test("an edge that is killed in the middle of recordings goes on with them: every frame is stored once, also where times step back", async () => {
  const edge = await joined(hub, "edge-1", ...ROOTS);
  const follows = await Promise.all(
    Object.entries(recordings).map(async ([id, file]) => ({
      results: await playing(id, "edge-1", file),
      frames: frameTimesUs(file).length,
    })),
  );
  await endedBy(hub, edge, "SIGKILL");
  const again = await joined(hub, "edge-1", ...ROOTS);
  for (const { results, frames } of follows) {
    await results.prints(/"type":"closed".*"end":"ended"/);
    results.signal("SIGINT");
    checkWhole(tasksIn((await results.ended).stdout), frames);
  }
  const audit = await hub.sluice("audit");
  assert.is(audit.exitCode === 0 ? "" : `${audit.stdout}${audit.stderr}`, "");
  await endedBy(hub, again, "SIGTERM");
});

test("an audit finds the source of an edge that was killed without a journal, though nothing has followed it", async () => {
  const edge = await joined(hub, "edge-2", "--journal", "memory:", ...ROOTS);
  const results = await playing("gone", "edge-2", recordings["film"] ?? "");
  const running = await hub.sluice("audit", "--source", "gone");
  assert.is(running.exitCode, 0, running.stdout);
  await endedBy(hub, edge, "SIGKILL");
  results.signal("SIGINT");
  const audit = await hub.sluice("audit");
  assert.is(audit.exitCode, 1, audit.stdout);
  assert.match(
    audit.stdout,
    /^gone {2}closed {2}Its incarnation \d+ has no closing, so its last tasks may be missing; it does not run/m,
  );
  await endHub(hub);
  const offline = await hub.sluice("audit", "--ended");
  assert.is(offline.exitCode, 1);
  assert.match(offline.stdout, /^gone {2}closed {2}/m);
});

test.run();
