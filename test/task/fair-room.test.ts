import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { MemoryBudget } from "../../src/runtime/memory-budget.js";
import { FairRoom } from "../../src/task/fair-room.js";
import { createPrng } from "../../src/simulation/prng.js";

/** How many things of `owner` get in. */
function fill(room: FairRoom<string>, owner: string, tries: number): number {
  let count = 0;
  for (let n = 0; n < tries; n += 1) if (room.enter(`${owner} ${n}`, owner)) count += 1;
  return count;
}

test("FairRoom leaves half of itself to others, and each newcomer half of what is left", () => {
  const room = new FairRoom<string>(1_000);
  assert.is(fill(room, "greedy", 5_000), 500);
  assert.is(fill(room, "second", 5_000), 250);
  assert.is(fill(room, "third", 10), 10);
  assert.is(room.size, 760);
});

test("FairRoom has places for whoever comes after several that take all they can", () => {
  const room = new FairRoom<string>(4_096);
  for (let n = 0; n < 5; n += 1) fill(room, `greedy-${n}`, 5_000);
  assert.is(fill(room, "late", 16), 16);
});

test("FairRoom takes in what alone is nearly all of it, and nothing larger than it", () => {
  const room = new FairRoom<string>(100);
  assert.not(room.enter("too large", "a", 101));
  assert.ok(room.enter("large", "a", 90));
  assert.not(room.enter("more", "a", 1));
  assert.ok(room.enter("other", "b", 10));
  assert.not(room.enter("full", "c", 1));
  room.leave("large");
  assert.ok(room.enter("full", "c", 1));
});

test("FairRoom gives back what has left, once, and keeps nothing of who has nothing in it", () => {
  const prng = createPrng(7);
  const room = new FairRoom<number>(64);
  const inside = new Set<number>();
  for (let n = 0; n < 20_000; n += 1) {
    const key = prng.between(0, 200);
    if (prng.happens(0.5)) {
      if (room.enter(key, `owner-${key % 5}`)) inside.add(key);
    } else {
      room.leave(key);
      inside.delete(key);
    }
    assert.is(room.size, inside.size);
    assert.ok(room.size <= 64);
  }
  for (const key of inside) room.leave(key);
  assert.is(room.size, 0);
});

test("FairRoom lets another thing have the place of one, or leaves that one where it was, counted as before", () => {
  const budget = new MemoryBudget(3_200);
  const room = new FairRoom<string>(400, { budget, part: "tasks" });
  assert.ok(room.enter("one", "a", 100));
  assert.ok(room.enter("two", "b", 250));
  assert.ok(room.replace("one", "a", 140));
  assert.not(room.replace("one", "a", 151));
  assert.equal([room.size, budget.usedBy("tasks")], [390, 390]);
  assert.not(room.enter("three", "c", 11));
  for (const key of ["one", "two"]) room.leave(key);
  assert.equal([room.size, budget.usedBytes], [0, 0]);
});

test("FairRoom takes nothing in for which its node has no memory, however much room it has", () => {
  const budget = new MemoryBudget(3_200);
  const room = new FairRoom<string>(10_000, { budget, part: "tasks" });
  budget.share("a").take("mail", 1_600);
  assert.not(room.enter("one", "a", 1));
  assert.is(budget.refusedTo("tasks"), 1);
  assert.ok(room.enter("one", "b", 200));
  assert.equal([room.size, budget.usedBy("tasks")], [200, 200]);
});

test.run();
