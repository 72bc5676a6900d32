import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { TEXT_LIMITS } from "../../src/task/limits.js";
import { isCount, isFiniteNumber, isName, isSourceName } from "../../src/task/value-checks.js";

test("isName takes what the parsers of names take, and nothing that is not text", () => {
  for (const name of ["a", "cam-1", "Front_Door.2", "x".repeat(TEXT_LIMITS.name)])
    assert.ok(isName(name), name);
  for (const other of [
    "",
    ".a",
    "$end",
    "a/b",
    "a\n",
    "x".repeat(TEXT_LIMITS.name + 1),
    1,
    null,
    undefined,
    ["a"],
  ])
    assert.not(isName(other), String(other));
});

test("isSourceName takes the names of sources, and of synthetic ones that are like them", () => {
  for (const name of ["cam-1", "$cam-1", `$${"x".repeat(TEXT_LIMITS.name)}`])
    assert.ok(isSourceName(name), name);
  for (const other of ["", "$", "$$cam-1", "cam$1", "$a/b", 1, null])
    assert.not(isSourceName(other), String(other));
});

test("isCount takes whole numbers from 0 that a double holds exactly", () => {
  for (const count of [0, 1, Number.MAX_SAFE_INTEGER]) assert.ok(isCount(count), String(count));
  for (const other of [-1, 0.5, NaN, Infinity, 2 ** 53, "1", null, undefined, 1n])
    assert.not(isCount(other), String(other));
});

test("isFiniteNumber takes no other number, and nothing that is none", () => {
  for (const number of [0, -1.5, Number.MAX_VALUE]) assert.ok(isFiniteNumber(number), String(number));
  for (const other of [NaN, Infinity, -Infinity, "1", null, undefined, 1n])
    assert.not(isFiniteNumber(other), String(other));
});

test.run();
