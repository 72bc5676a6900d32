import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import * as fc from "fast-check";
import { ByteBudget } from "../../../src/transport/link/byte-budget.js";

const nobody = (): void => assert.unreachable("a peer was put out");

test("ByteBudget lets a peer have as much waiting as is left for others, and control what is left", () => {
  const budget = new ByteBudget(2_000);
  const [first, second, third] = [
    budget.open("1", nobody),
    budget.open("2", nobody),
    budget.open("3", nobody),
  ];
  assert.is(first.wait(501), false);
  assert.is(first.wait(500), true);
  assert.is(first.wait(1), false);
  assert.is(second.wait(250), true);
  assert.is(second.wait(1), false);
  // Whoever comes finds room.
  assert.is(third.wait(100), true);
  assert.equal([third.socketHolds(0, 150), third.socketHolds(0, 151)], [true, false]);
  // But one of one record, such as the settlement of a task, is kept out by no large one.
  assert.equal(
    [third.socketHolds(0, 150 + 62, "small"), third.socketHolds(0, 150 + 63, "small")],
    [true, false],
  );
  first.waited(500);
  assert.is(second.wait(100), true);
  for (const holding of [first, second, third]) holding.close();
  assert.is(budget.usedBytes, 0);
  assert.is(first.wait(1), false);
});

test("ByteBudget puts out whoever has held unfinished messages for longest, once nothing is left", () => {
  const budget = new ByteBudget(2_000);
  const gone: string[] = [];
  const [first, second, third] = ["first", "second", "third"].map((name) =>
    budget.open(name, (reason) => gone.push(`${name}: ${reason}`)),
  );
  if (first === undefined || second === undefined || third === undefined) throw new Error("There are three");
  assert.equal([first.receive(501), first.receive(500), first.receive(1)], [false, true, false]);
  // It has ended its message meanwhile, and begun another one.
  first.received(500);
  assert.equal([second.receive(400), first.receive(500)], [true, true]);
  assert.is(third.receive(300), true);
  assert.equal(gone, ["second: its unfinished messages took the place of others"]);
  assert.is(budget.usedBytes, 800);
  assert.is(second.receive(1), false);
});

test("ByteBudget counts to nothing once all have gone, whatever they did", () => {
  const step = fc.record({
    who: fc.nat(3),
    what: fc.constantFrom("wait", "waited", "socket", "receive", "received", "close"),
    bytes: fc.integer({ min: 1, max: 400 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const budget = new ByteBudget(2_000);
      const holders = [0, 1, 2, 3].map((n) => ({
        holding: budget.open(`${n % 2}`, () => {}),
        waiting: 0,
        arrived: 0,
      }));
      for (const { who, what, bytes } of steps) {
        const holder = holders[who];
        if (holder === undefined) continue;
        const { holding } = holder;
        if (what === "wait" && holding.wait(bytes)) holder.waiting += bytes;
        if (what === "receive" && holding.receive(bytes)) holder.arrived += bytes;
        if (what === "socket") holding.socketHolds(bytes % 100, 0);
        if (what === "waited" && holder.waiting > 0) {
          holding.waited(holder.waiting);
          holder.waiting = 0;
        }
        if (what === "received" && holder.arrived > 0) {
          holding.received(holder.arrived);
          holder.arrived = 0;
        }
        if (what === "close") holding.close();
        assert.ok(budget.usedBytes >= 0 && budget.usedBytes <= 2_400, `${budget.usedBytes} bytes`);
      }
      for (const { holding } of holders) holding.close();
      assert.is(budget.usedBytes, 0);
    }),
  );
});

test.run();
