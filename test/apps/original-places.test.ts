import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { withOriginalPlaces } from "../../apps/original-places.js";

const COMPILED = fileURLToPath(import.meta.url);

test("withOriginalPlaces names the line of the source in place of that of the compiled file", () => {
  const { stack = "" } = new Error("here");
  const [, source, line] = /(\/\S+\.ts):(\d+):\d+/.exec(withOriginalPlaces(stack)) ?? [];
  assert.is(source, COMPILED.replace("/dist/", "/").replace(/\.js$/, ".ts"));
  const text = readFileSync(source ?? "", "utf8").split("\n")[Number(line) - 1];
  assert.match(text ?? "", /new Error\("here"\)/);
});

test("withOriginalPlaces lets a text be that has no place, or one in a file without a map", () => {
  for (const text of ["it failed at 12:30:10", "at /no/such.js:3:4", "at node:internal/modules:1:2"]) {
    assert.is(withOriginalPlaces(text), text);
  }
});

test.run();
