/** A cluster in this process with scripted sources and real worker threads, and what is asked of every run. */

import * as assert from "uvu/assert";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import type { Store } from "../../src/storage/results/store.js";
import {
  startLocalCluster,
  type LocalCluster,
  type LocalClusterOptions,
} from "../../src/node/local-cluster.js";
import type { SluiceNode } from "../../src/node/node.js";
import {
  controllerAddress,
  type ControllerMessage,
  type QueuesReported,
} from "../../src/actors/protocol/controller.js";
import type { LedgerReported } from "../../src/task/reports.js";
import type { NodeEvent } from "../../src/actors/protocol/generator.js";
import type { PolicySpec } from "../../src/task/requests.js";
import type { StoredGap, StoredRecord, StoredResult } from "../../src/task/record.js";
import { parseConfiguration } from "../../src/task/configuration.js";
import { parseSourceId } from "../../src/task/identity.js";
import { checkConservation } from "../../src/task/ledger.js";
import { definePipeline } from "../../src/task/define-pipeline.js";
import { type Pipeline } from "../../src/task/pipeline.js";
import type { DataType, ServiceDeclaration } from "../../src/task/service.js";
import { silentLogger } from "../../src/runtime/log.js";
import { scriptedSource, type ScriptedSource, type ScriptedSourceOptions } from "./scripted-source.js";
import { SLOWER_MAX, within } from "./within.js";
import { pause } from "./pause.js";

const declare = (
  name: string,
  module: string,
  inputs: readonly DataType[],
  output: DataType,
): ServiceDeclaration => ({
  name,
  summary: name,
  inputs,
  output,
  stateful: module === "sequences",
  module: new URL(`./services/${module}.js`, import.meta.url).href,
});

/** Services that do as they are told; `module` names the file in `services/`. */
export const SERVICES: ReadonlyMap<string, ServiceDeclaration> = new Map(
  [
    declare("detect", "scripted", ["frame"], "boxes"),
    declare("refine", "scripted", ["frame", "boxes"], "boxes"),
    declare("find", "noop", ["frame"], "boxes"),
    declare("sift", "noop", ["boxes"], "boxes"),
    declare("follow", "sequences", ["boxes"], "tracks"),
    declare("absent", "not-there", ["frame"], "boxes"),
  ].map((declaration) => [declaration.name, declaration]),
);

/** Two stages that do nothing, one behind the other. */
export const PAIR = definePipeline(
  {
    id: "pair",
    stages: [
      { id: "find", service: "find" },
      { id: "sift", service: "sift", after: ["find"] },
    ],
  },
  SERVICES,
);

/** Of `detect` and `refine`: which bytes of the frame say what to do. */
export const scripted = (slot: number) => ({ output: "boxes", slot });

/** Quick to fail, and never giving up a gap: whoever waits for one waits too long. */
export const QUICK = {
  processor: {
    executeTimeoutMs: 600,
    gapTimeoutMs: 600_000,
    loadAttempts: 3,
    poisonAttempts: 2,
    backoff: { minMs: 1, maxMs: 10, factor: 2, jitter: 0 },
  },
} as const;

export interface RunOptions extends Partial<LocalClusterOptions> {
  readonly pipeline: Pipeline;
  /** Nodes that are to fail in this run. Default 0. */
  readonly failures?: number;
}

export interface SourceScript extends ScriptedSourceOptions {
  readonly id?: string;
  readonly edge?: number;
  readonly policy?: PolicySpec;
  readonly window?: number;
  /** Default 1. */
  readonly framesPerTask?: number;
  /** Default: the run's. */
  readonly pipeline?: Pipeline;
}

export interface LocalRun {
  readonly cluster: LocalCluster;
  readonly store: Store;
  readonly events: readonly NodeEvent[];
  /** The first failure of a node. */
  readonly failed: Promise<Error>;
  /** What else hears of every event. */
  onEvent(listener: () => void): void;
  add(script?: SourceScript): Promise<ScriptedSource>;
  /** Resolves with what `look` makes of the first event that it does not answer with null; also of one that has been. */
  first<Found>(look: (event: NodeEvent) => Found | null): Promise<Found>;
  ended(id?: string): Promise<LedgerReported>;
  /** Of tasks. */
  records(): Promise<readonly (StoredResult | StoredGap)[]>;
  /** Ends of incarnations, too. */
  allRecords(): Promise<readonly StoredRecord[]>;
  /** Checks the law of conservation in every ledger and against the store, as they are now. */
  checkLaw(): Promise<void>;
  /** Checks it again and again until `work` is done. */
  lawful<Done>(work: Promise<Done>): Promise<Done>;
}

