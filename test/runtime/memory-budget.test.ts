import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import * as fc from "fast-check";
import { MemoryBudget, type MemoryPart } from "../../src/runtime/memory-budget.js";

const PARTS: readonly MemoryPart[] = ["incoming", "outgoing", "mail", "tasks", "records", "pages"];

test("MemoryBudget gives a node no more in all parts together than is left for all others", () => {
  const memory = new MemoryBudget(3_200);
  const [first, second, third] = [memory.share("1"), memory.share("2"), memory.share("3")];
  assert.is(first.take("tasks", 900), true);
  assert.is(first.take("mail", 800), true);
  // It has more than half, by the last thing that it asked for.
  assert.is(first.take("incoming", 1), false);
  assert.is(memory.refusedTo("incoming"), 1);
  assert.is(second.take("mail", 300), true);
  assert.is(second.take("outgoing", 500), true);
  assert.is(second.take("outgoing", 1), false);
  assert.is(third.take("incoming", 300), true);
  first.give("tasks", 900);
  assert.is(first.take("incoming", 1), true);
});

test("MemoryBudget keeps of each part what no other one takes", () => {
  const memory = new MemoryBudget(3_200);
  // 1,300 of it are the others' own.
  assert.is(memory.share("1").take("tasks", 1_901), false);
  assert.is(memory.share("1").take("tasks", 1_900), true);
  assert.is(memory.share("2").take("mail", 201), false);
  assert.is(memory.share("2").take("mail", 200), true);
  assert.is(memory.share("3").take("incoming", 400), true);
  assert.is(memory.refusedTo("tasks") + memory.refusedTo("mail"), 2);
});

test("MemoryBudget knows a node for as long as it has something or is kept, and no longer", () => {
  const memory = new MemoryBudget(3_200);
  const kept = memory.share("1").keep();
  assert.is(memory.share("1"), kept);
  kept.take("mail", 10);
  kept.letGo();
  assert.is(memory.share("1"), kept);
  kept.give("mail", 10);
  assert.is.not(memory.share("1"), kept);
  // Who was refused leaves nothing behind.
  const refused = memory.share("2");
  assert.is(refused.take("mail", 4_000), false);
  assert.is.not(memory.share("2"), refused);
});

test("MemoryBudget holds its bound, whoever asks for what, and counts to nothing once all is given back", () => {
  const step = fc.record({
    who: fc.nat(4),
    part: fc.constantFrom(...PARTS),
    bytes: fc.integer({ min: 1, max: 2_000 }),
    give: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const memory = new MemoryBudget(6_400);
      const held = new Map<string, number>();
      const at = (who: number, part: MemoryPart): string => `${who} ${part}`;
      for (const { who, part, bytes, give } of steps) {
        const share = memory.share(`${who}`);
        const key = at(who, part);
        const before = held.get(key) ?? 0;
        if (give) {
          share.give(part, before);
          held.set(key, 0);
        } else if (share.take(part, bytes)) {
          held.set(key, before + bytes);
        }
        const sum = [...held.values()].reduce((total, one) => total + one, 0);
        assert.is(memory.usedBytes, sum);
        assert.ok(sum <= 6_400, `${sum} bytes`);
      }
      for (let who = 0; who <= 4; who += 1) {
        for (const part of PARTS) memory.share(`${who}`).give(part, held.get(at(who, part)) ?? 0);
      }
      assert.is(memory.usedBytes, 0);
      for (const part of PARTS) assert.is(memory.usedBy(part), 0);
    }),
  );
});

test.run();
