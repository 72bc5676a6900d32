/** Frames that became no task are shown wherever a source or its end is. */

import { join } from "node:path";
import * as assert from "uvu/assert";
import { sourcesTable, type SourceLine } from "../../apps/cli/sources.js";
import { parseNodeName, parseSourceId } from "../../src/task/identity.js";
import { runProgram, runSluice } from "../support/program.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { test } from "../support/test.js";

/** Five frames in tasks of four: motion needs two in each, and the last one would have one. */
const store = join(temporaryFolder(), "store");
const RUN = ["--single", "--source", "test:320x180@5,duration=1", "--frames-per-task", "4", "--store", store];

test("npm start and the record of a source's end say how many frames are in no task", async () => {
  const { stdout, stderr, exitCode } = await runProgram(RUN);
  assert.is(exitCode, 0, stderr);
  assert.match(stdout, /│ frames in no task +│ +1 │/);
  const results = await runSluice(["results", "--store", store]);
  assert.match(results.stdout, /has ended: 1 tasks, of which 1 were stored; 1 frame in no task\n/);
});

test("npm start --json has the number of frames in no task", async () => {
  const { stdout, stderr } = await runProgram([...RUN.slice(0, -2), "--store", "memory:", "--json"]);
  const summary = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as { readonly framesSkipped: number };
  assert.is(summary.framesSkipped, 1, stderr);
});

test("sluice sources shows frames that are in no task, in 80 columns", () => {
  const line: SourceLine = {
    source: parseSourceId("camera-at-the-gate"),
    node: parseNodeName("edge-in-the-cabinet-7"),
    status: "reconnecting",
    pipeline: "object-detection@1",
    created: 1_000_000,
    inFlight: 16,
    stored: 999_000,
    dropped: 984,
    framesSkipped: 1_234,
    scheduled: null,
    configuration: null,
    placement: { detect: "edge-in-the-cabinet-7", track: "cloud" },
  };
  const text = sourcesTable([line, { ...line, framesSkipped: 0 }], 80);
  assert.ok(Math.max(...text.split("\n").map(({ length }) => length)) <= 80, text);
  assert.match(text, "A wider terminal shows: node, captured, stored, unused,");
  assert.match(sourcesTable([line], 220), / unused │[^]* 1234 │/);
  assert.match(text, /\nunused: 1234 frames in no task$/);
  assert.not.match(sourcesTable([{ ...line, framesSkipped: 0 }], 80), "in no task");
});

test.run();
