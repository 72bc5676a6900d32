/**
 * Actors of one node through the public API, beside bare nact in the same process and run.
 *
 * Measured: a flood of tells from outside to one actor until the last is handled; two actors that pass a ball; asks, one
 * at a time, from outside until the reply is there; floods to a parent of idle children; spawn and stop; heap.
 * Not measured: work inside a behaviour, messages of any size (numbers and small objects here), other nodes, the pauses
 * of a full garbage collection (the tails hold them). The first row of each pair is the baseline: bare nact.
 *
 * Usage: `node dist/bench/micro/actors.js`
 */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { dispatch, query, spawn as nactSpawn, start, stop as nactStop } from "nact";
import { createActorSystem, silentLogger, type ActorRef, type Behaviour } from "../../src/index.js";
import { report, rounded, type Row } from "../report.js";

const FLOOD_MESSAGES = 200_000;
const BALL_PASSES = 200_000;
const ASKS = 50_000;
const CHILDREN = [0, 10, 100, 1_000];
const SPAWNS = 10_000;
const ROUNDS = 7;
const WARM_UPS = 2;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const system = createActorSystem({ name: "bench", log: silentLogger });
const nact = start();
let names = 0;
const freshName = (): string => `actor-${++names}`;
const idle: Behaviour<null, number> = { start: () => null, receive: (state) => state };
const rows: Record<string, Row> = {};

await benchFlood();
await benchPingPong();
await benchAsk();
await benchChildren();
await benchSpawnStop();
await benchMemory();
report(
  `Actors of one node; medians of ${ROUNDS} rounds after ${WARM_UPS}, asks of ${3 * ASKS} samples`,
  rows,
);
await system.terminate();
nactStop(nact);

async function benchFlood(): Promise<void> {
  const theirs = await rounds(() => floodNact(0));
  const ours = await rounds(() => floodSluice(0));
  add(`tell flood of ${FLOOD_MESSAGES}, M/s`, millions(theirs), millions(ours), ">= 5");
}

async function benchChildren(): Promise<void> {
  for (const count of CHILDREN) {
    const theirs = await rounds(() => floodNact(count, count >= 1_000 ? 5_000 : 50_000), 3);
    const ours = await rounds(() => floodSluice(count));
    add(`tell flood to a parent of ${count}, M/s`, millions(theirs), millions(ours), "as with 0");
  }
}

async function floodSluice(children: number): Promise<number> {
  const done = gate();
  const counter: Behaviour<number, number> = {
    start(ctx) {
      for (let n = 0; n < children; n++) ctx.spawn(idle, { name: `child-${n}` });
      return 0;
    },
    receive(sum, message) {
      const next = sum + 1;
      if (message === FLOOD_MESSAGES) done.open(next);
      return next;
    },
  };
  const ref = system.spawn(counter, { name: freshName(), mailbox: { capacity: FLOOD_MESSAGES } });
  await macrotask();
  const startedMs = performance.now();
  for (let n = 1; n <= FLOOD_MESSAGES; n++) ref.tell(n);
  check(await done.opened, FLOOD_MESSAGES);
  const perSecond = (FLOOD_MESSAGES / (performance.now() - startedMs)) * 1_000;
  await system.stop(ref);
  return perSecond;
}

async function floodNact(children: number, messages = FLOOD_MESSAGES): Promise<number> {
  const done = gate();
  const ref = nactSpawn(
    nact,
    (sum: number | undefined, message: number) => {
      const next = (sum ?? 0) + 1;
      if (message === messages) done.open(next);
      return next;
    },
    freshName(),
  );
  const below = Array.from({ length: children }, (_, n) => nactSpawn(ref, () => null, `child-${n}`));
  const startedMs = performance.now();
  for (let n = 1; n <= messages; n++) dispatch(ref, n);
  check(await done.opened, messages);
  const perSecond = (messages / (performance.now() - startedMs)) * 1_000;
  for (const child of below) nactStop(child);
  nactStop(ref);
  return perSecond;
}

async function benchPingPong(): Promise<void> {
  const theirs = await rounds(pingPongNact);
  const ours = await rounds(pingPongSluice);
  add(`ping-pong of ${BALL_PASSES} passes, M/s`, millions(theirs), millions(ours));
}

interface Ball {
  readonly passes: number;
  readonly from: ActorRef<Ball>;
  readonly to: ActorRef<Ball>;
}

async function pingPongSluice(): Promise<number> {
  const done = gate();
  const player: Behaviour<null, Ball> = {
    start: () => null,
    receive(state, { passes, from, to }) {
      if (passes === BALL_PASSES) done.open(passes);
      else from.tell({ passes: passes + 1, from: to, to: from });
      return state;
    },
  };
  const a = system.spawn(player, { name: freshName() });
  const b = system.spawn(player, { name: freshName() });
  await macrotask();
  const startedMs = performance.now();
  a.tell({ passes: 0, from: b, to: a });
  check(await done.opened, BALL_PASSES);
  const perSecond = (BALL_PASSES / (performance.now() - startedMs)) * 1_000;
  await Promise.all([system.stop(a), system.stop(b)]);
  return perSecond;
}

async function pingPongNact(): Promise<number> {
  const done = gate();
  interface NactBall {
    readonly passes: number;
    readonly from: object;
    readonly to: object;
  }
  const player = (_state: unknown, { passes, from, to }: NactBall): null => {
    if (passes === BALL_PASSES) done.open(passes);
    else dispatch(from, { passes: passes + 1, from: to, to: from });
    return null;
  };
  const [a, b] = [nactSpawn(nact, player, freshName()), nactSpawn(nact, player, freshName())];
  const startedMs = performance.now();
  dispatch(a, { passes: 0, from: b, to: a });
  check(await done.opened, BALL_PASSES);
  const perSecond = (BALL_PASSES / (performance.now() - startedMs)) * 1_000;
  nactStop(a);
  nactStop(b);
  return perSecond;
}

