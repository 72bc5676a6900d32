/** A running cluster that an operator measures, as a user types it. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { connectOperator } from "../../src/operator/operator.js";
import type { ProbeReport } from "../../src/operator/probe-report.js";
import { parseNodeName } from "../../src/task/identity.js";
import { ALONE, endHub, joined, startHub } from "../support/hub-program.js";
import { pause } from "../support/pause.js";
import { startSluice } from "../support/program.js";
import { within } from "../support/within.js";

const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

test("sluice bench measures a cluster by tasks that walk as those of a source do, and leave nothing behind", async () => {
  const hub = await startHub(folder, "store");
  const edge = await joined(hub, "edge-1");
  const { token } = JSON.parse(readFileSync(join(`${hub.store}.cluster`, "operator.json"), "utf8")) as {
    readonly token: string;
  };
  const operator = await connectOperator({ hub: hub.url, token });
  const source =
    "--pipeline apps/pipelines/default.yaml --source test:160x90@10,duration=1000 --realtime --detach";
  const run = await hub.sluice("run", ...source.split(" "), "--id", "cam", "--on", "edge-1");
  assert.is(run.exitCode, 0, run.stderr);
  const settled = async (): Promise<void> => {
    const { sources, pending } = await operator.totals();
    if ((sources["cam"]?.stored ?? 0) > 0 && pending === 0) return;
    await pause(50);
    await settled();
  };
  await within(30_000, settled(), "a task of the source");
  // What follows is not the source's own.
  assert.is((await hub.sluice("pause", "cam")).exitCode, 0);
  const idle = async (): Promise<void> => {
    const [before] = (await operator.agent(parseNodeName("edge-1")).sources()).ledgers;
    if (before?.status === "paused" && before.inFlight === 0) return;
    await pause(50);
    await idle();
  };
  await within(30_000, idle(), "the pause of the source");
  const [totals, sources] = [await operator.totals(), Object.keys(await operator.sources())];

  const measured = await hub.sluice(
    ..."bench --source cam --tasks 12 --rate 20 --arrivals constant --stop-at 100 --pings 3 --json".split(
      " ",
    ),
  );
  assert.is(measured.exitCode, 0, measured.stderr + measured.stdout);
  const report = JSON.parse(measured.stdout) as ProbeReport;
  assert.equal(
    Object.entries(report.roundTrips).map(([node, { latencyMs }]) => [node, latencyMs?.count]),
    [
      ["cloud", 3],
      ["edge-1", 3],
    ],
  );
  const { tasks } = report;
  assert.equal([tasks?.made, tasks?.stored, tasks?.unanswered, tasks?.dropped], [12, 12, 0, {}]);
  assert.equal(
    tasks?.stages.map(({ stage, executeMs }) => [stage, executeMs.count]),
    [
      ["motion", 12],
      ["tracks", 12],
      ["colours", 12],
    ],
  );
  assert.is(
    tasks?.histogram.reduce((sum, { count }) => sum + count, 0),
    12,
  );

  // None of it is anywhere but here.
  assert.equal(await operator.totals(), totals);
  assert.equal(Object.keys(await operator.sources()), sources);
  assert.not.match((await hub.sluice("sources")).stdout, /\$/);
  assert.is((await hub.sluice("audit")).exitCode, 0);

  // Ctrl-C ends it, and nobody measures beside it.
  const long = startSluice(
    [..."bench --source cam --tasks 10000 --rate 2 --pings 1 --stop-at 100".split(" "), "--store", hub.store],
    {
      env: ALONE,
      timeoutMs: 90_000,
    },
  );
  await long.says(/Tasks are on their way/);
  const beside = await hub.sluice(..."bench --source cam --pings 1".split(" "));
  assert.is(beside.exitCode, 1);
  assert.match(beside.stderr, /the cluster is being measured/);
  long.signal("SIGINT");
  const ended = await long.ended;
  assert.is(ended.exitCode, 130, ended.stderr);
  assert.match(ended.stdout, /of 10000 synthetic tasks like those of "cam" \(default@\d+\)/);
  assert.match(ended.stdout, /Interrupted/);

  // It goes no further than the cluster has room for it, which this one has none of by that measure.
  const ofLoad = async (): Promise<void> => {
    const loaded = await hub.sluice(
      ..."bench --source cam --tasks 10000 --rate 20 --pings 1 --stop-at 0.001".split(" "),
    );
    assert.is(loaded.exitCode, 1, loaded.stdout);
    if (/the cluster is being measured/.test(loaded.stderr)) return ofLoad();
    assert.match(
      loaded.stdout,
      /Ended as the cluster is loaded: The processors of "(cloud|edge-1)" are at work \d+ % of/,
    );
  };
  await within(60_000, ofLoad(), "an end as the cluster is loaded");

  assert.is((await hub.sluice("bench", "--source", "none")).exitCode, 1);
  assert.is((await hub.sluice("bench", "--rate", "201")).exitCode, 2);
  await operator.close();
  edge.signal("SIGTERM");
  await edge.ended;
  await endHub(hub);
});

test.run();
