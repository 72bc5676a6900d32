import * as assert from "uvu/assert";
import { Turns } from "../../src/web/turns.js";
import { test } from "../support/test.js";

test("Turns lets so many go at a time, the others in their order, and goes on behind one that fails", async () => {
  const turns = new Turns(2);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const all = Array.from({ length: 5 }, (_, n) =>
    turns.take(async () => {
      begun.push(n);
      await new Promise<void>((resolve) => void ends.push(resolve));
      if (n === 0) throw new Error("It fails");
      return n;
    }),
  );
  const settled = Promise.allSettled(all);
  assert.equal(begun, [0, 1]);
  for (const wanted of [3, 4, 5]) {
    ends.shift()?.();
    while (begun.length < wanted) await new Promise((resolve) => void setImmediate(resolve));
    assert.is(begun.length, wanted);
  }
  for (const end of ends) end();
  const results = await settled;
  assert.equal(
    results.map((result) => (result.status === "fulfilled" ? result.value : "failed")),
    ["failed", 1, 2, 3, 4],
  );
});

test.run();
