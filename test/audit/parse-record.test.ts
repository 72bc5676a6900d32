import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { parseRecord } from "../../src/audit/parse-record.js";
import { auditedRun } from "../support/audited-run.js";

const [result, gap] = auditedRun({ count: 2, gaps: { 1: "poison" } });

test("parseRecord gives back what was exported, field for field", () => {
  for (const record of [result, gap]) {
    assert.equal(parseRecord(JSON.stringify(record)), { ok: true, record });
  }
  const id = { ...result?.id, sequence: -1.5 };
  assert.ok(parseRecord(JSON.stringify({ ...result, id })).ok, "the audit is to find it");
});

test("parseRecord names what is wrong", () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ["", /JSON/],
    ['{"type":"result"', /JSON/],
    ["[]", /object/],
    [JSON.stringify({ ...result, type: "other" }), /"type"/],
    [JSON.stringify({ ...result, position: -1 }), /"position"/],
    [JSON.stringify({ ...result, hops: [{}] }), /"hops\.0\.stage"/],
    [JSON.stringify({ ...result, id: { sourceId: "a/b" } }), /"id\.sourceId": wanted a name/],
    [JSON.stringify({ ...gap, reason: "boredom" }), /"reason"/],
  ];
  for (const [text, problem] of wrong) {
    const parsed = parseRecord(text);
    assert.is(parsed.ok, false, text);
    if (!parsed.ok) assert.match(parsed.problem, problem);
  }
});

test.run();
