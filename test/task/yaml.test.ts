import { array, assert as check, constantFrom, nat, property } from "fast-check";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { parseYaml, type YamlLimits } from "../../src/task/yaml.js";

const LIMITS: YamlLimits = { bytesMax: 256 * 1024, tokensMax: 20_000, depthMax: 64, valuesMax: 20_000 };

function problemOf(text: string): string {
  const read = parseYaml(text, LIMITS);
  if (read.ok) throw new Error("it was read");
  return `${read.line ?? "-"}: ${read.problem}`;
}

const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join("\n");

const DEEP: Readonly<Record<string, string>> = {
  "lists in brackets": "[".repeat(200_000),
  "maps in braces": "{a: ".repeat(60_000),
  "lists on one line": `${"- ".repeat(100_000)}x`,
  "keys that are keys": `${"? ".repeat(100_000)}x`,
  "pairs on one line": "a: ".repeat(80_000),
  "indented maps": lines(600, (level) => `${" ".repeat(level)}a:`),
};

test("parseYaml refuses nesting without end of every kind, before anything recurses", () => {
  for (const [what, text] of Object.entries(DEEP)) {
    assert.match(problemOf(text), /^\d+: it is nested deeper than 64 levels$/, what);
  }
});

const LONG: Readonly<Record<string, string>> = {
  "closing brackets": "]".repeat(200_000),
  anchors: "&a ".repeat(80_000),
  tags: "!!str ".repeat(40_000),
  comments: "#\n".repeat(100_000),
  documents: "---\n".repeat(60_000),
  items: lines(40_000, () => "- 1"),
  directives: "%A\n".repeat(80_000),
};

test("parseYaml refuses a text of any kind once its words and signs are too many", () => {
  for (const [what, text] of Object.entries(LONG)) {
    assert.match(problemOf(text), /^\d+: it has more than 20000 words and signs$/, what);
  }
});

test("parseYaml refuses a text beyond its bytes before it looks at it", () => {
  assert.is(problemOf("x".repeat(256 * 1024 + 1)), "-: it has 262145 bytes: wanted at most 262144");
});

test("parseYaml refuses aliases that multiply values, that make it deep, and that lead back", () => {
  const nine = (level: number) => Array.from({ length: 9 }, () => `*a${level}`).join(", ");
  assert.match(
    problemOf(`a0: &a0 [x]\n${lines(9, (level) => `a${level + 1}: &a${level + 1} [${nine(level)}]`)}`),
    /Excessive alias count/,
  );
  const wide = `a: &a [${"1,".repeat(5_000)}]\nb: [*a, *a, *a, *a]`;
  assert.match(problemOf(wide), /its aliases make more than 20000 values of it/);
  const deep = `a: &a ${"[".repeat(40)}${"]".repeat(40)}\nb: ${"[".repeat(40)}*a${"]".repeat(40)}`;
  assert.match(problemOf(deep), /its aliases make it deeper than 64 levels/);
  assert.match(problemOf("&a [*a]"), /its aliases make it deeper than 64 levels/);
});

test("parseYaml reads what is nested and long within its bounds", () => {
  const nested = parseYaml(`${"[".repeat(60)}${"]".repeat(60)}`, LIMITS);
  assert.ok(nested.ok);
  const long = parseYaml(
    lines(3_000, (index) => `k${index}: 1`),
    LIMITS,
  );
  assert.not.ok(long.ok, "7 tokens each");
  assert.ok(
    parseYaml(
      lines(2_500, (index) => `k${index}: 1`),
      LIMITS,
    ).ok,
  );
});

test("parseYaml answers whatever it is given, and throws nothing", () => {
  const piece = constantFrom(
    "[",
    "]",
    "{",
    "}",
    "- ",
    "? ",
    ": ",
    "&a ",
    "*a ",
    "!t ",
    "\n",
    "  ",
    "'",
    '"',
    "|\n",
    "#",
    "---\n",
    "a",
    "\0",
    "%",
  );
  check(
    property(array(piece, { maxLength: 400 }), nat(40), (pieces, repeats) => {
      const read = parseYaml(pieces.join("").repeat(1 + repeats), LIMITS);
      assert.type(read.ok, "boolean");
    }),
    { numRuns: 150 },
  );
});

test.run();
