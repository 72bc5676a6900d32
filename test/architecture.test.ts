import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { REPOSITORY, sourceFiles } from "./support/sources.js";

/** Each room imports the ones before it only; rooms of one line do not import each other. */
const ROOMS = [
  ["src/runtime/"],
  ["src/transport/", "src/task/"],
  ["src/services/", "src/storage/", "src/audit/"],
  ["src/actors/"],
  ["src/operator/"],
  ["src/node/"],
  ["src/simulation/"],
  ["apps/"],
];
const COMPONENTS = ["generator", "controller", "processor", "distributor", "scheduler", "monitor"];
const production = sourceFiles("src", "apps");

interface Room {
  readonly name: string;
  readonly floor: number;
}

function roomOf(path: string): Room | null {
  for (const [floor, names] of ROOMS.entries()) {
    const name = names.find((room) => path.startsWith(room));
    if (name !== undefined) return { name, floor };
  }
  return null;
}

/** Of two rooms on one floor neither may import the other. */
function mayImport(from: Room, to: Room): boolean {
  return from.name === to.name || from.floor > to.floor;
}

test("imports go one way: runtime < {transport, task} < {services, storage, audit} < actors < operator < node < simulation < apps", () => {
  const wrong = production.flatMap((file) => {
    const own = roomOf(file.path);
    if (own === null) return [];
    return file.imports
      .filter((target) => {
        const room = roomOf(target);
        return room !== null && !mayImport(own, room);
      })
      .map((target) => `${file.path} imports ${target}`);
  });
  assert.equal(wrong, []);
});

test("no component imports another, not even its spawn.ts: the node wires them", () => {
  const componentOf = (path: string) => COMPONENTS.find((name) => path.startsWith(`src/actors/${name}/`));
  const wrong = production.flatMap((file) => {
    const own = componentOf(file.path);
    if (own === undefined) return [];
    return file.imports
      .filter((target) => componentOf(target) !== undefined && componentOf(target) !== own)
      .map((target) => `${file.path} imports ${target}`);
  });
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
