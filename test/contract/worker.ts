/** What every worker of a processor does, whatever is behind its port: run `workerContract` on each kind, then `test.run()`. */

import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type {
  Job,
  StartWorker,
  WorkerEvent,
  WorkerSpec,
  WorkerThread,
} from "../../src/actors/processor/worker-port.js";
import { within } from "../support/within.js";

/** What becomes of a job. */
export type JobEnd = "complete" | "fail" | "crash";

export interface WorkerSubject {
  readonly startWorker: StartWorker;
  /** Of a service that loads. */
  readonly spec: WorkerSpec;
  /** Of one that does not; null where every service loads. */
  readonly unloadable: WorkerSpec | null;
  /** Whether a job may be given before the service has loaded. */
  readonly takesEarlyJobs: boolean;
  /** The next job to be given, which ends so. */
  readonly job: (end: JobEnd, sequence: number) => Job;
  /** Lets some time pass. */
  readonly pass: () => Promise<void>;
  /** Lets so much time pass that whatever a worker still does has ended. */
  readonly rest: () => Promise<void>;
  /** Of a service that knows at its close whether its job had ended; null where a worker has no service to close. */
  readonly closing: {
    readonly spec: WorkerSpec;
    readonly job: Job;
    /** Null until it has closed. */
    readonly closedAfterJob: () => boolean | null;
  } | null;
}

interface Worker extends WorkerThread {
  /** Reported and not yet taken. */
  readonly events: WorkerEvent[];
  next(): Promise<WorkerEvent>;
}

export function workerContract(name: string, subject: WorkerSubject): void {
  const { spec, unloadable, closing, job } = subject;

  test(`${name}: loads, and then gives one result for each job, in order`, async () => {
    const worker = start(subject);
    assert.equal(await worker.next(), { type: "loaded" });
    for (let sequence = 0; sequence < 4; sequence += 1) {
      const given = { ...job("complete", sequence), frameCount: sequence + 1 };
      worker.run(given);
      const event = await worker.next();
      const result = event.type === "completed" ? event.result : null;
      assert.equal(
        [event.type, result?.type, result?.frames.length],
        ["completed", spec.output, sequence + 1],
      );
      await subject.pass();
    }
    worker.kill();
    await subject.rest();
    assert.equal(worker.events, []);
  });

  test(`${name}: fails a job whose service throws, and runs the next`, async () => {
    const worker = start(subject);
    await worker.next();
    worker.run(job("fail", 0));
    assert.is((await worker.next()).type, "failed");
    worker.run(job("complete", 1));
    assert.is((await worker.next()).type, "completed");
    worker.kill();
  });

  test(`${name}: says once that it has ended in a job, and nothing after`, async () => {
    const worker = start(subject);
    await worker.next();
    worker.run(job("crash", 0));
    assert.is((await worker.next()).type, "crashed");
    await subject.rest();
    worker.stop();
    worker.kill();
    await subject.rest();
    assert.equal(worker.events, []);
  });

  for (const how of ["kill", "stop"] as const) {
    test(`${name}: says nothing after a ${how}, whether it loads, is idle or runs a job`, async () => {
      const loading = start(subject);
      loading[how]();
      const idle = start(subject);
      await idle.next();
      idle[how]();
      const busy = start(subject);
      await busy.next();
      busy.run(job("complete", 0));
      busy[how]();
      for (const worker of [loading, idle, busy]) worker[how]();
      await subject.rest();
      assert.equal([loading.events, idle.events, busy.events], [[], [], []]);
    });
  }

  if (subject.takesEarlyJobs) {
    test(`${name}: runs a job that it is given before it has loaded`, async () => {
      const worker = start(subject);
      worker.run(job("complete", 0));
      assert.is((await worker.next()).type, "loaded");
      assert.is((await worker.next()).type, "completed");
      worker.kill();
    });
  }

  if (unloadable !== null) {
    test(`${name}: says once that its service cannot be loaded, and nothing after`, async () => {
      const worker = start(subject, unloadable);
      const event = await worker.next();
      assert.is(event.type, "loadFailed");
      if (event.type === "loadFailed") assert.ok(event.code.length > 0 && event.text.length > 0);
      await subject.rest();
      worker.kill();
      worker.stop();
      await subject.rest();
      assert.equal(worker.events, []);
    });
  }

  if (closing !== null) {
    test(`${name}: closes its service only once the job has ended`, async () => {
      const worker = start(subject, closing.spec);
      await worker.next();
      worker.run(closing.job);
      worker.stop();
      await subject.rest();
      assert.is(closing.closedAfterJob(), true);
      assert.equal(worker.events, []);
    });
  }
}

function start({ startWorker, spec: usual, pass }: WorkerSubject, spec = usual): Worker {
  const events: WorkerEvent[] = [];
  let returned = false;
  const thread = startWorker(spec, (event) => {
    assert.ok(returned, "an event within the call that starts the worker");
    events.push(event);
  });
  returned = true;
  const wait = async (): Promise<WorkerEvent> => {
    for (;;) {
      const event = events.shift();
      if (event !== undefined) return event;
      await pass();
    }
  };
  return { ...thread, events, next: () => within(20_000, wait(), "an event of the worker") };
}
