/** Frames that became no task are shown wherever a source or its end is. */

import { join } from "node:path";
import * as assert from "uvu/assert";
import type { SourceReport } from "../../src/task/reports.js";
import { sourcesTable, type SourceLine } from "../../apps/cli/sources.js";
import { parseNodeName, parseSourceId } from "../../src/task/identity.js";
import { sluiceHere, startHere } from "../support/sluice-here.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { test } from "../support/test.js";

/** Five frames in tasks of four: motion needs two in each, and the last one would have one. */
const store = join(temporaryFolder(), "store");
const RUN = ["--single", "--source", "test:320x180@5,duration=1", "--frames-per-task", "4", "--store", store];

test("npm start and the record of a source's end say how many frames are in no task", async () => {
  const { stdout, stderr, exitCode } = await startHere(...RUN);
  assert.is(exitCode, 0, stderr);
  assert.match(stdout, /│ frames in no task +│ +1 │/);
  const results = await sluiceHere("results", "--store", store);
  assert.match(results.stdout, /has ended: 1 tasks, of which 1 were stored; 1 frame in no task\n/);
});

test("npm start --json has the number of frames in no task", async () => {
  const { stdout, stderr } = await startHere(...RUN.slice(0, -2), "--store", "memory:", "--json");
  const summary = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as { readonly framesSkipped: number };
  assert.is(summary.framesSkipped, 1, stderr);
});

test("sluice sources says of a source whose policy is fenced that it is, and why", () => {
  const scheduled: SourceReport = {
    node: parseNodeName("edge-1"),
    policy: { name: "looping", parameters: {} },
    fenced: "took longer than 200 ms",
    slo: null,
    pause: null,
    ordered: {},
    figures: { framesPerSecond: 10, latencyMs: null, late: 0 },
  };
  const line: SourceLine = {
    source: parseSourceId("cam-1"),
    node: parseNodeName("edge-1"),
    status: "capturing",
    pipeline: "default@1",
    created: 1,
    inFlight: 0,
    stored: 1,
    dropped: 0,
    framesSkipped: 0,
    framesGated: 0,
    hosting: null,
    scheduled,
    configuration: null,
    placement: { detect: "cloud" },
  };
  const text = sourcesTable([line], 120);
  assert.match(text, / looping \(fenced\) /);
  assert.match(text, /\nfenced: cam-1: looping took longer than 200 ms; the plan before it stays, /);
  assert.not.match(sourcesTable([{ ...line, scheduled: { ...scheduled, fenced: null } }], 120), "fenced");
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
    framesGated: 0,
    hosting: null,
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
