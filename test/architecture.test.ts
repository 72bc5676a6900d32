import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "./support/test.js";
import * as assert from "uvu/assert";
import { REPOSITORY, sourceFiles, type SourceFile } from "./support/sources.js";

/** Each room imports the ones before it only; rooms of one line do not import each other. */
const ROOMS = [
  ["src/runtime/"],
  ["src/transport/", "src/task/"],
  ["src/services/", "src/storage/", "src/audit/", "src/scheduling/"],
  ["src/actors/"],
  ["src/operator/"],
  ["src/node/", "src/web/", "src/sinks/"],
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

function importsBetween(from: (path: string) => boolean, to: (target: string) => boolean): readonly string[] {
  return production
    .filter(({ path }) => from(path))
    .flatMap(({ path, imports }) => imports.filter(to).map((target) => `${path} imports ${target}`));
}

/** Files that reach themselves over imports, as the first such path of each: depth first, each file once. */
function circlesIn(files: readonly SourceFile[]): readonly string[] {
  const importsOf = new Map(files.map(({ path, imports }) => [path, imports]));
  const status = new Map<string, "open" | "done">();
  const trail: string[] = [];
  const circles: string[] = [];
  const visit = (path: string): void => {
    status.set(path, "open");
    trail.push(path);
    for (const target of importsOf.get(path) ?? []) {
      if (!importsOf.has(target)) continue;
      const seen = status.get(target);
      if (seen === undefined) visit(target);
      if (seen === "open") circles.push([...trail.slice(trail.indexOf(target)), target].join(" -> "));
    }
    trail.pop();
    status.set(path, "done");
  };
  for (const { path } of files) if (!status.has(path)) visit(path);
  return circles;
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

test("no component imports another: they meet in protocol/, and the node wires them", () => {
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

test("actors/ holds the six components, their protocol and their guard, and nothing else", () => {
  const rooms = new Set(
    production
      .filter(({ path }) => path.startsWith("src/actors/"))
      .map(({ path }) => path.split("/")[2] ?? ""),
  );
  assert.equal([...rooms].sort(), [...COMPONENTS, "guard", "protocol"].sort());
});

test("only runtime and transport import the runtime's inside", () => {
  const wrong = importsBetween(
    (path) => !path.startsWith("src/runtime/") && !path.startsWith("src/transport/"),
    (target) => target.startsWith("src/runtime/internal/"),
  );
  assert.equal(wrong, []);
});

test("task, services and audit know no transport", () => {
  const wrong = importsBetween(
    (path) => /^src\/(?:task|services|audit)\//.test(path),
    (target) => target.startsWith("src/transport/"),
  );
  assert.equal(wrong, []);
});

test("no file imports itself by way of others, types included", () => {
  assert.equal(circlesIn(production), []);
});

test("a prefix of invariants belongs to one file", () => {
  const owners = new Map<string, string[]>();
  for (const { path, text } of production) {
    const head = /^\/\*\*[\s\S]*?\*\//.exec(text)?.[0] ?? "";
    const prefixes = new Set([...head.matchAll(/^ \* ([A-Z]+)\d+ /gm)].map((match) => match[1] ?? ""));
    for (const prefix of prefixes) owners.set(prefix, [...(owners.get(prefix) ?? []), path]);
  }
  assert.ok(owners.size > 10, `found ${owners.size} prefixes`);
  assert.equal(
    [...owners].filter(([, files]) => files.length > 1),
    [],
  );
});

test("the largest room holds less than a third of the lines of src", () => {
  const lines = new Map<string, number>();
  for (const { path, text } of production) {
    const [top = "", room = ""] = path.split("/");
    if (top === "src" && room !== "index.ts") {
      lines.set(room, (lines.get(room) ?? 0) + text.split("\n").length);
    }
  }
  const all = [...lines.values()].reduce((sum, count) => sum + count, 0);
  assert.ok(lines.size === ROOMS.flat().length - 1, `found the rooms ${[...lines.keys()].join(", ")}`);
  for (const [room, count] of lines) assert.ok(count < all / 3, `${room} has ${count} of ${all} lines`);
});

test("no file of src has more than 320 lines without saying why", () => {
  const long = production
    .filter(({ path, text }) => path.startsWith("src/") && text.split("\n").length > 321)
    .filter(({ text }) => !/^ \* Long because /m.test(text))
    .map(({ path }) => path);
  assert.equal(long, []);
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

test("programs write to a terminal by apps/terminal.ts and apps/live-lines.ts alone", () => {
  // The made world prints nothing from a wire, and examples and makers of clips are read by whoever runs them.
  const own = /^apps\/(?:terminal|live-lines|simulate|render-demo)\.ts$|^apps\/examples\//;
  const writers = production
    .filter(
      ({ path, text }) =>
        !own.test(path) && /\bstd(?:out|err)\.write\(|\bconsole\.|\bwriteSync\([12],/.test(text),
    )
    .map(({ path }) => path);
  assert.equal(writers, ["src/runtime/log.ts"]);
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

test("tests take test from test/support/test.ts, which shows every failure, and not from uvu", () => {
  const direct = sourceFiles("test").filter(({ text }) => /^import .* from "uvu";$/m.test(text));
  assert.equal(
    direct.map((file) => file.path),
    ["test/support/test.ts"],
  );
});

test.run();
