import * as fc from "fast-check";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { taskKey } from "../../../src/task/identity.js";
import type { Task } from "../../../src/task/task.js";
import { setUp, stateful } from "./processor-subject.js";

type Subject = ReturnType<typeof setUp>;

/** What happens between arrivals, as often as it likes. */
type Event = "arrive" | "complete" | "throw" | "crash" | "load" | "wait" | "skip";

const events: fc.Arbitrary<readonly Event[]> = fc.array(
  fc.constantFrom<Event[]>(
    "arrive",
    "arrive",
    "complete",
    "complete",
    "throw",
    "crash",
    "load",
    "wait",
    "skip",
  ),
  { maxLength: 120, size: "max" },
);

interface Identity {
  readonly source: string;
  readonly incarnation: number;
  readonly sequence: number;
}

/** Tasks of 2 sources, each in sequence but for those that are late or missing or begin a new incarnation. */
const arrivals: fc.Arbitrary<readonly Identity[]> = fc
  .array(
    fc.record({
      source: fc.constantFrom("cam-1", "cam-2"),
      missing: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
      restarted: fc.integer({ min: 0, max: 19 }).map((n) => n === 0),
      late: fc.constantFrom(0, 0, 0, 1, 2, 5),
      twice: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    }),
    { maxLength: 40, size: "max" },
  )
  .map((steps) => {
    const counters = new Map<string, { incarnation: number; sequence: number }>();
    const sent: { readonly at: number; readonly identity: Identity }[] = [];
    for (const [at, { source, missing, restarted, late, twice }] of steps.entries()) {
      const counter = counters.get(source) ?? { incarnation: 0, sequence: 0 };
      counters.set(source, counter);
      if (restarted) Object.assign(counter, { incarnation: counter.incarnation + 1, sequence: 0 });
      const identity = { source, ...counter };
      counter.sequence += 1;
      if (!missing) sent.push({ at: at + late, identity });
      if (twice) sent.push({ at: at + late + 3, identity });
    }
    return sent.sort((a, b) => a.at - b.at).map(({ identity }) => identity);
  });

/** Plays a history, then lets everything end that can. Returns the tasks executed, one each. */
function play(subject: Subject, history: readonly Event[], identities: readonly Identity[]): readonly Task[] {
  const { actor, workers, task, execute, skip, controller } = subject;
  const executed = new Map<string, Task>();
  const answered = () =>
    new Set(
      controller.received.flatMap((message) =>
        message.type === "stageCompleted" || message.type === "stageDropped"
          ? [taskKey(message.task.id)]
          : [],
      ),
    );
  const queue = [...identities];
  const arrive = () => {
    const next = queue.shift();
    if (next === undefined) return;
    const { sequence, ...rest } = next;
    const arriving = task(sequence, rest);
    const key = taskKey(arriving.id);
    // One that was answered would be run again, rightly; here each is to be answered once.
    if (answered().has(key)) return;
    executed.set(key, arriving);
    execute(arriving);
  };
  for (const event of history) {
    const [worker] = workers.alive();
    if (event === "arrive") arrive();
    else if (event === "wait") actor.advance(300);
    else if (event === "skip") {
      const [missing] = queue;
      if (missing !== undefined) {
        skip(task(missing.sequence, { ...missing }));
      }
    } else if (event === "load" && worker?.status === "loading") worker.say({ type: "loaded" });
    else if (event === "complete" && worker?.status === "busy") worker.complete();
    else if (event === "throw" && worker?.status === "busy") worker.say({ type: "failed", text: "no" });
    else if (event === "crash" && worker?.status === "busy") worker.say({ type: "crashed", text: "boom" });
  }
  while (queue.length > 0) arrive();
  for (let round = 0; round < 40; round += 1) {
    actor.advance(1_000);
    for (const worker of workers.alive()) {
      if (worker.status === "loading") worker.say({ type: "loaded" });
      while (worker.status === "busy") worker.complete();
    }
  }
  return [...executed.values()];
}

const answersOf = ({ controller }: Subject) =>
  controller.received.flatMap((message) =>
    message.type === "stageCompleted" || message.type === "stageDropped" ? [taskKey(message.task.id)] : [],
  );

for (const policy of ["block", "dropOldest", "dropNewest", "latestOnly"] as const) {
  for (const service of ["stateless", "stateful"] as const) {
    test(`a ${service} stage with ${policy} answers for each task once, whatever happens`, () => {
      fc.assert(
        fc.property(events, arrivals, fc.integer({ min: 1, max: 64 }), (history, identities, capacity) => {
          const subject = setUp({
            policy,
            capacity,
            ...(service === "stateful" && { service: stateful }),
            limits: { replicas: 2 },
          });
          const executed = play(subject, history, identities).map(({ id }) => taskKey(id));
          const answers = answersOf(subject);
          assert.is(new Set(answers).size, answers.length, "no task is answered twice");
          for (const key of executed) assert.ok(answers.includes(key), `${key} has no answer`);
        }),
        { numRuns: 150 },
      );
    });
  }
}

test("a stateful stage says continued only of a task whose predecessor was the last that its worker completed", () => {
  fc.assert(
    fc.property(events, arrivals, (history, identities) => {
      const subject = setUp({ service: stateful, capacity: 64 });
      play(subject, history, identities);
      const last = new Map<string, { readonly key: string; readonly worker: number }>();
      const workerOf = new Map(
        subject.workers.all.flatMap((worker, index) =>
          // The last worker that was given a task is the one that completed it.
          worker.jobs.map(({ sourceId, incarnation, sequence }) => [
            `${sourceId}/${incarnation}/${sequence}`,
            index,
          ]),
        ),
      );
      for (const { task, result } of subject.controller.all("stageCompleted")) {
        const { sourceId, incarnation, sequence } = task.id;
        const worker = workerOf.get(`${sourceId}/${incarnation}/${sequence}`) ?? -1;
        const before = last.get(sourceId);
        const follows = before?.key === `${incarnation}/${sequence - 1}` && before.worker === worker;
        assert.is(result.continuity, follows ? "continued" : "restarted");
        last.set(sourceId, { key: `${incarnation}/${sequence}`, worker });
      }
    }),
    { numRuns: 300 },
  );
});

test("a stateful stage runs a source's tasks in sequence, whatever the order of arrival and the pace of its worker", () => {
  const history = fc.array(fc.constantFrom<Event[]>("arrive", "complete", "load"), {
    maxLength: 80,
    size: "max",
  });
  const order = fc.integer({ min: 1, max: 30 }).chain((count) => {
    const sequences = Array.from({ length: count }, (_, sequence) => sequence);
    return fc.shuffledSubarray(sequences, { minLength: count, maxLength: count });
  });
  fc.assert(
    fc.property(history, order, (happenings, sequences) => {
      const subject = setUp({ service: stateful, capacity: 30 });
      play(
        subject,
        happenings,
        sequences.map((sequence) => ({ source: "cam-1", incarnation: 0, sequence })),
      );
      const results = subject.controller.all("stageCompleted");
      assert.equal(
        results.map(({ task, result }) => `${task.id.sequence} ${result.continuity}`),
        sequences.map((_, sequence) => `${sequence} ${sequence === 0 ? "restarted" : "continued"}`),
      );
    }),
    { numRuns: 300 },
  );
});

test.run();
