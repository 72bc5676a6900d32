/**
 * Counts what a task and a message cost, without a clock, and prints it as JSON: the same figures on every machine.
 *
 * Of tasks, in a simulated cluster of a hub and an edge without faults. Of messages, allocations: by Node without its compilers
 * (`MEASURE_FLAGS`), so that an allocation is none of the optimizer's decisions, and with room for young objects, so that no garbage
 * collection comes between.
 */

import { getHeapStatistics } from "node:v8";
import { createActorSystem, silentLogger, type ActorRef, type Behaviour } from "../../src/index.js";
import { eventLoop } from "../../src/runtime/executor.js";
import { simulate } from "../../src/simulation/simulation.js";
import { createMemoryNetwork } from "../../src/transport/carriers/memory.js";
import { startHub } from "../../src/transport/cluster/hub.js";
import { joinCluster } from "../../src/transport/cluster/joiner.js";
import type { Costs } from "./costs.js";

const TELLS = 5_000;
const SMALL = 200;
const FRAMES = 40;
const FRAME_BYTES = 100_000;
const ROUNDS = 9;

type Sent = number | { readonly type: "small"; readonly n: number } | { readonly data: Uint8Array };

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Messages, frames and bytes between nodes, and turns of timers and mailboxes, of each task from its source to its record. */
async function costsOfTask(): Promise<Pick<Costs, "messages" | "frames" | "wireBytes" | "wakes">> {
  const run = await simulate({ seed: 1, faults: [], edges: 1, faultyMs: 10_000, keepHistory: true });
  if (run.findings.length > 0 || run.results < 100)
    throw new Error(`The run is none: ${run.findings.join()}`);
  const sent = run.lines.flatMap((line) => {
    const [, bytes] = /^\S+ \S+ -> \S+ (\d+)$/.exec(line) ?? [];
    return bytes === undefined ? [] : [Number(bytes)];
  });
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const each = (total: number): number => total / run.results;
  return {
    messages: each(sum(Object.values(run.coverage.messages))),
    frames: each(sent.length),
    wireBytes: each(sum(sent)),
    wakes: each(run.steps),
  };
}

/** Counts what it is told. Nothing polls it: how often would be the machine's, and each turn of a loop allocates. */
function counter(): {
  readonly behaviour: Behaviour<null, Sent>;
  readonly until: (count: number) => Promise<void>;
} {
  let seen = 0;
  let wanted = Infinity;
  let done = (): void => {};
  return {
    behaviour: {
      start: () => null,
      receive(state) {
        seen += 1;
        if (seen === wanted) done();
        return state;
      },
    },
    until: async (count) => {
      if (seen < count) {
        await new Promise<void>((resolve) => {
          wanted = count;
          done = resolve;
        });
      }
      if (seen !== count) throw new Error(`${seen} messages came of ${count}`);
      seen = 0;
      wanted = Infinity;
    },
  };
}

interface Allocated {
  readonly heapBytes: number;
  readonly bufferBytes: number;
}

/** The least of several rounds: what comes with one of them, such as a table that grows, is not the message's. */
async function allocatedBy(count: number, work: () => Promise<void>): Promise<Allocated> {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error("It needs --expose-gc");
  const rounds: Allocated[] = [];
  await work();
  for (let round = 0; round < ROUNDS; round += 1) {
    // Buffers are given back by a thread of their own, after the collection that has found them.
    for (let time = 0; time < 3; time += 1) {
      gc();
      await turn();
    }
    const [heapBefore, before] = [getHeapStatistics().used_heap_size, process.memoryUsage().arrayBuffers];
    await work();
    const [heapAfter, after] = [getHeapStatistics().used_heap_size, process.memoryUsage().arrayBuffers];
    rounds.push({ heapBytes: (heapAfter - heapBefore) / count, bufferBytes: (after - before) / count });
  }
  return {
    heapBytes: Math.min(...rounds.map(({ heapBytes }) => heapBytes)),
    bufferBytes: rounds.map(({ bufferBytes }) => bufferBytes).sort((a, b) => a - b)[ROUNDS >> 1] ?? 0,
  };
}

async function costsOfTell(): Promise<Pick<Costs, "tellHeapBytes">> {
  const system = createActorSystem({ name: "one", log: silentLogger });
  const { behaviour, until } = counter();
  const ref: ActorRef<Sent> = system.spawn(behaviour, { name: "counter", mailbox: { capacity: TELLS } });
  const { heapBytes } = await allocatedBy(TELLS, async () => {
    for (let n = 0; n < TELLS; n += 1) ref.tell(n);
    await until(TELLS);
  });
  await system.terminate();
  return { tellHeapBytes: heapBytes };
}

async function costsOfMessages(): Promise<
  Pick<Costs, "messageHeapBytes" | "frameHeapBytes" | "frameBufferBytes">
> {
  const carrier = createMemoryNetwork({ executor: eventLoop });
  const hub = createActorSystem({ name: "hub", log: silentLogger });
  const edge = createActorSystem({ name: "edge-1", log: silentLogger });
  const listening = await startHub(hub, { carrier, listen: { url: "memory://hub" }, authority: null });
  const joined = await joinCluster(edge, { carrier, connect: { url: "memory://hub" }, token: null });
  const { behaviour, until } = counter();
  hub.spawn(behaviour, { name: "counter", mailbox: { capacity: SMALL } });
  const ref = edge.resolve<Sent>("sluice://hub/counter");
  const send = async (count: number, message: (n: number) => Sent): Promise<void> => {
    // A few at a time, as a link has room for.
    for (let n = 0; n < count; n += 20) {
      for (let next = n; next < n + 20; next += 1) ref.tell(message(next));
      await until(20);
    }
  };
  const data = new Uint8Array(FRAME_BYTES);
  const small = await allocatedBy(SMALL, () => send(SMALL, (n) => ({ type: "small", n })));
  const frames = await allocatedBy(FRAMES, () => send(FRAMES, () => ({ data })));
  await joined.leave();
  await listening.leave();
  await edge.terminate();
  await hub.terminate();
  return {
    messageHeapBytes: small.heapBytes,
    frameHeapBytes: frames.heapBytes,
    frameBufferBytes: frames.bufferBytes,
  };
}

// `tasks` and `messages` are what may be asked for; both where nothing is.
const asked = process.argv.slice(2);
const wants = (part: string): boolean => asked.length === 0 || asked.includes(part);
const costs: Partial<Costs> = {
  ...(wants("tasks") && (await costsOfTask())),
  ...(wants("messages") && { ...(await costsOfTell()), ...(await costsOfMessages()) }),
};
console.log(JSON.stringify(costs));
