import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { createShutdown, SHUTDOWN_PHASES } from "../../src/runtime/coordinated-shutdown.js";
import { RuntimeError } from "../../src/runtime/errors.js";
import { VirtualClock } from "../support/virtual-clock.js";
import { within } from "../support/within.js";

test("CoordinatedShutdown runs its phases in order, the tasks of one side by side", async () => {
  const shutdown = createShutdown(new VirtualClock());
  const journal: string[] = [];
  for (const phase of SHUTDOWN_PHASES.toReversed()) {
    for (const name of ["x", "y"]) {
      const run = async () => {
        journal.push(`${phase} ${name} begins`);
        await Promise.resolve();
        journal.push(`${phase} ${name} ends`);
      };
      shutdown.addTask({ phase, name, run });
    }
  }
  const { errors } = await within(1_000, shutdown.run());
  assert.equal(errors, []);
  assert.equal(
    journal,
    SHUTDOWN_PHASES.flatMap((phase) =>
      ["x begins", "y begins", "x ends", "y ends"].map((what) => `${phase} ${what}`),
    ),
  );
});

test("CoordinatedShutdown runs once, however often it is called", async () => {
  const shutdown = createShutdown(new VirtualClock());
  let runs = 0;
  shutdown.addTask({ phase: "drain", name: "count", run: () => void (runs += 1) });
  shutdown.addTask({ phase: "drain", name: "withdrawn", run: () => void (runs += 100) })();
  const reports = await within(1_000, Promise.all([shutdown.run(), shutdown.run()]));
  assert.is(reports[0], reports[1]);
  assert.is(runs, 1);
});

test("CoordinatedShutdown collects errors and goes on past a task that never ends", async () => {
  const clock = new VirtualClock();
  const shutdown = createShutdown(clock);
  const journal: string[] = [];
  shutdown.addTask({ phase: "drain", name: "hangs", timeoutMs: 50, run: () => new Promise(() => {}) });
  shutdown.addTask({
    phase: "drain",
    name: "throws",
    run() {
      throw new Error("wanted");
    },
  });
  shutdown.addTask({ phase: "close", name: "last", run: () => void journal.push("closed") });
  const report = shutdown.run();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(journal, []);
  clock.advance(50);
  const { errors } = await within(1_000, report);
  assert.equal(journal, ["closed"]);
  const [first, second] = errors;
  assert.ok(first instanceof RuntimeError && first.code === "shutdown-timeout", first?.message);
  assert.is(second?.message, "wanted");
  assert.is(clock.pending, 0);
});

test("CoordinatedShutdown refuses a task for a phase that has begun", async () => {
  const shutdown = createShutdown(new VirtualClock());
  await within(1_000, shutdown.run());
  assert.throws(() => shutdown.addTask({ phase: "close", name: "late", run: () => {} }), TypeError);
});

test.run();
