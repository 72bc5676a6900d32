import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { runSimulate } from "../support/program.js";

test("npm run simulate says how many seeds kept every promise", async () => {
  const { exitCode, stdout, stderr } = await runSimulate(["--seeds", "2", "--faulty", "5s"]);
  assert.is(exitCode, 0, stderr);
  assert.match(
    stdout,
    /^2 seeds, \d+ s at \d+x real time: \d+ results, \d+ redeliveries, 0 seeds broke a promise\n$/,
  );
});

test("npm run simulate names a seed that breaks a promise, exits with 1, and replays it the same", async () => {
  const broken = await runSimulate(["--first", "2", "--seeds", "1", "--plant", "skippedDedup"]);
  assert.is(broken.exitCode, 1);
  assert.match(broken.stdout, /seed 2 broke a promise:\n {2}doubled: cam-/);
  const [, again = ""] = /replay: npm run simulate -- (.*)\n/.exec(broken.stdout) ?? [];
  assert.is(again, "--seed 2 --plant skippedDedup");
  const replayed = await Promise.all([
    runSimulate(again.split(" ")),
    runSimulate([...again.split(" "), "--history"]),
  ]);
  const histories = replayed.map(({ stdout }) => /history ([0-9a-f]{64})/.exec(stdout)?.[1]);
  assert.ok(histories[0] !== undefined && histories[0] === histories[1]);
  assert.match(replayed[1].stdout, /^\d+\.\d{3} edge-1 -> cloud \d+$/m);
});

test("npm run simulate gives a line of JSON for each seed, and 2 for wrong usage", async () => {
  const { stdout } = await runSimulate(["--seeds", "2", "--faulty", "3s", "--faults", "swapTable", "--json"]);
  const reports = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { readonly seed: number; readonly findings: readonly string[] });
  assert.equal(
    reports.map(({ seed, findings }) => [seed, findings]),
    [
      [1, []],
      [2, []],
    ],
  );
  for (const args of [["--seeds", "none"], ["--plant", "nothing"], ["--faulty", "soon"], ["extra"]]) {
    assert.is((await runSimulate(args)).exitCode, 2, args.join(" "));
  }
});

test("npm run simulate --mutants gives a line of JSON for each bug of its shard, and their sums", async () => {
  const names = ["--mutants", "link/queued-bytes-kept,link/sent-stream-kept"];
  const { exitCode, stdout, stderr } = await runSimulate([
    ...names,
    "--shard",
    "1/2",
    "--seeds",
    "3",
    "--json",
  ]);
  assert.is(exitCode, 0, stderr);
  const [bug, sums, ...more] = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  assert.equal([bug?.["id"], bug?.["status"], more], ["link/queued-bytes-kept", "found", []]);
  assert.equal(sums?.["sums"], [
    { area: "link", found: 1, mutants: 1 },
    { area: "all", found: 1, mutants: 1 },
  ]);
  assert.is((await runSimulate([...names, "--shard", "3/2"])).exitCode, 2);
  assert.is((await runSimulate(["--mutants", "nothing"])).exitCode, 2);
});

test.run();
