import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type {
  Job,
  StartWorker,
  WorkerEvent,
  WorkerThread,
} from "../../../src/actors/processor/worker-port.js";
import { VirtualClock } from "../../support/virtual-clock.js";
import { createWorkerRoom } from "../../../src/actors/processor/worker-room.js";

interface Thread {
  readonly name: string;
  readonly jobs: Job[];
  ended: "stop" | "kill" | "crash" | null;
  say(event: WorkerEvent): void;
}

const JOB = { sourceId: "cam-1" } as Job;
const DONE: WorkerEvent = { type: "completed", result: { type: "boxes", frames: [] } };

function roomOf(workersMax: number, loadingMax = workersMax) {
  const threads: Thread[] = [];
  const evicted: string[] = [];
  const startWorker: StartWorker = ({ name }, listener) => {
    const thread: Thread = { name, jobs: [], ended: null, say: (event) => listener(event) };
    threads.push(thread);
    return {
      run: (job) => void thread.jobs.push(job),
      stop: () => (thread.ended = "stop"),
      kill: () => (thread.ended = "kill"),
    };
  };
  const clock = new VirtualClock();
  const start = createWorkerRoom({
    clock,
    startWorker,
    workersMax,
    loadingMax,
    onEvicted: (name) => void evicted.push(name),
  });
  const stage = (name: string, stateful = false): WorkerThread & { readonly heard: string[] } => {
    const heard: string[] = [];
    const spec = { name, module: "", parameters: {}, modelDir: null, output: "boxes", stateful };
    return { heard, ...start(spec, ({ type }) => void heard.push(type)) };
  };
  const alive = (): readonly string[] =>
    threads.filter(({ ended }) => ended === null).map(({ name }) => name);
  const last = (name: string): Thread => {
    const found = threads.findLast((thread) => thread.name === name);
    if (found === undefined) throw new Error(`No thread is called ${name}`);
    return found;
  };
  return { clock, stage, alive, last, evicted, threads };
}

test("createWorkerRoom starts a worker at once while there is room, and passes on what it says", () => {
  const { stage, alive, last } = roomOf(2);
  const a = stage("a");
  assert.equal(alive(), ["a"]);
  last("a").say({ type: "loaded" });
  a.run(JOB);
  last("a").say(DONE);
  assert.equal(a.heard, ["loaded", "completed"]);
});

test("createWorkerRoom keeps no more workers than it has room for, and a stage without jobs keeps nobody out", async () => {
  const { stage, alive, last, evicted, threads } = roomOf(2);
  const [a, b] = [stage("a"), stage("b")];
  last("a").say({ type: "loaded" });
  last("b").say({ type: "loaded" });
  const many = Array.from({ length: 60 }, (_, n) => stage(`s${n}`));
  await Promise.resolve();
  assert.equal(alive(), ["a", "b"]);
  assert.ok(many.every(({ heard }) => heard.join() === "loaded"));
  many[7]?.run(JOB);
  assert.equal(alive(), ["b", "s7"], "the one that has been idle longest has made room");
  assert.equal(evicted, ["a"]);
  assert.equal(last("s7").jobs, [JOB]);
  last("s7").say({ type: "loaded" });
  last("s7").say(DONE);
  // First that it has no place, and then that it has loaded.
  assert.equal(many[7]?.heard, ["loaded", "loaded", "completed"]);
  a.run(JOB);
  assert.equal(alive(), ["s7", "a"]);
  assert.equal([a.heard, b.heard], [["loaded"], ["loaded"]]);
  assert.is(threads.length, 4);
});

test("createWorkerRoom has a job wait while all workers have one, in order of arrival", () => {
  const { stage, alive, last } = roomOf(1);
  const [a, b, c] = [stage("a"), stage("b"), stage("c")];
  a.run(JOB);
  b.run(JOB);
  c.run(JOB);
  assert.equal(alive(), ["a"]);
  last("a").say({ type: "loaded" });
  assert.equal(alive(), ["a"]);
  last("a").say(DONE);
  assert.equal(alive(), ["b"]);
  last("b").say({ type: "crashed", text: "out of memory" });
  last("b").ended = "crash";
  assert.equal(alive(), ["c"]);
  assert.is(b.heard.at(-1), "crashed");
});

test("createWorkerRoom takes the place of a service with state last, and says that it has crashed", () => {
  const { stage, last, evicted, alive } = roomOf(2);
  const [kept, plain] = [stage("kept", true), stage("plain")];
  last("kept").say({ type: "loaded" });
  last("plain").say({ type: "loaded" });
  const other = stage("other", true);
  other.run(JOB);
  assert.equal(evicted, ["plain"]);
  last("other").say({ type: "loaded" });
  plain.run(JOB);
  assert.equal(evicted, ["plain", "kept"]);
  assert.equal(kept.heard, ["loaded", "crashed"]);
  kept.run(JOB);
  assert.equal(alive(), ["other", "plain"], "one that has crashed runs nothing");
});

