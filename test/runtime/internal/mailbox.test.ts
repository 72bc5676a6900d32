import * as fc from "fast-check";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { Lane } from "../../../src/runtime/actor-ref.js";
import { DEFAULT_MAILBOX, Mailbox, mailboxBounds } from "../../../src/runtime/internal/mailbox.js";
import { NONE, Ring } from "../../../src/runtime/internal/ring.js";
import type { MailboxOverflow } from "../../../src/runtime/spawn-options.js";

interface Item {
  readonly id: number;
  readonly own: boolean;
}

const isOwn = (item: Item): boolean => item.own;
const message = (id: number): Item => ({ id, own: false });
const own = (id: number): Item => ({ id, own: true });

function takeAll(mailbox: Mailbox<Item>): number[] {
  const taken: number[] = [];
  for (let item = mailbox.take(); item !== NONE; item = mailbox.take()) taken.push(item.id);
  return taken;
}

test("Mailbox gives signals before control before data, each in order", () => {
  const mailbox = new Mailbox(DEFAULT_MAILBOX, isOwn);
  mailbox.offer(message(1), "data");
  mailbox.offer(message(2), "control");
  mailbox.signal(own(3));
  mailbox.offer(message(4), "data");
  mailbox.offer(message(5), "control");
  mailbox.signal(own(6));
  assert.is(mailbox.size, 6);
  assert.equal(takeAll(mailbox), [3, 6, 2, 5, 1, 4]);
});

test("Mailbox.offer gives back the new message where it rejects or drops the newest", () => {
  for (const overflow of ["reject", "dropNewest"] as const) {
    const mailbox = new Mailbox({ ...DEFAULT_MAILBOX, capacity: 2, overflow }, isOwn);
    assert.is(mailbox.offer(message(1), "data"), NONE);
    assert.is(mailbox.offer(message(2), "data"), NONE);
    const third = message(3);
    assert.is(mailbox.offer(third, "data"), third);
    assert.equal(takeAll(mailbox), [1, 2]);
  }
});

test("Mailbox.offer gives back the oldest message where it drops the oldest, and never one's own", () => {
  const mailbox = new Mailbox({ ...DEFAULT_MAILBOX, capacity: 3, overflow: "dropOldest" }, isOwn);
  mailbox.offerOwn(own(1), "data");
  const second = message(2);
  mailbox.offer(second, "data");
  mailbox.offerOwn(own(3), "data");
  assert.is(mailbox.offer(message(4), "data"), second);
  assert.equal(takeAll(mailbox), [1, 3, 4]);
  mailbox.offerOwn(own(5), "data");
  mailbox.offerOwn(own(6), "data");
  mailbox.offerOwn(own(7), "data");
  const late = message(8);
  assert.is(mailbox.offer(late, "data"), late, "nothing may make room");
});

test("Mailbox bounds the control lane and always rejects beyond it", () => {
  const mailbox = new Mailbox(
    { capacity: 1, controlCapacity: 1, overflow: "dropOldest" } satisfies typeof DEFAULT_MAILBOX,
    isOwn,
  );
  assert.is(mailbox.offer(message(1), "control"), NONE);
  const second = message(2);
  assert.is(mailbox.offer(second, "control"), second);
});

test("Mailbox.putBack puts items in front of the data lane, the first of them first", () => {
  const mailbox = new Mailbox(DEFAULT_MAILBOX, isOwn);
  mailbox.offer(message(3), "data");
  mailbox.offer(message(9), "control");
  mailbox.putBack([message(1), message(2)]);
  assert.equal(takeAll(mailbox), [9, 1, 2, 3]);
});

test("mailboxBounds refuses a capacity that is no whole number from 1", () => {
  for (const capacity of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => mailboxBounds({ capacity }), RangeError);
    assert.throws(() => mailboxBounds({ controlCapacity: capacity }), RangeError);
  }
});

type Step =
  | { readonly type: "offer" | "offerOwn"; readonly lane: Lane }
  | { readonly type: "signal" }
  | { readonly type: "putBack"; readonly count: number }
  | { readonly type: "take"; readonly count: number };

const lane = fc.constantFrom<Lane>("control", "data");
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant("offer" as const), lane }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("offerOwn" as const), lane }) },
  { weight: 1, arbitrary: fc.constant({ type: "signal" } as const) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("putBack" as const), count: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("take" as const), count: fc.nat(6) }) },
);

test("Mailbox does what three arrays would do, for any order of calls", () => {
  const overflow = fc.constantFrom<MailboxOverflow>("reject", "dropNewest", "dropOldest");
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      overflow,
      fc.array(step, { maxLength: 120 }),
      (capacity, policy, steps) => {
        const bounds = { capacity, controlCapacity: capacity, overflow: policy };
        const mailbox = new Mailbox(bounds, isOwn);
        const model = { signals: [] as Item[], control: [] as Item[], data: [] as Item[] };
        let id = 0;
        for (const next of steps) {
          switch (next.type) {
            case "offer": {
              const item = message(id++);
              const queue = model[next.lane];
              let lost: Item | typeof NONE = NONE;
              if (queue.length < capacity) queue.push(item);
              else {
                const oldest = queue.findIndex((candidate) => !candidate.own);
                if (next.lane === "data" && policy === "dropOldest" && oldest >= 0) {
                  lost = queue.splice(oldest, 1)[0] ?? NONE;
                  queue.push(item);
                } else lost = item;
              }
              assert.is(mailbox.offer(item, next.lane), lost);
              break;
            }
            case "offerOwn": {
              const item = own(id++);
              model[next.lane].push(item);
              mailbox.offerOwn(item, next.lane);
              break;
            }
            case "signal": {
              const item = own(id++);
              model.signals.push(item);
              mailbox.signal(item);
              break;
            }
            case "putBack": {
              const items = Array.from({ length: next.count }, () => message(id++));
              model.data.unshift(...items);
              mailbox.putBack(items);
              break;
            }
            case "take":
              for (let n = 0; n < next.count; n++) {
                const wanted = model.signals.shift() ?? model.control.shift() ?? model.data.shift() ?? NONE;
                assert.is(mailbox.take(), wanted);
              }
              break;
          }
          assert.is(mailbox.size, model.signals.length + model.control.length + model.data.length);
        }
      },
    ),
  );
});

test("Ring keeps its order while it grows, and undefined and null are items like any other", () => {
  const ring = new Ring<unknown>();
  for (let round = 0; round < 3; round++) {
    for (let n = 0; n < 5_000; n++) ring.push(n);
    for (let n = 0; n < 5_000; n++) assert.is(ring.shift(), n);
    assert.is(ring.shift(), NONE);
  }
  ring.push(undefined);
  ring.push(null);
  assert.is(ring.shift(), undefined);
  assert.is(ring.shift(), null);
  assert.is(ring.size, 0);
});

test.run();
