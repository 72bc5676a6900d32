import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { runFiles, type Group } from "./run-files.js";
import type { FileResult } from "./file-result.js";
import type { Ended, Running } from "./run-file.js";

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

/** Groups that end when they are told to, by the name of their first file. */
function scripted(): {
  readonly start: (group: Group) => Running;
  readonly started: readonly string[];
  /** @param begun how many of its files began; default: all */
  end(name: string, begun?: number): void;
} {
  const started: string[] = [];
  const ends = new Map<string, (begun?: number) => void>();
  return {
    started,
    start(group) {
      const [{ name } = { name: "" }] = group;
      started.push(name);
      const ended = new Promise<Ended>((resolve) => {
        ends.set(name, (begun = group.length) =>
          resolve({
            results: group.slice(0, begun).map((file) => result(file.name)),
            unrun: group.slice(begun),
          }),
        );
      });
      return { name, startedMs: 0, ended, kill: () => ends.get(name)?.() };
    },
    end: (name, begun) => ends.get(name)?.(begun),
  };
}

const group = (...names: readonly string[]): Group => names.map((name) => ({ name, path: name }));
const turn = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve));
const namesOf = (results: readonly FileResult[]): readonly string[] => results.map(({ file }) => file);

test("files start in their order while there is room, and the next as soon as one ends", async () => {
  const files = scripted();
  const ended: string[] = [];
  const room = { isFor: (running: number) => running < 2, take: () => {} };
  const groups = [group("a"), group("b"), group("c")];
  const run = runFiles(groups, files.start, room, ({ file }) => void ended.push(file));
  await turn();
  assert.equal(files.started, ["a", "b"]);
  files.end("b");
  while (files.started.length < 3) await turn();
  assert.equal([files.started, ended], [["a", "b", "c"], ["b"]]);
  assert.equal(
    run.running().map(({ name }) => name),
    ["a", "c"],
  );
  for (const file of ["c", "a"]) files.end(file);
  assert.equal(namesOf(await run.results), ["b", "c", "a"]);
});

test("files that did not begin, as one before them ended their process, run by themselves", async () => {
  const files = scripted();
  const room = { isFor: (running: number) => running < 1, take: () => {} };
  const run = runFiles([group("a", "b", "c"), group("d")], files.start, room, () => {});
  await turn();
  files.end("a", 1);
  for (const name of ["b", "c", "d"]) {
    while (files.started.at(-1) !== name) await turn();
    files.end(name);
  }
  assert.equal(namesOf(await run.results), ["a", "b", "c", "d"]);
});

test("what runs is ended where the run is stopped, and nothing else starts", async () => {
  const files = scripted();
  const room = { isFor: (running: number) => running < 1, take: () => {} };
  const run = runFiles([group("a"), group("b")], files.start, room, () => {});
  await turn();
  run.stop();
  assert.equal(namesOf(await run.results), ["a"]);
  assert.equal(files.started, ["a"]);
});

test.run();