test("createWorkerRoom gives the place of a worker that was stopped or killed to who waits", () => {
  for (const how of ["stop", "kill"] as const) {
    const { stage, last, alive } = roomOf(1);
    const [a, b, c] = [stage("a"), stage("b"), stage("c")];
    a.run(JOB);
    b.run(JOB);
    c.run(JOB);
    b[how]();
    a[how]();
    assert.is(last("a").ended, how);
    assert.equal(alive(), ["c"]);
    last("a").say(DONE);
    assert.equal(a.heard, [], "no event follows");
  }
});

test("createWorkerRoom has few workers load at a time, and the next ones as soon as one has, cannot, or is given up", () => {
  const { stage, last, alive } = roomOf(48, 2);
  const stages = Array.from({ length: 48 }, (_, n) => stage(`s${n}`));
  assert.equal(alive(), ["s0", "s1"]);
  last("s0").say({ type: "loaded" });
  assert.equal(alive(), ["s0", "s1", "s2"]);
  last("s1").say({ type: "loadFailed", code: "service-failed", text: "no", permanent: false });
  assert.is(last("s3").name, "s3");
  stages[2]?.kill();
  assert.is(last("s4").name, "s4");
  assert.equal(stages[40]?.heard, [], "it has not loaded");
  for (let n = 3; n < 48; n += 1) last(`s${n}`).say({ type: "loaded" });
  assert.equal(stages[40]?.heard, ["loaded"]);
});

test("createWorkerRoom has the stages of all nodes load in turn, whoever has most of them, and those without a job too", () => {
  const { stage, last, threads } = roomOf(200, 1);
  stage("first");
  const greedy = Array.from({ length: 100 }, (_, n) => stage(`greedy-${n}`));
  for (const worker of greedy) worker.run(JOB, "rogue");
  const honest = [stage("honest-0"), stage("honest-1")];
  honest[0]?.run(JOB, "edge-1");
  stage("new");
  for (const name of ["first", "greedy-0", "honest-1", "honest-0", "greedy-1"]) {
    assert.is(threads.at(-1)?.name, name);
    last(name).say({ type: "loaded" });
  }
  assert.is(threads.at(-1)?.name, "new");
});

test("createWorkerRoom has loads that hang keep nobody from loading for long, and each node hang one", () => {
  const { clock, stage, last, threads } = roomOf(200, 2);
  stage("without-job");
  for (let n = 0; n < 50; n += 1) {
    stage(`hung-${n}`).run(JOB, "rogue");
    stage(`odd-${n}`).run(JOB, "rogue-2");
  }
  stage("honest-0").run(JOB, "edge-1");
  clock.advance(4_999);
  assert.is(threads.length, 2, "as many as load at a time");
  // Those without a job, and then one of each of the others.
  clock.advance(5_001);
  for (let n = 0; n < 20; n += 1) {
    if (n > 0) stage(`honest-${n}`).run(JOB, "edge-1");
    assert.ok(
      threads.some(({ name }) => name === `honest-${n}`),
      `honest-${n} waits for one that hangs`,
    );
    last(`honest-${n}`).say({ type: "loaded" });
    clock.advance(10_000);
  }
  const others = threads.map(({ name }) => name).filter((name) => !name.startsWith("honest"));
  assert.equal(others.sort(), ["hung-0", "hung-1", "odd-0", "without-job"]);
  last("hung-1").say({ type: "loadFailed", code: "service-failed", text: "no", permanent: false });
  assert.ok(
    threads.some(({ name }) => name === "hung-2"),
    "it may try again",
  );
});

test("createWorkerRoom takes a place from the node that has most workers, and from nobody else", () => {
  const { stage, last, evicted } = roomOf(4);
  const honest = stage("honest");
  const greedy = [0, 1, 2].map((n) => stage(`greedy-${n}`, true));
  honest.run(JOB, "edge-1");
  last("honest").say(DONE);
  for (const [n, worker] of greedy.entries()) {
    worker.run(JOB, "rogue");
    last(`greedy-${n}`).say(DONE);
  }
  stage("greedy-3").run(JOB, "rogue");
  assert.equal(evicted, ["greedy-0"], "the honest one has been idle longer, and has no state");
});

test("createWorkerRoom says of who still waits to load that it has, once the room is full", async () => {
  const { stage, last, alive } = roomOf(2, 1);
  const [a, b, c] = [stage("a"), stage("b"), stage("c")];
  last("a").say({ type: "loaded" });
  last("b").say({ type: "loaded" });
  await Promise.resolve();
  assert.equal([a.heard, b.heard, c.heard], [["loaded"], ["loaded"], ["loaded"]]);
  assert.equal(alive(), ["a", "b"]);
  c.run(JOB);
  assert.equal(alive(), ["b", "c"]);
});

test.run();
