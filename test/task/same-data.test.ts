import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { sameData } from "../../src/task/same-data.js";

test("sameData compares what the wire may bring, bigints too", () => {
  assert.ok(sameData({ a: [1, { b: 2n }] }, { a: [1, { b: 2n }] }));
  assert.not.ok(sameData({ a: 2n }, { a: 3n }));
  assert.not.ok(sameData({ a: 1 }, { a: 2 }));
  assert.ok(sameData(undefined, undefined));
});

test("sameData looks at no order of keys, which each form that a value comes through has of its own, and at that of lists", () => {
  assert.ok(sameData({ a: 1, b: [{ c: 2, d: undefined, e: null }] }, { b: [{ e: null, c: 2 }], a: 1 }));
  assert.not.ok(sameData([1, 2], [2, 1]));
  assert.not.ok(sameData({ a: [{ b: 1 }, { c: 2 }] }, { a: [{ c: 2 }, { b: 1 }] }));
  assert.not.ok(sameData({ a: null }, {}));
});

test.run();
