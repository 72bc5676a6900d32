import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "./support/test.js";
import * as assert from "uvu/assert";
import { REPOSITORY, sourceFiles } from "./support/sources.js";

const read = (path: string): string => readFileSync(join(REPOSITORY, path), "utf8");
const between = (text: string, start: string, end: string): string =>
  text.slice(text.indexOf(start) + start.length, text.indexOf(end)).trim();

test("the README's example is the one that a test runs", () => {
  const shown = between(read("README.md"), "<!-- example:start -->", "<!-- example:end -->");
  const run = between(read("test/runtime/example.test.ts"), "// example:start", "// example:end");
  assert.is(shown, `\`\`\`ts\n${run.replace("../../src/index.js", "sluice")}\n\`\`\``);
});

test("the README's table of options names every option of npm start", () => {
  const table = between(read("README.md"), "<!-- options:start -->", "<!-- options:end -->");
  const named = [...table.matchAll(/^\| `(--[^`]+)`/gm)].map((match) => match[1] ?? "").sort();
  // Those of `npm start` alone, and those that it shares with `sluice`.
  const options = read("apps/start/options.ts") + read("apps/command-line.ts");
  const known = [...options.matchAll(/"(--[a-z][^"]*)"/g)].map((match) => match[1] ?? "").sort();
  assert.ok(known.length > 10);
  assert.equal(named, known);
});

test("every test that the semantics name exists", () => {
  const promises = read("docs/semantics.md").replaceAll(/\s+/g, " ");
  const named = [...promises.matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? "");
  assert.ok(named.length > 30);
  const tests = sourceFiles("test")
    .map((file) => file.text)
    .join("\n");
  assert.equal(
    named.filter((name) => !tests.includes(`"${name}"`)),
    [],
  );
});

test("every file that the documents link to exists", () => {
  for (const path of [
    "README.md",
    "ARCHITECTURE.md",
    "docs/semantics.md",
    "docs/errors.md",
    "docs/security.md",
    "docs/policies.md",
    "docs/performance.md",
    "docs/cameras.md",
    "docs/configuration.md",
    "docs/metrics.md",
    "docs/page.md",
    "docs/sinks.md",
    "docs/alarms.md",
    "docs/traces.md",
    "docs/tracking.md",
    "docs/models.md",
  ]) {
    for (const [, target = ""] of read(path).matchAll(/\]\(((?!https?:)[^)#]+)/g)) {
      assert.ok(read(join(path, "..", target)).length > 0, `${path} links to ${target}`);
    }
  }
});

test("every file that the architecture page names exists", () => {
  for (const [, path = ""] of read("ARCHITECTURE.md").matchAll(
    /`((?:src|apps|test|docs|bench)\/[\w./-]+\.\w+)`/g,
  )) {
    assert.ok(read(path).length > 0, `ARCHITECTURE.md names ${path}`);
  }
});

test.run();
