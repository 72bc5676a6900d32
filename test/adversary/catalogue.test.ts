import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { REPOSITORY, sourceFiles } from "../support/sources.js";
import { allAttacks } from "./attacks/all.js";
import { untilCounted, type Counts } from "./kit/counts.js";
import { tallyText, type Tally } from "./kit/tally.js";
import { COUNTED_AS } from "./counted-as.js";

const ATTACKS = allAttacks(1);
const ids = ATTACKS.map(({ id }) => id);
const security = readFileSync(join(REPOSITORY, "docs/security.md"), "utf8");
/** `edge.deputy-ping`: who, and what. */
const ID = /`((?:stranger|edge|operator|page|disk|clock|machine|file)\.[a-z-]+)`/g;

test("there are at least 60 attacks, each under a name of its own", () => {
  assert.ok(ids.length >= 60, `there are ${ids.length}`);
  assert.is(new Set(ids).size, ids.length);
});

test("every attack that the security page names exists, and it names every attack", () => {
  const named = new Set([...security.matchAll(ID)].map((match) => match[1] ?? ""));
  assert.equal([...named].filter((id) => !ids.includes(id)).sort(), []);
  assert.equal(ids.filter((id) => !named.has(id)).sort(), []);
});

test("every promise of the security page has a number of its own, and names an attack or a test that holds it", () => {
  const rows = security.split("\n").flatMap((line) => {
    const [, number, , holders] = /^\| (P\d+) +\| (.+?) +\| (.+?) *\|$/.exec(line) ?? [];
    return number === undefined ? [] : [{ number, holders: holders ?? "" }];
  });
  assert.ok(rows.length >= 39, `there are ${rows.length}`);
  assert.is(new Set(rows.map(({ number }) => number)).size, rows.length);
  assert.equal(
    rows.filter(({ holders }) => !/`[a-z]+\.[a-z-]+`|"[^"]+"/.test(holders)).map(({ number }) => number),
    [],
  );
});

test("every test that the security page names exists", () => {
  const named = [...security.matchAll(/"([^"]+)"/g)].map((match) => (match[1] ?? "").replaceAll(/\s+/g, " "));
  const tests = sourceFiles("test")
    .map(({ text }) => text)
    .join("\n");
  assert.equal(
    named.filter((name) => !tests.includes(`"${name}"`)),
    [],
  );
});

test("the figures of several files add up, and name all that is promised", () => {
  const [first] = ATTACKS;
  if (first === undefined) throw new Error("There is no attack");
  const { id, who, expected, against } = first;
  const tally = (held: boolean, latencyMs: number): Tally => ({
    attacks: [{ id, who, expected, against, held }],
    counted: { denied: 2 },
    latencyMs: [latencyMs],
    calmMs: [1],
    hubPeakBytes: latencyMs * 1024 * 1024,
  });
  const text = tallyText([tally(true, 10), tally(false, 30)]);
  assert.match(text, /^Attacks {2,}2, of which 1 held/m);
  assert.match(text, /^Refused {2,}1 were told no/m);
  assert.match(text, /^Counted {2,}4 messages and attempts: denied 4$/m);
  assert.match(text, /^Undisturbed .* 2 tasks, 30\.0 ms p50, .*; before any: 2 tasks, 1\.0 ms p50/m);
  assert.match(text, /^Memory .* at most 30 MiB, of 600/m);
  assert.match(text, /^Fuzzed /m);
  assert.match(text, /^Open {2,}1 succeed/m);
});

test("of every attack that is to be counted it is said as what", () => {
  const counted = ATTACKS.filter(({ expected }) => expected === "counted").map(({ id }) => id);
  assert.equal(
    counted.filter((id) => (COUNTED_AS.get(id) ?? []).length === 0),
    [],
  );
  assert.equal(
    [...COUNTED_AS.keys()].filter((id) => !ids.includes(id)),
    [],
  );
});

test("whoever attacks leaves once all that is to be counted of it is, however late that is, and at last in any case", async () => {
  const looks = async (said: readonly (Counts | null)[], looksMax = 9): Promise<number> => {
    let looked = 0;
    await untilCounted(["denied", "malformed"], looksMax, () => {
      const now = said[looked];
      looked += 1;
      return Promise.resolve(now === undefined ? {} : now);
    });
    return looked;
  };
  assert.is(await looks([{ denied: 1, malformed: 1 }]), 1);
  assert.is(await looks([{}, { malformed: 7 }, { malformed: 7, denied: 0 }, { malformed: 7, denied: 1 }]), 4);
  assert.is(await looks([{}, null]), 2, "nobody can be asked any more");
  assert.is(await looks([], 3), 3);
});

test.run();
