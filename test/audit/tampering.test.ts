/**
 * What an audit finds of an export that was tampered with: every change where lines of the file were changed, and every one
 * where the key of the store is at hand. Without the key, whoever chains the whole file anew is found where what it says is
 * no run that might have been.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { auditExport, forged, realExport } from "../support/tampered-run.js";
import { CONTENTS } from "../support/tampering/contents.js";
import { HISTORY } from "../support/tampering/history.js";
import { RECORDS } from "../support/tampering/records.js";
import { SEALS } from "../support/tampering/seals.js";

const TAMPERINGS = { ...RECORDS, ...CONTENTS, ...HISTORY, ...SEALS };

const folder = mkdtempSync(join(tmpdir(), "sluice-tampering-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Made once, for all tests. */
const real = realExport();

test("an audit of the export of a real run finds nothing, with the key of its store or without", async () => {
  const run = await real;
  assert.ok(run.records.length >= 120, `${run.records.length} records`);
  assert.ok(run.records.filter(({ type }) => type === "gap").length >= 6);
  for (const withKey of [false, true]) {
    assert.equal((await auditExport(folder, run, withKey)).findings, []);
  }
  assert.equal(
    (await auditExport(folder, forged(run, run.trailer), false)).findings,
    [],
    "forged to be the same",
  );
});

test("an audit has at least 60 ways to tamper with an export to find", () => {
  assert.ok(Object.keys(TAMPERINGS).length >= 60, `${Object.keys(TAMPERINGS).length}`);
});

for (const [name, { rule, forged: seen, change }] of Object.entries(TAMPERINGS)) {
  test(`an audit finds in an export that ${name}`, async () => {
    const run = await real;
    const tampered = change(run);
    const found = await auditExport(folder, tampered, false);
    assert.ok(found.findingsByRule[rule] > 0, `${rule}: ${JSON.stringify(found.findingsByRule)}`);

    const anew = forged(tampered, run.trailer);
    const bare = await auditExport(folder, anew, false);
    const rules = JSON.stringify(bare.findingsByRule);
    if (seen === null) assert.is(bare.findingCount, 0, `found after all: ${rules}`);
    else assert.ok(bare.findingsByRule[seen] > 0, `${seen}: ${rules}`);

    if (anew.records.length === run.records.length && JSON.stringify(anew) === JSON.stringify(run)) return;
    const keyed = await auditExport(folder, anew, true);
    assert.ok(keyed.findingsByRule.sealed > 0, "the key of the store tells a forgery");
  });
}

test.run();
