import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { HELP, parseOptions } from "./options.js";

test("without arguments the suite is run, three files a processor at most", () => {
  assert.equal(parseOptions([], 2), {
    type: "run",
    options: { parts: [], all: false, jobs: 6, list: false, record: false },
  });
});

test("parts of names and options may come in any order", () => {
  assert.equal(parseOptions(["apps/", "-j", "1", "swap", "--list"], 8), {
    type: "run",
    options: { parts: ["apps/", "swap"], all: false, jobs: 1, list: true, record: false },
  });
  assert.equal(parseOptions(["--help"], 2), { type: "help" });
});

test("what cannot be meant is wrong usage, with what was wanted", () => {
  for (const [args, wanted] of [
    [["--jobs", "0"], /whole number from 1: got "0"/],
    [["--jobs", "two"], /got "two"/],
    [["--unknown"], /--unknown/],
    [["--record"], /--all/],
    [["--all", "apps"], /name none/],
  ] as const) {
    const parsed = parseOptions(args, 2);
    assert.match(parsed.type === "wrong" ? parsed.message : parsed.type, wanted);
  }
});

test("the help is no wider than 90 columns, and names every exit code", () => {
  for (const line of HELP.split("\n")) assert.ok(line.length <= 90, line);
  for (const code of ["0 all", "1 something", "2 wrong", "130 Ctrl-C"]) assert.match(HELP, code);
});

test.run();
