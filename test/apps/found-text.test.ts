import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { describeFound, foundTable, momentText, resultsCommand } from "../../apps/found-text.js";
import type { FoundKind } from "../../src/operator/found.js";
import { parseSourceId } from "../../src/task/identity.js";
import type { Detection } from "../../src/task/service.js";

const box = (x: number, y: number, label: string, trackId?: number): Detection => ({
  x,
  y,
  width: 0.1,
  height: 0.1,
  score: 0.9,
  label,
  ...(trackId !== undefined && { trackId }),
});
const kind = (name: string, changes: Partial<FoundKind> = {}): FoundKind => ({
  sourceId: parseSourceId("cam-1"),
  name,
  tracks: 12,
  sightings: 30,
  atOnce: 2,
  first: { atMs: 0, sourceUs: 1_200_000 },
  last: { atMs: 0, sourceUs: 3_723_450_000 },
  ...changes,
});

test("describeFound says what a task found, how many, and where in the picture", () => {
  const frames = [[box(0.05, 0.1, "car", 3), box(0.45, 0.45, "car", 7), box(0.8, 0.8, "dog", 9)]];
  const record = { frameCount: 1, results: { tracks: { type: "tracks", frames } } };
  assert.is(describeFound(record), "car 2 (#3 top left, #7 centre), dog 1 (#9 bottom right)");
  assert.is(describeFound({ frameCount: 1, results: {} }), "nothing");
});

test("foundTable fits 80 columns, however long its names", () => {
  const long = kind("a name that is far too long for any table", { sourceId: parseSourceId("s".repeat(60)) });
  const text = foundTable([kind("bottle"), kind("face", { tracks: 0 }), long]);
  assert.match(text, /│ bottle +│ 12 tracks │ cam-1 +│ 0:01\.2 - 1:02:03\.5 │/);
  assert.match(text, /│ face +│ 2 at once │/);
  for (const line of text.split("\n")) assert.ok(line.length < 80, line);
  assert.match(
    foundTable(Array.from({ length: 23 }, (_, index) => kind(`kind ${index}`))),
    "and 3 other kinds",
  );
});

test("momentText is the position in a recording, and the time of day of a camera", () => {
  assert.is(momentText({ atMs: 0, sourceUs: 59_960_000 }), "1:00.0");
  assert.is(momentText({ atMs: Date.UTC(2026, 0, 31, 12, 5, 9), sourceUs: null }), "12:05:09");
});

test("resultsCommand is what a shell takes", () => {
  assert.is(resultsCommand({ store: ".sluice/store" }), "npx sluice results");
  assert.is(
    resultsCommand({ store: "it's here", source: "cam" }),
    "npx sluice results --store 'it'\\''s here' --source cam",
  );
  assert.is(resultsCommand({ store: "x", hub: "ws://h:1" }), "npx sluice results --hub ws://h:1");
});

test.run();
