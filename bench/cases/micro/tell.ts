/** Tells from outside to one actor, until it has received the last; alone, and as the parent of 1,000 idle children. */

import type { Behaviour } from "../../../src/index.js";
import type { BenchCase, OpenSubject, Round } from "../../harness/case.js";
import {
  check,
  createGate,
  dispatch,
  freshName,
  macrotask,
  NACT,
  nactSpawn,
  nactStop,
  openNact,
  openSluice,
  OURS,
} from "./systems.js";

const MESSAGES = 200_000;
/** nact copies its list of children for each message. */
const NACT_MESSAGES_TO_PARENT = 2_000;
const idle: Behaviour<null, number> = { start: () => null, receive: (state) => state };

export const tell: BenchCase = {
  name: "micro/tell",
  kind: "rate",
  operation: "tells",
  measures: "Tells of a number from outside to one actor that counts them, until it has received all.",
  excludes: "work in the behaviour, larger messages, other nodes",
  goals: [{ statistic: "value", atLeast: 25e6 }],
  subjects: [
    { name: OURS, open: () => Promise.resolve(sluice(0)) },
    { name: NACT, open: () => Promise.resolve(nact(0, MESSAGES)) },
  ],
};

export const tellToParent: BenchCase = {
  name: "micro/tell-to-parent",
  kind: "rate",
  operation: "tells",
  measures: "The same to an actor with 1,000 idle children.",
  excludes: "as of micro/tell",
  goals: [{ statistic: "value", atLeast: 25e6 }],
  subjects: [
    { name: OURS, open: () => Promise.resolve(sluice(1_000)) },
    { name: NACT, open: () => Promise.resolve(nact(1_000, NACT_MESSAGES_TO_PARENT)) },
  ],
};

function sluice(children: number): OpenSubject {
  const { system, close } = openSluice();
  return {
    async run(round: Round) {
      const done = createGate<number>();
      const counter: Behaviour<number, number> = {
        start(ctx) {
          for (let n = 0; n < children; n += 1) ctx.spawn(idle, { name: `child-${n}` });
          return 0;
        },
        receive(sum, message) {
          if (message === MESSAGES) done.open(sum + 1);
          return sum + 1;
        },
      };
      const ref = system.spawn(counter, { name: freshName(), mailbox: { capacity: MESSAGES } });
      await macrotask();
      const startedMs = performance.now();
      for (let n = 1; n <= MESSAGES; n += 1) ref.tell(n);
      check(await done.opened, MESSAGES);
      round.did(MESSAGES, performance.now() - startedMs);
      await system.stop(ref);
    },
    close,
  };
}

function nact(children: number, messages: number): OpenSubject {
  const { nact: root, close } = openNact();
  return {
    async run(round: Round) {
      const done = createGate<number>();
      const receive = (sum: number | undefined, message: number): number => {
        if (message === messages) done.open((sum ?? 0) + 1);
        return (sum ?? 0) + 1;
      };
      const ref = nactSpawn(root, receive, freshName());
      const below = Array.from({ length: children }, (_, n) => nactSpawn(ref, () => null, `child-${n}`));
      const startedMs = performance.now();
      for (let n = 1; n <= messages; n += 1) dispatch(ref, n);
      check(await done.opened, messages);
      round.did(messages, performance.now() - startedMs);
      for (const child of below) nactStop(child);
      nactStop(ref);
    },
    close,
  };
}
