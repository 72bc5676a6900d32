/** A ring of actors that hand a number on, and one that hands it to all of them. */

import type { ActorRef, Behaviour } from "../../../src/index.js";
import type { BenchCase, OpenSubject } from "../../harness/case.js";
import {
  check,
  createGate,
  dispatch,
  freshName,
  macrotask,
  NACT,
  nactSpawn,
  openNact,
  openSluice,
  OURS,
} from "./systems.js";

const ACTORS = 1_000;
const LAPS = 100;
const ROUNDS_OF_FAN_OUT = 100;

export const ring: BenchCase = {
  name: "micro/ring",
  kind: "rate",
  operation: "passes",
  measures: `A ball that goes ${LAPS} times round a ring of ${ACTORS} actors: one message under way at a time.`,
  excludes: "several balls, other nodes",
  subjects: [
    { name: OURS, open: () => Promise.resolve(sluiceRing()) },
    { name: NACT, open: () => Promise.resolve(nactRing()) },
  ],
};

export const fanOut: BenchCase = {
  name: "micro/fan-out",
  kind: "rate",
  operation: "tells",
  measures: `One actor tells each of ${ACTORS} others, ${ROUNDS_OF_FAN_OUT} times, and each tells it back.`,
  excludes: "work in the behaviours, other nodes",
  subjects: [
    { name: OURS, open: () => Promise.resolve(sluiceFanOut()) },
    { name: NACT, open: () => Promise.resolve(nactFanOut()) },
  ],
};

function sluiceRing(): OpenSubject {
  const { system, close } = openSluice();
  let done = createGate<number>();
  const refs: ActorRef<number>[] = [];
  for (let at = 0; at < ACTORS; at += 1) {
    const player: Behaviour<null, number> = {
      start: () => null,
      receive(state, passes) {
        if (passes === ACTORS * LAPS) done.open(passes);
        else refs[(at + 1) % ACTORS]?.tell(passes + 1);
        return state;
      },
    };
    refs.push(system.spawn(player, { name: freshName() }));
  }
  return {
    async run(round) {
      done = createGate<number>();
      await macrotask();
      const startedMs = performance.now();
      refs[0]?.tell(0);
      check(await done.opened, ACTORS * LAPS);
      round.did(ACTORS * LAPS, performance.now() - startedMs);
    },
    close,
  };
}

function nactRing(): OpenSubject {
  const { nact, close } = openNact();
  let done = createGate<number>();
  const refs: object[] = [];
  for (let at = 0; at < ACTORS; at += 1) {
    const receive = (_state: unknown, passes: number): null => {
      if (passes === ACTORS * LAPS) done.open(passes);
      else dispatch(refs[(at + 1) % ACTORS] ?? nact, passes + 1);
      return null;
    };
    refs.push(nactSpawn(nact, receive, freshName()));
  }
  return {
    async run(round) {
      done = createGate<number>();
      const startedMs = performance.now();
      dispatch(refs[0] ?? nact, 0);
      check(await done.opened, ACTORS * LAPS);
      round.did(ACTORS * LAPS, performance.now() - startedMs);
    },
    close,
  };
}

const TELLS = 2 * ACTORS * ROUNDS_OF_FAN_OUT;

function sluiceFanOut(): OpenSubject {
  const { system, close } = openSluice();
  let done = createGate<number>();
  const refs: ActorRef<number>[] = [];
  const centre: ActorRef<number> = system.spawn<number, number>(
    {
      start: () => 0,
      receive(answers, message) {
        if (message === START) {
          for (const ref of refs) ref.tell(1);
          return 0;
        }
        return answerOf(answers + 1);
      },
    },
    { name: freshName(), mailbox: { capacity: 2 * ACTORS } },
  );
  const answerOf = (answers: number): number => {
    if (answers % ACTORS !== 0) return answers;
    if (answers === ACTORS * ROUNDS_OF_FAN_OUT) done.open(2 * answers);
    else for (const ref of refs) ref.tell(1);
    return answers;
  };
  const answering: Behaviour<null, number> = {
    start: () => null,
    receive(state, message) {
      centre.tell(message);
      return state;
    },
  };
  for (let at = 0; at < ACTORS; at += 1) refs.push(system.spawn(answering, { name: freshName() }));
  return fanningOut(() => {
    done = createGate<number>();
    centre.tell(START);
    return done.opened;
  }, close);
}

function nactFanOut(): OpenSubject {
  const { nact, close } = openNact();
  let done = createGate<number>();
  const refs: object[] = [];
  const receive = (answers: number | undefined, message: number): number => {
    const answered = message === START ? 0 : (answers ?? 0) + 1;
    if (answered === ACTORS * ROUNDS_OF_FAN_OUT) done.open(2 * answered);
    else if (answered % ACTORS === 0) for (const ref of refs) dispatch(ref, 1);
    return answered;
  };
  const centre = nactSpawn(nact, receive, freshName());
  const answer = (_state: unknown, message: number): null => {
    dispatch(centre, message);
    return null;
  };
  for (let at = 0; at < ACTORS; at += 1) refs.push(nactSpawn(nact, answer, freshName()));
  return fanningOut(() => {
    done = createGate<number>();
    dispatch(centre, START);
    return done.opened;
  }, close);
}

const START = 0;

function fanningOut(once: () => Promise<number>, close: OpenSubject["close"]): OpenSubject {
  return {
    async run(round) {
      await macrotask();
      const startedMs = performance.now();
      check(await once(), TELLS);
      round.did(TELLS, performance.now() - startedMs);
    },
    close,
  };
}
