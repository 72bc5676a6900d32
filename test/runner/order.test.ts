import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { REPOSITORY } from "../support/sources.js";
import { groupsOf, readDurations, writeDurations } from "./order.js";
import type { TestFile } from "./run-file.js";

const fileOf = (name: string): TestFile => ({ name, path: `/${name}` });

test("the longest file starts first, and those that are not known last", () => {
  const files = ["a/unknown", "b/long", "a/longest", "b/longer"].map(fileOf);
  const groups = groupsOf(files, { "a/longest": 9, "b/long": 7, "b/longer": 8 }, () => true);
  assert.equal(
    groups.map((group) => group.map(({ name }) => name)),
    [["a/longest"], ["b/longer"], ["b/long"], ["a/unknown"]],
  );
});

test("files that open something share a process unless they take long, and none with those that open nothing", () => {
  const short = Array.from({ length: 14 }, (_, at) => fileOf(`a/${10 + at}`));
  const groups = groupsOf(
    [...short, fileOf("a/long"), fileOf("a/pure")],
    { "a/10": 5, "a/22": 1, "a/long": 6 },
    (path) => path !== "/a/pure",
  );
  assert.equal(
    groups.map((group) => [group[0]?.name, group.length]),
    [
      ["a/long", 1],
      ["a/10", 12],
      ["a/22", 2],
      ["a/pure", 1],
    ],
  );
});

test("files that open nothing share processes, with their neighbours, and are as long as all of them", () => {
  const files = Array.from({ length: 70 }, (_, at) => fileOf(`${at < 35 ? "b" : "a"}/${10 + at}`));
  const groups = groupsOf(
    [fileOf("c/own"), ...files],
    { "c/own": 6, "b/11": 4, "b/12": 3 },
    (path) => path === "/c/own",
  );
  assert.equal(
    groups.map((group) => [group[0]?.name, group.length]),
    [
      ["a/75", 30],
      ["c/own", 1],
      ["a/45", 30],
      ["b/35", 10],
    ],
  );
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
