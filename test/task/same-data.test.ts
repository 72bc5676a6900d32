import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { sameData } from "../../src/task/same-data.js";

test("sameData compares what the wire may bring, bigints too", () => {
  assert.ok(sameData({ a: [1, { b: 2n }] }, { a: [1, { b: 2n }] }));
  assert.not.ok(sameData({ a: 2n }, { a: 3n }));
  assert.not.ok(sameData({ a: 1 }, { a: 2 }));
  assert.ok(sameData(undefined, undefined));
});

test.run();
