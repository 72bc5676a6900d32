/** `sluice audit` over exported runs, a store and a hub that runs. */

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { parseSourceId } from "../../src/task/identity.js";
import { auditLedgersOf } from "../../src/audit/ledgers.js";
import type { AuditReport } from "../../src/audit/audit.js";
import { openLevelStore } from "../../src/storage/results/level-store.js";
import type { StoredRecord } from "../../src/task/record.js";
import { auditedRun, changed, withHop } from "../support/audited-run.js";
import { exportRun } from "../support/exported-run.js";
import { ALONE } from "../support/hub-program.js";
import { runSluice, startSluice, type Ended } from "../support/program.js";
import { sluiceHere } from "../support/sluice-here.js";

const folder = mkdtempSync(join(tmpdir(), "sluice-audit-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const audit = (...args: readonly string[]): Promise<Ended> => sluiceHere("audit", ...args);

const records = [
  ...auditedRun({ count: 20, gaps: { 3: "deadline", 8: "deadline", 9: "poison" } }),
  ...auditedRun({ count: 10, source: "cam-2", position: 20 }),
];

async function exported(name: string, run_: readonly StoredRecord[]): Promise<string> {
  const file = join(folder, name);
  await exportRun(run_, file);
  return file;
}

const clean = await exported("clean.ndjson", records);
const compressed = await exported("clean.ndjson.gz", records);
const broken = await exported(
  "broken.ndjson.gz",
  changed(
    records.filter(({ id }) => id.sequence !== 12),
    5,
    (record) => withHop(record, "b", () => undefined),
  ),
);

test("sluice audit of an exported run that adds up exits with 0 and counts each source", async () => {
  for (const [file, run] of [
    [clean, sluiceHere],
    // As a program, once.
    [compressed, (...args: readonly string[]) => runSluice(args, { env: ALONE })],
  ] as const) {
    const { exitCode, stdout, stderr } = await run("audit", "--from", file);
    assert.is(exitCode, 0, stderr);
    assert.match(stdout, /│ cam-1 +│ +1 │ +20 │ +17 │ deadline 2, poison 1 │ +0 │ +0 │ +0 │/);
    assert.match(stdout, /│ cam-2 +│ +1 │ +10 │ +10 │ 0 +│ +0 │ +0 │ +0 │/);
    assert.match(stdout, "30 records add up: no task was lost, and none took effect twice\n");
    assert.is(
      stderr,
      "cam-1/1 has no closing: it ran then, or its last tasks are missing (--ended asks for one)\n" +
        "cam-2/1 has no closing: it ran then, or its last tasks are missing (--ended asks for one)\n",
    );
    const ended = await audit("--from", file, "--ended");
    assert.is(ended.exitCode, 1);
    assert.match(
      ended.stdout,
      "cam-2  closed  Its incarnation 1 has no closing, so its last tasks may be missing",
    );
    assert.is(ended.stderr, "");
  }
});

test("sluice audit of a run that does not add up exits with 1, with a line for each finding and its task", async () => {
  const { exitCode, stdout } = await audit("--from", broken);
  assert.is(exitCode, 1);
  assert.equal(stdout.trimEnd().split("\n").slice(-4), [
    'cam-1/1/5  hops  Stage "b" has a result and no hop',
    'cam-2/1/5  hops  Stage "b" has a result and no hop',
    "cam-1/1/12  lost  It has no record and is not known to be in flight",
    "29 records do not add up: lost 1, hops 2",
  ]);
});

test("sluice audit keeps to one source, and says what it found as JSON", async () => {
  const one = await audit("--from", broken, "--source", "cam-2", "--json");
  assert.is(one.exitCode, 1);
  const report = JSON.parse(one.stdout) as AuditReport;
  assert.is(report.records, 10);
  assert.equal(
    report.findings.map(({ rule, source, task }) => [rule, source, task?.sequence]),
    [["hops", "cam-2", 5]],
  );
  assert.equal(
    report.incarnations.map(({ sourceId, created, results }) => [sourceId, created, results]),
    [["cam-2", 10, 10]],
  );
  const none = await audit("--from", broken, "--source", "cam-3");
  assert.is(none.exitCode, 1);
  assert.match(none.stderr, 'error: There is no record of source "cam-3"\n');
});

test("sluice audit finds that the beginning or the end of an exported run is missing", async () => {
  const lines = readFileSync(clean, "utf8").split("\n");
  const cut: Readonly<Record<string, readonly [readonly string[], RegExp]>> = {
    beginning: [lines.slice(5), /Positions 0 to 4 hold no record/],
    records: [lines.toSpliced(20, 10), /Positions 20 to 29 hold no record/],
    end: [lines.slice(0, 20), /The file has no trailer: its end is missing/],
    all: [[], /The file has no trailer/],
  };
  for (const [name, [left, finding]] of Object.entries(cut)) {
    const file = join(folder, `without-${name}.ndjson`);
    writeFileSync(file, left.join("\n"));
    const { exitCode, stdout } = await audit("--from", file);
    assert.is(exitCode, 1, name);
    assert.match(stdout, finding);
  }
});

test("sluice audit reads a long line in time that grows with it, and no compressed file that expands too much", async () => {
  const long = join(folder, "long.ndjson");
  writeFileSync(long, `${" ".repeat(60_000_000)}{}\n`);
  const bomb = join(folder, "bomb.ndjson.gz");
  writeFileSync(bomb, gzipSync(Buffer.alloc(60_000_000, 32)));
  for (const [file, problem] of [
    [long, /line 1 of .*"type"/],
    [bomb, /expands more than 200 times/],
  ] as const) {
    const { exitCode, stderr } = await audit("--from", file);
    assert.is(exitCode, 1);
    assert.match(stderr, problem);
  }
});

test("sluice audit checks an export under the key of its store, and under no other", async () => {
  const path = join(folder, "signed");
  const store = await openLevelStore(path);
  await store.append(records);
  await store.close();
  const file = join(folder, "signed.ndjson");
  assert.is((await sluiceHere("results", "--store", path, "--export", file)).exitCode, 0);
  const key = `${path}.audit-key`;
  assert.is(statSync(key).mode & 0o077, 0, "only its user reads it");
  const own = await audit("--from", file, "--key", key);
  assert.is(own.exitCode, 0, own.stdout + own.stderr);
  const other = join(folder, "other-key");
  writeFileSync(other, Buffer.alloc(32, 7).toString("base64url"));
  const wrong = await audit("--from", file, "--key", other);
  assert.is(wrong.exitCode, 1);
  assert.match(wrong.stdout, "the run  sealed  The trailer is not signed by the store whose key was given");
  const none = await audit("--from", file, "--key", join(folder, "no-key"));
  assert.match(none.stderr, /^error: Cannot read the key of a store/);
});

test("sluice audit names the line that is no record, and the file that cannot be read", async () => {
  const lines = readFileSync(clean, "utf8").split("\n");
  const fileOf = (name: string, text: string | Uint8Array): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const wrong: readonly (readonly [string, RegExp])[] = [
    [fileOf("cut.ndjson", lines.slice(0, 8).join("\n").slice(0, -9)), /line 8 of ".*cut\.ndjson"/],
    [fileOf("other.ndjson", lines.with(4, '{"type":"gap"}').join("\n")), /line 5 of .*"position"/],
    [fileOf("blank.ndjson", lines.with(6, "").join("\n")), /line 7 of/],
    [fileOf("cut.ndjson.gz", readFileSync(compressed).subarray(0, -20)), /"[^"]*cut\.ndjson\.gz"/],
    [fileOf("no.ndjson.gz", lines.join("\n")), /no\.ndjson\.gz" as records: incorrect header check/],
    [join(folder, "none.ndjson"), /no such file/],
  ];
  for (const [file, problem] of wrong) {
    const { exitCode, stdout, stderr } = await audit("--from", file);
    assert.is(exitCode, 1);
    assert.is(stdout, "");
    assert.match(stderr, /^error: Cannot read /);
    assert.match(stderr, problem);
    assert.is(stderr.trimEnd().split("\n").length, 1, stderr);
  }
});

test("sluice audit exits with 2 after wrong usage, and has help", async () => {
  for (const args of [["--from"], ["--from", ""], ["--unknown"], ["more"]]) {
    assert.is((await audit(...args)).exitCode, 2, args.join(" "));
  }
  const { exitCode, stdout } = await audit("--help");
  assert.is(exitCode, 0);
  assert.match(stdout, "Usage: sluice audit");
  for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
});

test("sluice audit takes no task for lost that retention has deleted from a store", async () => {
  const path = join(folder, "store");
  const store = await openLevelStore(path);
  await store.append(records);
  await store.expire({ recordsMax: 22, limit: 100 });
  await store.close();
  const { exitCode, stdout, stderr } = await audit("--store", path);
  assert.is(exitCode, 0, stderr + stdout);
  assert.match(stdout, /│ cam-1 +│ +1 │ +20 │ +10 │ deadline 1, poison 1 │ +0 │ +8 │ +0 │/);
  const missing = await audit("--store", join(folder, "none"));
  assert.is(missing.exitCode, 1);
  assert.match(missing.stderr, /^error: .*store/);
});

test("sluice audit takes tasks in flight from a live ledger, also those of earlier incarnations", () => {
  const accounts = [
    { incarnation: 3, created: 2, outstanding: [5] },
    { incarnation: 4, created: 7, outstanding: [6] },
  ];
  const reported = { sourceId: parseSourceId("cam"), incarnation: 4, accounts };
  assert.equal(auditLedgersOf(reported), [
    { sourceId: "cam", incarnation: 3, created: null, outstanding: [5] },
    { sourceId: "cam", incarnation: 4, created: 7, outstanding: [6] },
  ]);
});

test("sluice audit asks a hub that runs, and reads its store once it has stopped", async () => {
  const store = join(folder, "hub");
  const hub = startSluice(["hub", "--listen", "127.0.0.1:0", "--store", store], { env: ALONE });
  const [, token = "", url = ""] = await hub.prints(
    /SLUICE_TOKEN=(\S+) npx sluice join (ws:\S+) --name edge-1/,
  );
  const edge = startSluice(["join", url, "--name", "edge-1"], { env: { ...ALONE, SLUICE_TOKEN: token } });
  await edge.prints(/has joined/);
  const asked = "run --pipeline apps/pipelines/default.yaml --id cam --on edge-1".split(" ");
  const ran = await sluiceHere(...asked, "--source", "test:320x180@10,duration=4", "--store", store);
  assert.is(ran.exitCode, 0, ran.stderr);
  const row = /│ cam +│ +\d+ │ +10 │ +10 │ 0 +│ +0 │ +0 │ +0 │/;
  const live = await audit("--store", store);
  assert.is(live.exitCode, 0, live.stderr + live.stdout);
  assert.match(live.stdout, row);
  assert.is(live.stderr, "");
  for (const program of [edge, hub]) {
    program.interrupt();
    assert.is((await program.ended).exitCode, 0);
  }
  const later = await audit("--store", store, "--source", "cam");
  assert.is(later.exitCode, 0, later.stderr + later.stdout);
  assert.match(later.stdout, row);
});

test.run();
