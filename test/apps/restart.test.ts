/** What an operator asked for outlives its node, and stays with its cluster. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { ALONE, endedBy, endHub, joined, startHub, type HubProgram } from "../support/hub-program.js";
import { runSluice } from "../support/program.js";

const folder = mkdtempSync(join(tmpdir(), "sluice-restart-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
/** Starts a source that has no end, and leaves it. */
async function detach({ sluice }: HubProgram, id: string, node: string): Promise<void> {
  const ran = await sluice(
    ..."run --pipeline apps/pipelines/default.yaml --source test:160x90@10,duration=1000".split(" "),
    ..."--realtime --detach --id".split(" "),
    id,
    "--on",
    node,
  );
  assert.is(ran.exitCode, 0, ran.stderr);
}

async function runningOn({ sluice }: HubProgram): Promise<readonly string[]> {
  const { stdout, exitCode, stderr } = await sluice("sources", "--json");
  assert.is(exitCode, 0, stderr);
  return (JSON.parse(stdout) as { readonly source: string; readonly node: string }[]).map(
    ({ source, node }) => `${source} on ${node}`,
  );
}

const a = await startHub(folder, "a");

test("a source goes on with its node after SIGTERM and SIGKILL, is said to, and ends for good by sluice stop", async () => {
  const node = "edge-1";
  let edge = await joined(a, node);
  await detach(a, "cam-1", node);
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    const ended = await endedBy(a, edge, signal);
    if (signal !== "SIGKILL") assert.is(ended.exitCode, 0, ended.stderr);
    edge = await joined(a, node);
    await edge.prints(/cam-1: goes on, as it was not ended before this node stopped \(test:160x90@10/);
  }
  assert.equal(await runningOn(a), [`cam-1 on ${node}`]);
  const stopped = await a.sluice("stop", "cam-1");
  assert.is(stopped.exitCode, 0, stopped.stderr);
  assert.is(stopped.stdout, "cam-1 is ended on edge-1\n");
  // For good: not only until its node starts again.
  await endedBy(a, edge, "SIGKILL");
  const again = await joined(a, node);
  assert.equal(await runningOn(a), []);
  const audit = await a.sluice("audit");
  assert.is(audit.exitCode, 0, audit.stdout);
  const ended = await endedBy(a, again, "SIGHUP");
  assert.is(ended.exitCode, 0, ended.stderr);
  assert.match(ended.stdout, "Stopping");
  assert.not.match(ended.stdout, "cam-1");
  const missing = await a.sluice("stop", "cam-9");
  assert.is(missing.exitCode, 1);
  assert.match(missing.stderr, 'Cannot stop "cam-9" as no node has a source of that name');
});

test("a journal is of its node in its cluster: another one is refused, with the mend, and nothing of it starts there", async () => {
  const b = await startHub(folder, "b", "--cluster", "other");
  const journal = join(folder, "journal-of-cam");
  const edge = await joined(a, "cam", "--journal", journal);
  await detach(a, "cam-2", "cam");
  await endedBy(a, edge, "SIGKILL");
  const refused = await runSluice(["join", b.url, "--name", "cam", "--journal", journal], {
    env: { ...ALONE, SLUICE_TOKEN: b.token },
  });
  assert.is(refused.exitCode, 1);
  assert.match(
    refused.stderr,
    /^error: Cannot join cluster "other": the journal ".*" belongs to cluster "sluice"; name another folder with --journal, or discard what it holds \(sources: 1, unfinished tasks: \d+\) with --forget\n$/,
  );
  const other = await runSluice(["join", a.url, "--name", "cam-b", "--journal", journal], {
    env: { ...ALONE, SLUICE_TOKEN: a.token },
  });
  assert.is(other.exitCode, 1);
  assert.match(other.stderr, /as node "cam-b": it is that of node "cam"; .* with --forget\n$/);
  // Its name is not taken by the attempt.
  const with2 = await joined(b, "cam", "--journal", join(folder, "journal-2"));
  await endedBy(b, with2, "SIGKILL");
  assert.is((await b.sluice("nodes", "forget", "cam")).exitCode, 0);
  const forgotten = await joined(b, "cam", "--journal", journal, "--forget");
  assert.equal(await runningOn(b), []);
  const ended = await endedBy(b, forgotten, "SIGTERM");
  assert.not.match(ended.stdout, "cam-2:");
  for (const hub of [a, b]) await endHub(hub);
});

test.run();
