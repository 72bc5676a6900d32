/** `npm start` as a cluster of processes: who runs what, the swap in the middle, and how it ends. */

import { join } from "node:path";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { startProgram, runProgram } from "../support/program.js";
import { summaryOf } from "../support/run-summary.js";
import { storedResults } from "../support/stored.js";
import { inTemporaryFolder } from "../support/temporary-folder.js";
import { within } from "../support/within.js";

test("npm start runs a cloud and two edges as processes, and swaps each table in the middle, losing nothing", async () => {
  await inTemporaryFolder(async (folder) => {
    const store = join(folder, "store");
    const { exitCode, stdout, stderr, leftovers } = await runProgram(["--store", store, "--json"]);
    assert.is(exitCode, 0, stderr);
    assert.equal(leftovers, []);
    const { tasks, nodes, stages, epochs, epoch } = summaryOf(stdout);
    assert.equal(tasks, { created: 60, stored: 60, dropped: {}, inFlight: 0 });
    assert.equal(
      nodes.map(({ name, role }) => `${name} ${role}`),
      ["cloud cloud", "edge-1 edge", "edge-2 edge"],
    );
    assert.is(new Set(nodes.map(({ pid }) => pid)).size, 3);
    assert.equal(stages["motion"]?.nodes, { "edge-1": 30, "edge-2": 30 });
    assert.equal(stages["tracks"]?.nodes, { cloud: 60 });
    assert.equal(Object.keys(stages["colours"]?.nodes ?? {}).sort(), ["cloud", "edge-1", "edge-2"]);
    assert.ok(epochs.length >= 2 && Math.max(...epochs) <= epoch, JSON.stringify(epochs));
    assert.match(stderr, "swapping the table of demo: colours to the cloud");
    // Where both are set at once, one table is for both.
    assert.match(
      stderr,
      /routing table \d+ of term 1 for .*demo-2.*: policy of demo(-2)? set to fixed/,
      stderr,
    );
    assert.match(stderr, /in force on 3 nodes after [\d.]+ ms/);

    const records = await storedResults(store);
    for (const { id, hops } of records) {
      const edge = id.sourceId === "demo" ? "edge-1" : "edge-2";
      const nodeOf = (wanted: string) => hops.find(({ stage }) => stage === wanted)?.node;
      assert.equal([nodeOf("motion"), nodeOf("tracks")], [edge, "cloud"]);
      assert.ok([edge, "cloud"].includes(nodeOf("colours") ?? "none"));
    }
    for (const source of ["demo", "demo-2"]) {
      const own = records.filter(({ id }) => id.sourceId === source);
      const used = new Set(own.flatMap(({ hops }) => hops.map((hop) => hop.epoch)));
      assert.ok(used.size >= 2, `${source} was routed by ${[...used].join(", ")}`);
      // No task is followed by one whose track ids start over: the stateful stage has not moved.
      const continuity = own.map(({ results }) => results["tracks"]?.continuity);
      assert.equal([...new Set(continuity.slice(1))], ["continued"]);
    }
  });
});

test("--swap never keeps the first table of every source", async () => {
  const { stdout, stderr } = await runProgram([
    "--store",
    "memory:",
    "--json",
    "--swap",
    "never",
    "--limit",
    "6",
  ]);
  const { stages, tasks } = summaryOf(stdout);
  assert.is(tasks.stored, 12);
  assert.equal(stages["colours"]?.nodes, { "edge-1": 6, "edge-2": 6 });
  assert.not.match(stderr, "swapping");
});

test("an edge that is killed ends the run with 1 and its name, and leaves no process behind", async () => {
  const program = startProgram(["--store", "memory:", "--json", "--realtime"]);
  await program.says(/^demo-2: /m);
  const edge = program.children().find(({ command }) => command.includes("edge.js"));
  process.kill(edge?.pid ?? 0, "SIGKILL");
  const { exitCode, stderr, leftovers } = await program.ended;
  assert.is(exitCode, 1);
  assert.match(stderr, /error: Cannot go on as the process of node "edge-\d" has ended \(SIGKILL\)/);
  assert.equal(leftovers, []);
});

test("edges whose starter was killed end by themselves", async () => {
  const program = startProgram(["--store", "memory:", "--json", "--realtime"]);
  await program.says(/^demo-2: /m);
  const edges = program.children().filter(({ command }) => command.includes("edge.js"));
  assert.is(edges.length, 2);
  program.signal("SIGKILL");
  await program.ended;
  await within(4_000, program.allGone(), "the edges to end");
});

test.run();