/** Starts a cluster, runs `work` on it and takes it down again. */
export async function localRun(
  { pipeline, failures: wantedFailures = 0, ...options }: RunOptions,
  work: (run: LocalRun) => Promise<void>,
  limitMs = 60_000,
): Promise<void> {
  const store = options.store ?? new MemoryStore();
  const events: NodeEvent[] = [];
  const failures: Error[] = [];
  const waiting = new Set<() => void>();
  const life = { down: false };
  const listeners: (() => void)[] = [];
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<Error>((resolve) => (fail = resolve));
  const cluster = await startLocalCluster({
    services: SERVICES,
    limits: QUICK,
    log: silentLogger,
    ...options,
    store,
    onEvent(event) {
      events.push(event);
      for (const look of waiting) look();
      for (const listener of listeners) listener();
    },
    onFailure(error) {
      failures.push(error);
      fail(error);
    },
  });

  const run: LocalRun = {
    cluster,
    store,
    events,
    failed,
    onEvent: (listener) => void listeners.push(listener),
    async add({
      id = "cam-1",
      edge = 0,
      policy,
      window = 16,
      framesPerTask = 1,
      pipeline: own = pipeline,
      ...script
    } = {}) {
      const source = scriptedSource(script);
      await cluster.addSource(
        {
          id: parseSourceId(id),
          source: source.source,
          capture: source.capture,
          pipeline: own,
          configuration: parseConfiguration({ width: 16, height: 16, framesPerTask }),
          policy: policy ?? { name: "edge-only", parameters: {} },
          paced: false,
          limit: null,
          window: { tasks: window, bytes: 1 << 30 },
        },
        cluster.edges[edge],
      );
      return source;
    },
    first: (look) =>
      new Promise((resolve) => {
        let seen = 0;
        const lookOn = (): void => {
          for (const event of events.slice(seen)) {
            seen += 1;
            const found = look(event);
            if (found === null) continue;
            waiting.delete(lookOn);
            return resolve(found);
          }
        };
        waiting.add(lookOn);
        lookOn();
      }),
    async ended(id = "cam-1") {
      const { ledger, error } = await run.first((event) =>
        event.type === "sourceEnded" && event.sourceId === id ? event : null,
      );
      assert.is(error, null);
      return ledger;
    },
    records: async () => (await run.allRecords()).filter((record) => record.type !== "closed"),
    allRecords: async () => (await store.read({ fromPosition: 0, limit: Infinity })).records,
    async checkLaw() {
      const before = settledCounts(store);
      const ledgers = await cluster.ledgers();
      const after = settledCounts(store);
      for (const ledger of ledgers) {
        assert.is(checkConservation(ledger), null);
        const settled = ledger.created - ledger.inFlight;
        // Durable first, then told.
        assert.ok(settled <= (after.get(ledger.sourceId) ?? 0), "the ledger knows what the store does not");
        assert.ok((before.get(ledger.sourceId) ?? 0) <= ledger.created, "the store holds more than was made");
      }
    },
    async lawful(done) {
      const watch = { over: false };
      const ended = done.finally(() => (watch.over = true));
      while (!watch.over && !life.down) {
        await run.checkLaw();
        await pause();
      }
      return ended;
    },
  };
  try {
    await within(limitMs, work(run), "the run");
    assert.is(failures.length, wantedFailures, failures[0]?.message);
  } finally {
    life.down = true;
    await within(5_000, cluster.terminate(), "the cluster to stop");
  }
}

/** What waits at the controller of a node, and what it has done so far. */
export function queuesOf({ name, system }: SluiceNode): Promise<QueuesReported> {
  return system.ask<ControllerMessage, QueuesReported>(
    system.resolve(controllerAddress(name)),
    (replyTo) => ({ type: "reportQueues", replyTo }),
  );
}

/** Resolves once a source has given so many frames more: it goes on, whatever else happens. */
export async function progress(source: ScriptedSource, frames: number): Promise<void> {
  const wanted = source.given + frames;
  const lateMs = performance.now() + 10_000 * SLOWER_MAX;
  while (source.given < wanted) {
    if (performance.now() > lateMs) throw new Error(`The source gave ${source.given} frames and no more`);
    await pause();
  }
}

function settledCounts(store: Store): Map<string, number> {
  return new Map(
    Object.entries(store.totals()).map(([source, { stored, dropped }]) => [
      source,
      stored + Object.values(dropped).reduce((sum, count) => sum + count, 0),
    ]),
  );
}

/** Checks that a source's end adds up: nothing in flight, and each sequence in the store once, as the ledger says. */
export async function checkEnd(run: LocalRun, ledger: LedgerReported): Promise<void> {
  assert.is(ledger.inFlight, 0);
  assert.is(checkConservation(ledger), null);
  const records = (await run.records()).filter(({ id }) => id.sourceId === ledger.sourceId);
  assert.equal(
    records.map(({ id }) => id.sequence).sort((a, b) => a - b),
    Array.from({ length: ledger.created }, (_, sequence) => sequence),
  );
  assert.is(records.filter(({ type }) => type === "result").length, ledger.stored);
  const gaps: Record<string, number> = {};
  for (const record of records)
    if (record.type === "gap") gaps[record.reason] = (gaps[record.reason] ?? 0) + 1;
  assert.equal(gaps, ledger.dropped);
}

/** Checks that a result has every stage of its pipeline once, and that no hop went back to an older table. */
export function checkResult(pipeline: Pipeline, { id, results, hops }: StoredResult): void {
  const stages = pipeline.stages.map((stage) => stage.id).sort();
  assert.equal(Object.keys(results).sort(), stages, `results of task ${id.sequence}`);
  assert.equal(hops.map((hop) => hop.stage).sort(), stages, `hops of task ${id.sequence}`);
  const epochs = new Map(hops.map((hop) => [hop.stage, hop.epoch]));
  for (const stage of pipeline.stages) {
    for (const before of stage.predecessors) {
      const [from = 0, to = 0] = [epochs.get(before), epochs.get(stage.id)];
      assert.ok(from <= to, `task ${id.sequence} went from epoch ${from} to ${to}`);
    }
  }
}
