import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { REPOSITORY, sourceFiles } from "../support/sources.js";
import { allAttacks } from "./attacks/all.js";
import { COUNTED_AS } from "./counted-as.js";

const ATTACKS = allAttacks(1);
const ids = ATTACKS.map(({ id }) => id);
const security = readFileSync(join(REPOSITORY, "docs/security.md"), "utf8");
/** `edge.deputy-ping`: who, and what. */
const ID = /`((?:stranger|edge|operator|disk|clock|machine|file)\.[a-z-]+)`/g;

test("there are at least 60 attacks, each under a name of its own", () => {
  assert.ok(ids.length >= 60, `there are ${ids.length}`);
  assert.is(new Set(ids).size, ids.length);
});

test("every attack that the security page names exists, and it names every attack", () => {
  const named = new Set([...security.matchAll(ID)].map((match) => match[1] ?? ""));
  assert.equal([...named].filter((id) => !ids.includes(id)).sort(), []);
  assert.equal(ids.filter((id) => !named.has(id)).sort(), []);
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

test.run();
