import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { REPOSITORY } from "../support/sources.js";
import { longestFirst, readDurations, writeDurations } from "./order.js";

test("the longest file starts first, and those that are not known last", () => {
  const files = ["a/short", "b/long", "a/longest", "a/also-short"];
  assert.equal(longestFirst(files, { "a/longest": 9, "b/long": 4 }), [
    "a/longest",
    "b/long",
    "a/also-short",
    "a/short",
  ]);
});

test("durations are kept in seconds, of files that take some", () => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-durations-"));
  const path = join(folder, "durations.json");
  try {
    assert.equal(readDurations(path), {});
    writeDurations(path, [
      { file: "b", durationMs: 12_400 },
      { file: "c", durationMs: 900 },
      { file: "a", durationMs: 2_000 },
    ]);
    assert.equal(readDurations(path), { a: 2, b: 12 });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("every file whose duration is kept exists", () => {
  const kept = Object.keys(readDurations(join(REPOSITORY, "test/durations.json")));
  assert.equal(
    kept.filter((file) => !existsSync(join(REPOSITORY, "test", file.replace(/\.js$/, ".ts")))),
    [],
  );
});

test.run();
