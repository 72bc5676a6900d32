import * as fc from "fast-check";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { createTraceparent, parseTraceparent } from "../../src/task/traceparent.js";
import { seeded } from "../support/fold.js";

test("createTraceparent makes what parseTraceparent reads, another one each time", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = seeded(seed);
      const [one, other] = [createTraceparent(random), createTraceparent(random)];
      assert.is(parseTraceparent(one)?.sampled, true);
      assert.is.not(parseTraceparent(one)?.traceId, parseTraceparent(other)?.traceId);
    }),
  );
});

test("createTraceparent never makes an id of zeros", () => {
  const text = createTraceparent(() => 0);
  assert.is(text, "00-00000000000000000000000000000001-0000000000000001-01");
  assert.ok(parseTraceparent(text));
  assert.ok(parseTraceparent(createTraceparent(() => 1 - Number.EPSILON)));
});

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";

test("parseTraceparent reads ids and the sampled flag", () => {
  assert.equal(parseTraceparent(`00-${TRACE}-${PARENT}-03`), {
    traceId: TRACE,
    parentId: PARENT,
    sampled: true,
  });
  assert.is(parseTraceparent(`00-${TRACE}-${PARENT}-02`)?.sampled, false);
});

test("parseTraceparent reads a later version that says more", () => {
  assert.is(parseTraceparent(`01-${TRACE}-${PARENT}-01-more`)?.traceId, TRACE);
});

for (const [what, text] of [
  ["an empty text", ""],
  ["capital letters", `00-${TRACE.toUpperCase()}-${PARENT}-01`],
  ["version ff", `ff-${TRACE}-${PARENT}-01`],
  ["a trace id of zeros", `00-${"0".repeat(32)}-${PARENT}-01`],
  ["a parent id of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
  ["more than version 00 has", `00-${TRACE}-${PARENT}-01-more`],
  ["a later version that runs on without a dash", `01-${TRACE}-${PARENT}-01more`],
  ["a short trace id", `00-${TRACE.slice(1)}-${PARENT}-01`],
] as const) {
  test(`parseTraceparent refuses ${what}`, () => assert.is(parseTraceparent(text), null));
}

test.run();
