/** Actors that come and go, and what one keeps of the heap. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Behaviour } from "../../../src/index.js";
import type { BenchCase, OpenSubject } from "../../harness/case.js";
import { dispatch, macrotask, NACT, nactSpawn, nactStop, openNact, openSluice, OURS } from "./systems.js";

const SPAWNS = 10_000;
const idle: Behaviour<null, number> = { start: () => null, receive: (state) => state };

export const spawnAndStop: BenchCase = {
  name: "micro/spawn",
  kind: "rate",
  operation: "spawns",
  measures: "Actors that are spawned and stopped, one after the other, each under the same name.",
  excludes: "children, several at a time",
  subjects: [
    {
      name: OURS,
      open() {
        const { system, close } = openSluice();
        const once = (): Promise<void> => system.stop(system.spawn(idle, { name: "brief" }));
        return Promise.resolve(spawning(once, close));
      },
    },
    {
      name: NACT,
      open() {
        const { nact, close } = openNact();
        return Promise.resolve(spawning(() => nactStop(nactSpawn(nact, () => null, "brief")), close));
      },
    },
  ],
};

export const heapOfActor: BenchCase = {
  name: "micro/heap-of-an-actor",
  kind: "amount",
  operation: "bytes",
  measures: `Heap of an idle actor that had one message, of ${SPAWNS}, its name included, after a collection.`,
  excludes: "its children, its state",
  goals: [{ statistic: "value", atMost: 1_000 }],
  subjects: [
    {
      name: OURS,
      open() {
        const { system, close } = openSluice();
        const keep = async () => {
          const refs = Array.from({ length: SPAWNS }, (_, n) => system.spawn(idle, { name: `idle-${n}` }));
          for (const ref of refs) ref.tell(1);
          return () => Promise.all(refs.map((ref) => system.stop(ref)));
        };
        return Promise.resolve(weighing(keep, close));
      },
    },
    {
      name: NACT,
      open() {
        const { nact, close } = openNact();
        const keep = async () => {
          const refs = Array.from({ length: SPAWNS }, (_, n) => nactSpawn(nact, () => null, `idle-${n}`));
          for (const ref of refs) dispatch(ref, 1);
          return () => refs.forEach((ref) => nactStop(ref));
        };
        return Promise.resolve(weighing(keep, close));
      },
    },
  ],
};

function spawning(once: () => unknown, close: OpenSubject["close"]): OpenSubject {
  return {
    async run(round) {
      const startedMs = performance.now();
      for (let n = 0; n < SPAWNS; n += 1) await once();
      await macrotask();
      round.did(SPAWNS, performance.now() - startedMs);
    },
    close,
  };
}

/** @param keep makes the actors and lets them have a message; what it resolves with stops them */
function weighing(keep: () => Promise<() => unknown>, close: OpenSubject["close"]): OpenSubject {
  return {
    async run(round) {
      const beforeBytes = await heapBytes();
      const release = await keep();
      round.amounts(((await heapBytes()) - beforeBytes) / SPAWNS);
      await release();
    },
    close,
  };
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

async function heapBytes(): Promise<number> {
  for (let n = 0; n < 20; n += 1) await macrotask();
  for (let n = 0; n < 4; n += 1) {
    collect();
    await macrotask();
  }
  return process.memoryUsage().heapUsed;
}
