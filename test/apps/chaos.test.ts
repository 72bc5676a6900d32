import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { startChaos } from "../support/program.js";

test("npm run chaos kills, stops and cuts off processes, and every frame is stored once", async () => {
  const program = startChaos(["--minutes", "0.2", "--gap", "1500ms", "--edges", "2", "--seed", "3"], {
    timeoutMs: 150_000,
  });
  const { exitCode, stdout, stderr, leftovers } = await program.ended;
  assert.is(exitCode, 0, stdout + stderr);
  assert.match(stdout, /\nEvery promise was kept\n$/);
  const rows = [...stdout.matchAll(/│ cam-edge-\d │ (\d+) +│ (\d+) +│ (\d+) +│ (\d+) +│ (\d+) +│/g)];
  assert.equal(
    rows.map(([, , results, gaps, lost, frames]) => [results, gaps, lost, frames]),
    rows.map(() => ["55", "0", "0", "220"]),
  );
  assert.is(rows.length, 2);
  assert.equal(leftovers, []);
});

test("npm run chaos ends in order at Ctrl-C, and leaves nothing behind", async () => {
  const program = startChaos(["--minutes", "5", "--edges", "1"]);
  await program.prints(/sources playing: 1/);
  program.signal("SIGINT");
  const { exitCode, stdout, leftovers } = await program.ended;
  assert.is(exitCode, 1);
  assert.match(stdout, "Stopped before the end: nothing was audited");
  assert.equal(leftovers, []);
});

test.run();
