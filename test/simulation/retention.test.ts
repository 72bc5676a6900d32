import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { StoredRecord } from "../../src/task/record.js";
import { checkRetention } from "../../src/simulation/retention-checker.js";
import { simulate } from "../../src/simulation/simulation.js";

test("a simulated store deletes what is old while it is read and written, and every promise is kept of what was stored", async () => {
  const options = {
    seed: 3,
    faultyMs: 12_000,
    faults: ["killHub", "cut", "slowDisk"],
    recordsMax: 20,
  } as const;
  const { findings, results } = await simulate(options);
  assert.equal(findings, []);
  assert.ok(results > 100, "results that were deleted count, too");
});

test("checkRetention finds records that went too soon, holes, and what stays too long", () => {
  const records = (...positions: readonly number[]): readonly StoredRecord[] =>
    positions.map((position) => ({ position }) as StoredRecord);
  const statement = { firstPosition: 4, nextPosition: 8 };
  const kept = { records: records(4, 5, 6, 7), statement, recordsMax: 4, recordCount: 4, newest: 0 };
  assert.equal(checkRetention(kept), []);
  assert.match(
    checkRetention({ ...kept, records: records(4, 5, 6), recordsMax: 4 }).join(),
    "not the newest 4",
  );
  assert.match(checkRetention({ ...kept, records: records(4, 5, 7, 8) }).join(), "record 6 is missing");
  assert.match(checkRetention({ ...kept, recordsMax: 2 }).join(), "no more than 2 are to be");
  assert.equal(checkRetention({ ...kept, recordsMax: 2, newest: 2 }), []);
  assert.equal(checkRetention({ ...kept, recordsMax: 2, newest: null }), []);
});

test.run();
