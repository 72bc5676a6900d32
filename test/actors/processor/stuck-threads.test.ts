import { execFile, execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "../../support/test.js";
import { Level } from "level";
import * as assert from "uvu/assert";
import { endProcessWithin } from "../../../src/actors/processor/end-process.js";
import { StuckThreads } from "../../../src/actors/processor/stuck-threads.js";
import { VirtualClock } from "../../support/virtual-clock.js";

const GRACE_MS = 5_000;

const onLinux = process.platform === "linux" ? test : test.skip;
if (onLinux !== test)
  console.log("SKIPPED the files of a process that ends another: they are looked up in /proc");

function childrenOf(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ").filter(Boolean).map(Number),
  );
}

test("StuckThreads refuses another thread of a module of which four do not end, until one has", () => {
  const clock = new VirtualClock();
  const stuck = new StuckThreads(clock);
  let told = 0;
  const end = (module: string) => stuck.ending(module, () => (told += 1));
  const ended = [end("a"), end("a"), end("a"), end("a")];
  end("b");
  clock.advance(GRACE_MS - 1);
  assert.equal([stuck.refusal("a"), told], [null, 0]);
  clock.advance(1);
  assert.match(stuck.refusal("a") ?? "", /4 of its threads are in calls that never return/);
  assert.equal([stuck.refusal("b"), told], [null, 5]);
  ended[0]?.();
  ended[0]?.();
  assert.is(stuck.refusal("a"), null);
});

test("StuckThreads counts none that ends in time", () => {
  const clock = new VirtualClock();
  const stuck = new StuckThreads(clock);
  for (let thread = 0; thread < 10; thread += 1) {
    const ended = stuck.ending("a", () => assert.unreachable());
    clock.advance(GRACE_MS - 1);
    ended();
  }
  clock.advance(GRACE_MS);
  assert.is(stuck.refusal("a"), null);
});

/**
 * How a process ends that exits with 7 as a thread of it does `work`, with nobody writing to `pipe`, which the process has opened
 * once the thread has.
 *
 * @param withinMs until what hangs is killed
 */
async function endOf(
  work: (pipe: string) => string,
  withinMs: number,
): Promise<{ readonly code: unknown; readonly signal: unknown }> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-"));
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  const module = new URL("../../../src/actors/processor/end-process.js", import.meta.url).href;
  const program = `
    import { openSync } from "node:fs";
    import { Worker } from "node:worker_threads";
    import { endProcessWithin } from ${JSON.stringify(module)};
    process.once("exit", () => endProcessWithin(${withinMs}));
    new Worker(${JSON.stringify(work(pipe))}, { eval: true, execArgv: [] });
    openSync(${JSON.stringify(pipe)}, "w");
    process.exit(7);`;
  const end = await new Promise<{ readonly code: unknown; readonly signal: unknown }>((resolve) => {
    execFile(process.execPath, ["--input-type=module", "--eval", program], (error) =>
      resolve({ code: error?.code, signal: error?.signal }),
    );
  });
  await rm(folder, { recursive: true });
  return end;
}

test("a process ends though a thread of it is in a call that never returns", async () => {
  const end = await endOf((pipe) => `require("node:fs").readFileSync(${JSON.stringify(pipe)});`, 50);
  assert.equal(end, { code: null, signal: "SIGKILL" });
});

test("a process ends as it would where its threads end with it", async () => {
  const end = await endOf(
    (pipe) => `require("node:fs").openSync(${JSON.stringify(pipe)}); for (;;);`,
    60_000,
  );
  assert.equal(end, { code: 7, signal: null });
});

onLinux("what ends a process that hangs has none of its files", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-"));
  const database = new Level(join(folder, "store"));
  await database.open();
  const before = childrenOf(process.pid);
  endProcessWithin(3_600_000);
  const guard = childrenOf(process.pid).find((pid) => !before.includes(pid)) ?? 0;
  const files = readdirSync(`/proc/${guard}/fd`).map((fd) => readlinkSync(`/proc/${guard}/fd/${fd}`));
  process.kill(guard, "SIGKILL");
  await database.close();
  await rm(folder, { recursive: true });
  assert.ok(files.length > 3);
  assert.equal(
    files.filter((file) => file.startsWith(folder)),
    [],
  );
});

test.run();
