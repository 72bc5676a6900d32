import * as assert from "uvu/assert";
import { endHub, joined, startHub } from "../support/hub-program.js";
import { sluiceHere } from "../support/sluice-here.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { test } from "../support/test.js";

test("sluice hub keeps as many results as it is told, and its audit adds up all the same", async () => {
  const hub = await startHub(temporaryFolder(), "store", "--keep-records", "3");
  const edge = await joined(hub, "edge-1");
  const run = ["run", "--pipeline", "apps/pipelines/default.yaml", "--frames-per-task", "2", "--id", "cam"];
  const ran = await hub.sluice(...run, "--source", "test:160x90@10,duration=2", "--on", "edge-1");
  assert.is(ran.exitCode, 0, ran.stderr);
  assert.match(ran.stdout, /ended; 10 tasks, 10 stored/);
  const { stdout } = await hub.sluice("results", "--json");
  assert.is(stdout.trimEnd().split("\n").length, 3, stdout);
  const audit = await hub.sluice("audit");
  assert.is(audit.exitCode === 0 ? "" : `${audit.stdout}${audit.stderr}`, "");
  edge.signal("SIGTERM");
  await edge.ended;
  await endHub(hub);
});

test("sluice hub refuses to keep no results, or for a time that is none", async () => {
  for (const wrong of [
    ["--keep-records", "0"],
    ["--keep", "soon"],
  ]) {
    const { exitCode, stderr } = await sluiceHere("hub", ...wrong);
    assert.is(exitCode, 2, stderr);
    assert.match(stderr, wrong[0] ?? "");
  }
});

test.run();
