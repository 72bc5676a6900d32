/** A distributor over a scripted store, and what a test does to it. */

import { createDistributor } from "../../../src/actors/distributor/distributor.js";
import { createDistributorRetained, type DistributorOptions } from "../../../src/actors/distributor/state.js";
import { MemoryStore } from "../../../src/storage/results/memory-store.js";
import { SluiceError } from "../../../src/task/errors.js";
import type { GeneratorMessage } from "../../../src/actors/protocol/generator.js";
import type { SubscriptionEvent, TotalsReported } from "../../../src/actors/protocol/distributor.js";
import type { SchedulerMessage } from "../../../src/actors/protocol/scheduler.js";
import { parseNodeName } from "../../../src/task/identity.js";
import { fold } from "../../support/fold.js";
import { createProbe, type Probe } from "../../support/probe.js";
import { scriptedStore, type ScriptedStore } from "../../support/scripted-store.js";
import { finishedTask, ORIGIN } from "../../support/tasks.js";
import { CREDULOUS } from "../../support/vouchers.js";

/** A failure that may pass. */
export const FULL = new SluiceError("Cannot write as the disk is full", {
  code: "store-full",
  retry: "backoff",
});

/** A distributor, with probes for a generator and the scheduler. */
export function setUp(options: Partial<DistributorOptions> = {}, memory = new MemoryStore()) {
  const scripted = scriptedStore(memory);
  const scheduler = createProbe<SchedulerMessage>("sluice://cloud/scheduler");
  const origin = createProbe<never>(ORIGIN);
  const generator = origin as unknown as Probe<GeneratorMessage>; // a probe does not check what it receives
  const actor = fold(
    createDistributor(
      { node: parseNodeName("cloud"), store: scripted.store, vouchers: CREDULOUS, scheduler, ...options },
      createDistributorRetained(options),
    ),
    { resolve: { [ORIGIN]: origin } },
  );
  const totals = (): TotalsReported => {
    const replyTo = createProbe<TotalsReported>();
    actor.tell({ type: "reportTotals", replyTo });
    return replyTo.only("totalsReported");
  };
  const store = (sequence: number) => actor.tell({ type: "store", task: finishedTask({ sequence }) });
  /** Stores a task and lets its batch become durable. */
  const storeDurably = async (...sequences: number[]) => {
    for (const sequence of sequences) store(sequence);
    await runAppends();
  };
  const runAppends = async () => {
    for (;;) {
      actor.advance(10);
      const append = scripted.appends.shift();
      if (append === undefined) return;
      await append.run();
    }
  };
  const subscribe = (fromPosition: number, demand: number, name = "viewer", node = "cloud") => {
    const subscriber = createProbe<SubscriptionEvent>(`sluice://${node}/${name}`);
    actor.tell({ type: "subscribe", subscriber, fromPosition, demand });
    return subscriber;
  };
  const driven = { actor, scheduler, generator, totals, store, storeDurably, runAppends, subscribe };
  const answers: Omit<ScriptedStore, "store"> = scripted;
  return Object.assign({}, answers, driven);
}

/** Of the records that a subscriber was pushed. */
export const positionsOf = (subscriber: Probe<SubscriptionEvent>) =>
  subscriber.all("record").map(({ record }) => record.position);
