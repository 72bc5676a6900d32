/** Sources that any of several nodes may capture, over programs of their own: one node is gone, and another one goes on. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { StoredGap, StoredRecord, StoredResult } from "../../src/task/record.js";
import { frameTimesUs } from "../support/clip.js";
import { ALONE, endHub, joined, startHub } from "../support/hub-program.js";
import { REPOSITORY, startSluice, type Program } from "../support/program.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { test } from "../support/test.js";
import { runFfmpeg } from "../actors/generator/clips.js";

const folder = temporaryFolder();
const FILM = join(folder, "film.mp4");
runFfmpeg(["-i", join(REPOSITORY, "apps/demo/demo.mp4"), "-t", "3", "-c", "copy", FILM]);
const ROOT = ["--source-root", folder];
const hub = await startHub(folder, "hub");
const second = await joined(hub, "edge-2", ...ROOT);

/** Follows what is stored of a source. */
function followed(source: string): Program {
  const { store } = hub;
  return startSluice(["results", "--follow", "--json", "--source", source, "--store", store], {
    env: ALONE,
    timeoutMs: 170_000,
  });
}

function recordsIn(lines: string): readonly StoredRecord[] {
  // Our own program wrote them.
  return lines
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as StoredRecord);
}

async function ordered(id: string, source: string, ...more: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await hub.sluice(
    ..."run --pipeline apps/pipelines/default.yaml --frames-per-task 2 --detach --id".split(" "),
    id,
    "--source",
    source,
    ...more,
  );
  assert.is(exitCode, 0, stderr);
  return stdout;
}

test("a recording goes on at another candidate once its host is killed: every frame is stored once or in a gap, and the audit passes", async () => {
  const first = await joined(hub, "edge-1", ...ROOT);
  const results = followed("film");
  const said = await ordered("film", FILM, "--fps", "60", "--on", "edge-1,edge-2");
  assert.match(said, "film runs on edge-1\n");
  await results.prints(/(?:"type":"result"[^]*?){5}/);
  first.signal("SIGKILL");
  await first.ended;
  await results.prints(/"type":"closed".*"end":"ended"/);
  results.signal("SIGINT");
  const records = recordsIn((await results.ended).stdout);
  checkFrames(records, frameTimesUs(FILM).length);
  const ends = records.flatMap((record) => (record.type === "closed" ? [record.end] : []));
  assert.equal(ends, ["takenOver", "ended"]);
  const audit = await hub.sluice("audit");
  assert.is(audit.exitCode === 0 ? "" : `${audit.stdout}${audit.stderr}`, "");
});

/** The commands of the page, with a source that is here. */
function documented(): readonly string[] {
  const page = readFileSync(join(REPOSITORY, "docs/policies.md"), "utf8");
  const [, section = ""] = /<!-- hosting:start -->([^]*?)<!-- hosting:end -->/.exec(page) ?? [];
  return [...section.matchAll(/^sluice ([^#\n]*)/gm)].map(([, command = ""]) =>
    command
      .trim()
      .replace(
        "rtsp://camera/stream",
        "test:160x90@4,duration=600 --realtime --resolution 160x90 --fps 4 --frames-per-task 2",
      ),
  );
}

test("the commands of docs/policies.md have a source captured by one node, by another one once that is drained, and not again by the first", async () => {
  const commands = documented();
  assert.is(commands.length, 5);
  const done = async (command = ""): Promise<string> => {
    const { exitCode, stdout, stderr } = await hub.sluice(...command.split(" "));
    assert.is(exitCode, 0, `${command}: ${stderr}`);
    return stdout;
  };
  // Its journal still has the recording that it lost.
  const first = await joined(hub, "edge-1", ...ROOT);
  const results = followed("gate");
  const [run, sources, drain, explain, stop] = commands;
  assert.match(await done(run), "gate runs on edge-1\n");
  await results.prints(/(?:"type":"result"[^]*?){2}/);
  const shown = await done(sources);
  assert.match(shown, /gate: edge-1 captures it, of edge-1, edge-2, fixed/);
  assert.not.match(shown, /film/, "it ended while that node was away");
  await done(drain);
  await first.ended;
  await results.prints(/"type":"closed"[^]*?"type":"result"/);
  const back = await joined(hub, "edge-1", ...ROOT);
  assert.match(
    await done(explain),
    /edge-1 captures it: the first of edge-1, edge-2\n.*edge-2 captures it: .*drained.*\n.*edge-2, captured/,
  );
  assert.match(await done(stop), "gate is ended on edge-2\n");
  results.signal("SIGINT");
  const records = recordsIn((await results.ended).stdout);
  assert.equal(
    records.flatMap((record) => (record.type === "closed" ? [record.end] : [])),
    ["ended", "ended"],
  );
  assert.equal(
    records.flatMap((record) => (record.type === "gap" ? [record.reason] : [])),
    [],
    "a node that is drained ends its tasks",
  );
  const audit = await hub.sluice("audit");
  assert.is(audit.exitCode === 0 ? "" : `${audit.stdout}${audit.stderr}`, "");
  for (const node of [back, second]) node.signal("SIGTERM");
  await Promise.all([back.ended, second.ended]);
  await endHub(hub);
});

/** Each frame is in one result, or in a gap of a task that the killed node had not finished. */
function checkFrames(records: readonly StoredRecord[], frames: number): void {
  const results = records.filter((record): record is StoredResult => record.type === "result");
  const gaps = records.filter((record): record is StoredGap => record.type === "gap");
  assert.ok(new Set(results.map(({ id }) => id.incarnation)).size === 2, "it was killed in the middle");
  const numbers = results.flatMap(({ frames: range }) => {
    if (range === undefined) throw new Error("A recording has numbers of frames");
    return Array.from({ length: range.last - range.first + 1 }, (_, index) => range.first + index);
  });
  assert.is(new Set(numbers).size, numbers.length, "no frame is in two results");
  for (const { reason } of gaps) assert.is(reason, "hostGone");
  // Two of them make a task, and a last one by itself none.
  const missing = frames - (frames % 2) - numbers.length;
  assert.ok(
    missing >= 0 && missing <= 2 * gaps.length,
    `${missing} frames are in no result, and ${gaps.length} gaps`,
  );
}

test.run();
