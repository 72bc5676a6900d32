/** A member that lies, in a simulated cluster: what it may not come to, and that it would be seen if it did. */

import { isDeepStrictEqual } from "node:util";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { FAULTS } from "../../src/simulation/fault-plan.js";
import { forgedRecords, isOfHostiles, watchFailures } from "../../src/simulation/hostile/hostile-verdict.js";
import { lie } from "../../src/simulation/hostile/lie.js";
import { createPrng } from "../../src/simulation/prng.js";
import { simulate } from "../../src/simulation/simulation.js";
import { createProbe } from "../support/probe.js";
import { newRecord } from "../support/records.js";

const SEEDS = 6;

test("honest members lose nothing to a hostile one, in calm and while everything else fails", async () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const faults = seed % 2 === 0 ? FAULTS : (["hostileMember", "swapTable"] as const);
    const report = await simulate({ seed, faults, faultyMs: 8_000, edges: 2, meanGapMs: 1_000 });
    assert.ok(report.faults.some(({ kind }) => kind === "hostileMember") || seed % 2 === 0);
    assert.equal(report.findings, [], `seed ${seed}`);
  }
});

test("a record that a hostile member has made up is found, and what it says of its own sources is not", () => {
  const honest = newRecord({ sequence: 0, gap: true });
  if (honest.type !== "gap") throw new TypeError("It is no gap");
  const stored = { ...honest, position: 1 };
  assert.equal(forgedRecords([stored]), []);
  assert.match(forgedRecords([{ ...stored, detail: "forged" }])[0] ?? "", /^forged: cam-1/);
  const own = { ...stored.id, sourceId: "hostile-12-1" as typeof stored.id.sourceId };
  assert.equal(forgedRecords([{ ...stored, id: own, detail: "forged" }]), []);
  assert.ok(isOfHostiles('hops: hostile-12-1/1/4: Stage "a" is missing'));
  assert.not(isOfHostiles('hops: cam-1/1/4: Stage "a" is missing'));
});

test("an actor that fails on a message is a finding, unless a fault has made it fail", () => {
  const failures: string[] = [];
  const watch = watchFailures(
    (text) => text === "planned",
    (text) => void failures.push(text),
  );
  const behaviour = watch("controller", {
    start: () => null,
    receive: (_: null, { text }: { readonly type: string; readonly text: string }): null => {
      throw new Error(text);
    },
  });
  for (const text of ["planned", "odd"]) {
    assert.throws(() => behaviour.receive(null, { type: "submit", text }, {} as never), text);
  }
  assert.equal(failures, ['failed: controller failed on "submit": odd']);
});

test("lie changes something in a message, and leaves the message that it was given as it is", () => {
  const message = { type: "submit", task: { id: { sequence: 1 }, results: new Map([["a", [1, 2]]]) } };
  const before = structuredClone(message);
  const prng = createPrng(3);
  const changed = Array.from({ length: 200 }, () => lie(prng, message, (address) => createProbe(address)));
  assert.equal(message, before);
  assert.ok(changed.filter((said) => !isDeepStrictEqual(said, message)).length > 100);
});

test.run();
