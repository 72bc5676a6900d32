import * as assert from "uvu/assert";
import { parseSourceId } from "../../src/task/identity.js";
import { GapLine } from "../../src/web/gap-line.js";
import { test } from "../support/test.js";

const HOUR_MS = 3_600_000;
const AT_MS = 500 * HOUR_MS;

function dropped(source: string, atMs: number, reason: "deadline" | "poison" = "deadline") {
  const id = { sourceId: parseSourceId(source), incarnation: 1, sequence: 1 };
  return { id, outcome: { status: "dropped", reason }, settledAtMs: atMs } as const;
}

test("GapLine counts what was dropped in the last hour by period, source and reason, and nothing that was stored", () => {
  const line = new GapLine();
  line.note({ ...dropped("gate", AT_MS), outcome: { status: "stored" } });
  assert.is(line.version, 0);
  for (const atMs of [AT_MS - HOUR_MS, AT_MS - 15_000, AT_MS - 12_000, AT_MS])
    line.note(dropped("gate", atMs));
  line.note(dropped("gate", AT_MS, "poison"));
  assert.is(line.version, 5);
  assert.equal(line.report(AT_MS), {
    fromMs: AT_MS - HOUR_MS + 10_000,
    periodMs: 10_000,
    periods: 360,
    gaps: [
      { period: 357, source: "gate", reason: "deadline", count: 2 },
      { period: 359, source: "gate", reason: "deadline", count: 1 },
      { period: 359, source: "gate", reason: "poison", count: 1 },
    ],
  });
});

test("GapLine keeps an hour, and of one period so many sources apart", () => {
  const line = new GapLine();
  for (let index = 0; index < 300; index += 1) line.note(dropped(`cam-${index}`, AT_MS));
  const { gaps } = line.report(AT_MS);
  assert.is(gaps.length, 257);
  assert.equal(gaps.at(-1), { period: 359, source: "others", reason: "deadline", count: 44 });
  for (let index = 0; index < 1_000; index += 1) line.note(dropped("gate", AT_MS + index * 10_000));
  assert.is(line.report(AT_MS + 999 * 10_000).gaps.length, 360);
});

test.run();