async function benchAsk(): Promise<void> {
  interface Question {
    readonly n: number;
    readonly replyTo: ActorRef<number>;
  }
  const echo = system.spawn<null, Question>(
    {
      start: () => null,
      receive(state, { n, replyTo }) {
        replyTo.tell(n);
        return state;
      },
    },
    { name: freshName() },
  );
  const ours = await latencies((n) =>
    system.ask<Question, number>(echo, (replyTo) => ({ n, replyTo }), { timeoutMs: 10_000 }),
  );
  const nactEcho = nactSpawn(
    nact,
    (_state: unknown, { n, replyTo }: { readonly n: number; readonly replyTo: object }) => {
      dispatch(replyTo, n);
      return null;
    },
    freshName(),
  );
  const theirs = await latencies(
    (n) => query(nactEcho, (replyTo: object) => ({ n, replyTo }), 10_000) as Promise<number>,
  );
  for (const [share, name, goal] of [
    [0.5, "p50", "<= 1.5"],
    [0.95, "p95", ""],
    [0.99, "p99", ""],
  ] as const) {
    add(`ask ${name}, us`, 1_000 * at(theirs, share), 1_000 * at(ours, share), goal);
  }
}

/** Sorted, ms, of all rounds but the warm-ups. */
async function latencies(ask: (n: number) => Promise<number>): Promise<number[]> {
  const taken: number[] = [];
  for (let round = 0; round < WARM_UPS + 3; round++) {
    for (let n = 0; n < ASKS; n++) {
      const startedMs = performance.now();
      const reply = await ask(n);
      if (round >= WARM_UPS) taken.push(performance.now() - startedMs);
      if (reply !== n) check(reply, n);
    }
  }
  return taken.sort((a, b) => a - b);
}

async function benchSpawnStop(): Promise<void> {
  const ours = await rounds(async () => {
    const startedMs = performance.now();
    for (let n = 0; n < SPAWNS; n++) await system.stop(system.spawn(idle, { name: "brief" }));
    return (SPAWNS / (performance.now() - startedMs)) * 1_000;
  });
  const theirs = await rounds(async () => {
    const startedMs = performance.now();
    for (let n = 0; n < SPAWNS; n++) nactStop(nactSpawn(nact, () => null, "brief"));
    await macrotask();
    return (SPAWNS / (performance.now() - startedMs)) * 1_000;
  });
  add(`spawn and stop ${SPAWNS} times, M/s`, millions(theirs), millions(ours));
}

async function benchMemory(): Promise<void> {
  const theirs = await heapPerActor(
    (name) => nactSpawn(nact, () => null, name),
    (ref) => Promise.resolve(nactStop(ref)),
    (ref) => dispatch(ref, 1),
  );
  const ours = await heapPerActor(
    (name) => system.spawn(idle, { name }),
    (ref) => system.stop(ref),
    (ref) => ref.tell(1),
  );
  const memory = [
    ["heap of an actor that had no message yet, B", "<= 1000", "fresh"],
    ["heap of an idle actor that had one, B", "<= 1000", "used"],
    [`heap kept a spawn and stop, ${SPAWNS} cycles, B`, "about 0", "kept"],
  ] as const;
  for (const [what, goal, key] of memory) {
    add(what, theirs[key], ours[key], goal);
  }
}

/** Bytes of heap per actor: started, used once, and stopped. Its name, and the bench's own list, are in the figure. */
async function heapPerActor<Ref>(
  spawnOne: (name: string) => Ref,
  stopOne: (ref: Ref) => Promise<void>,
  use: (ref: Ref) => void,
) {
  const cycle = async (): Promise<{ readonly fresh: number; readonly used: number }> => {
    const beforeBytes = await heapBytes();
    const refs = Array.from({ length: SPAWNS }, (_, n) => spawnOne(`idle-${n}`));
    const freshBytes = await heapBytes();
    for (const ref of refs) use(ref);
    const usedBytes = await heapBytes();
    for (const ref of refs) await stopOne(ref);
    return { fresh: (freshBytes - beforeBytes) / SPAWNS, used: (usedBytes - beforeBytes) / SPAWNS };
  };
  await cycle();
  const beforeBytes = await heapBytes();
  const alive = await cycle();
  return { ...alive, kept: ((await heapBytes()) - beforeBytes) / SPAWNS };
}

async function heapBytes(): Promise<number> {
  for (let n = 0; n < 200; n++) await macrotask();
  for (let n = 0; n < 4; n++) {
    collect();
    await macrotask();
  }
  return process.memoryUsage().heapUsed;
}

async function rounds(run: () => Promise<number>, count = ROUNDS): Promise<number> {
  const results: number[] = [];
  for (let round = 0; round < WARM_UPS + count; round++) {
    const result = await run();
    if (round >= WARM_UPS) results.push(result);
  }
  return at(
    results.sort((a, b) => a - b),
    0.5,
  );
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function check(got: number, wanted: number): void {
  if (got !== wanted) throw new Error(`Lost messages: got ${got}, wanted ${wanted}`);
}

function macrotask(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

function gate() {
  let open: (value: number) => void = () => {};
  const opened = new Promise<number>((resolve) => (open = resolve));
  return { open, opened };
}

function millions(perSecond: number): number {
  return perSecond / 1e6;
}

function add(what: string, theirs: number, ours: number, goal = ""): void {
  rows[what] = { "nact 7.6.2": rounded(theirs), sluice: rounded(ours), goal };
}
