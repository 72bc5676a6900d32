import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { REPOSITORY, sourceFiles } from "./support/sources.js";

const ROOMS = ["src/runtime/", "src/transport/", "src/actors/", "src/simulation/", "apps/"];
const COMPONENTS = ["generator", "controller", "processor", "distributor", "scheduler", "monitor"];
const production = sourceFiles("src", "apps");

function roomOf(path: string): number {
  return ROOMS.findIndex((room) => path.startsWith(room));
}

test("imports go one way: runtime <- transport <- actors <- simulation <- apps", () => {
  const wrong = production.flatMap((file) =>
    file.imports
      .filter((target) => roomOf(target) > roomOf(file.path) && roomOf(file.path) >= 0)
      .map((target) => `${file.path} imports ${target}`),
  );
  assert.equal(wrong, []);
});

test("a component reaches another only through its spawn.ts", () => {
  const componentOf = (path: string) => COMPONENTS.find((name) => path.startsWith(`src/actors/${name}/`));
  const wrong = production.flatMap((file) => {
    const own = componentOf(file.path);
    if (own === undefined) return [];
    return file.imports
      .filter((target) => componentOf(target) !== undefined && componentOf(target) !== own)
      .filter((target) => !target.endsWith("/spawn.ts"))
      .map((target) => `${file.path} imports ${target}`);
  });
  assert.equal(wrong, []);
});

test("the task model imports no component", () => {
  const wrong = production
    .filter((file) => file.path.startsWith("src/actors/task/"))
    .flatMap((file) =>
      file.imports
        .filter((target) => COMPONENTS.some((name) => target.startsWith(`src/actors/${name}/`)))
        .map((target) => `${file.path} imports ${target}`),
    );
  assert.equal(wrong, []);
});

test("each outside library has one door", () => {
  const manifest = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const doors = Object.keys(manifest.dependencies).map((library) => ({
    library,
    files: production.filter((file) => file.imports.includes(library)).map((file) => file.path),
  }));
  assert.equal(
    doors.filter((door) => door.files.length !== 1),
    [],
  );
});

test("behaviours import no clock, no chance and no effect", () => {
  const forbidden =
    /\b(?:Date\.now|Math\.random|performance\.now|setTimeout|setInterval|setImmediate|queueMicrotask)\b/;
  const behaviours = production.filter(
    (file) => /: Behaviour</.test(file.text) && file.path.startsWith("src/actors/"),
  );
  assert.ok(behaviours.length >= COMPONENTS.length, `found ${behaviours.length} behaviours`);
  const wrong = behaviours.filter(
    (file) => forbidden.test(file.text) || file.imports.some((target) => target.startsWith("node:")),
  );
  assert.equal(
    wrong.map((file) => file.path),
    [],
  );
});

test("every test file runs its tests", () => {
  const silent = sourceFiles("test").filter(
    (file) => file.path.endsWith(".test.ts") && !/^\s*\w+\.run\(\);$/m.test(file.text),
  );
  assert.equal(
    silent.map((file) => file.path),
    [],
  );
});

test.run();
