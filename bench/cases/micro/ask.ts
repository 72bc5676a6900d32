/** Asks from outside, one at a time, of an actor that answers at once. */

import { query } from "nact";
import type { ActorRef } from "../../../src/index.js";
import type { BenchCase, OpenSubject } from "../../harness/case.js";
import { check, dispatch, freshName, NACT, nactSpawn, openNact, openSluice, OURS } from "./systems.js";

interface Question {
  readonly n: number;
  readonly replyTo: ActorRef<number>;
}

/** Asks between two looks at the clock that ends the round. */
const BATCH = 1_000;

export const ask: BenchCase = {
  name: "micro/ask",
  kind: "latency",
  operation: "asks",
  measures: "Asks from outside, one at a time, of an actor that answers at once, each with a timeout.",
  excludes: "several at a time, other nodes",
  goals: [{ statistic: "p50", atMost: 0.000_7 }],
  subjects: [
    { name: OURS, open: () => Promise.resolve(sluice()) },
    { name: NACT, open: () => Promise.resolve(nact()) },
  ],
};

function sluice(): OpenSubject {
  const { system, close } = openSluice();
  const echo = system.spawn<null, Question>(
    {
      start: () => null,
      receive(state, { n, replyTo }) {
        replyTo.tell(n);
        return state;
      },
    },
    { name: "echo" },
  );
  return asking(
    (n) => system.ask<Question, number>(echo, (replyTo) => ({ n, replyTo }), { timeoutMs: 10_000 }),
    close,
  );
}

function nact(): OpenSubject {
  const { nact: root, close } = openNact();
  const receive = (
    _state: unknown,
    { n, replyTo }: { readonly n: number; readonly replyTo: object },
  ): null => {
    dispatch(replyTo, n);
    return null;
  };
  const echo = nactSpawn(root, receive, freshName());
  return asking((n) => query(echo, (replyTo: object) => ({ n, replyTo }), 10_000) as Promise<number>, close);
}

function asking(askOnce: (n: number) => Promise<number>, close: OpenSubject["close"]): OpenSubject {
  return {
    async run(round) {
      while (!round.over) {
        for (let n = 0; n < BATCH; n += 1) {
          const startedMs = performance.now();
          const reply = await askOnce(n);
          round.took(performance.now() - startedMs);
          check(reply, n);
        }
      }
    },
    close,
  };
}
