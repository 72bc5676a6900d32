import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { runFiles } from "./run-files.js";
import type { FileResult, RunningFile } from "./run-file.js";

const result = (file: string): FileResult => ({
  file,
  total: 1,
  passed: 1,
  skipped: 0,
  problem: null,
  output: "",
  durationMs: 1,
  cpuMs: null,
});

/** Files that end when they are told to. */
function scripted(): {
  readonly start: (file: string) => RunningFile;
  readonly started: readonly string[];
  end(file: string): void;
} {
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    started,
    start(file) {
      started.push(file);
      return {
        file,
        startedMs: 0,
        result: new Promise((resolve) => ends.set(file, () => resolve(result(file)))),
        kill: () => ends.get(file)?.(),
      };
    },
    end: (file) => ends.get(file)?.(),
  };
}

const turn = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve));

test("files start in their order while there is room, and the next as soon as one ends", async () => {
  const files = scripted();
  const ended: string[] = [];
  const room = { isFor: (running: number) => running < 2, take: () => {} };
  const run = runFiles(["a", "b", "c"], files.start, room, ({ file }) => void ended.push(file));
  await turn();
  assert.equal(files.started, ["a", "b"]);
  files.end("b");
  while (files.started.length < 3) await turn();
  assert.equal([files.started, ended], [["a", "b", "c"], ["b"]]);
  assert.equal(
    run.running().map(({ file }) => file),
    ["a", "c"],
  );
  for (const file of ["c", "a"]) files.end(file);
  assert.equal(
    (await run.results).map(({ file }) => file),
    ["b", "c", "a"],
  );
});

test("what runs is ended where the run is stopped, and nothing else starts", async () => {
  const files = scripted();
  const room = { isFor: (running: number) => running < 1, take: () => {} };
  const run = runFiles(["a", "b"], files.start, room, () => {});
  await turn();
  run.stop();
  assert.equal(
    (await run.results).map(({ file }) => file),
    ["a"],
  );
  assert.equal(files.started, ["a"]);
});

test.run();
