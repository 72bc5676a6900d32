/**
 * A run under chaos: sources play on every edge while faults happen, then everything is given time to end, and what is
 * stored is audited.
 */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { errorText } from "../../src/runtime/errors.js";
import { SERVICES } from "../../src/services/catalogue.js";
import { createPrng } from "../../src/simulation/prng.js";
import { parseNodeName } from "../../src/task/identity.js";
import type { Stage } from "../../src/task/pipeline.js";
import { parsePipelineFile } from "../../src/task/pipeline-file.js";
import { signalled } from "../program.js";
import { ChaosCluster, HUB } from "./chaos-cluster.js";
import { drawFault, FAULTS, injectFault, sourceOf, swapTable, type Fault } from "./faults.js";
import { describeMemoryTrend, residentBytes, type MemorySample } from "./memory-trend.js";
import { verdictOn } from "./verdict.js";
import { out } from "../terminal.js";

export interface ChaosOptions {
  /** With faults. */
  readonly minutes: number;
  readonly edges: number;
  readonly seed: number;
  /** Mean time between faults, in ms. */
  readonly gap: number;
  /** Default: all. */
  readonly faults?: readonly Fault[];
  /** Keeps the folder with stores, journals and logs. */
  readonly keep: boolean;
}

const PIPELINE = "apps/pipelines/default.yaml";
/** Of a source's time at the end, in which nothing is done to it. */
const CALM_MS = 10_000;
/** For every source to end after that. */
const DRAIN_MS = 180_000;

/** @returns the exit code: 0 where every promise was kept, 1 where one was broken or the run was stopped */
export async function runChaos(options: ChaosOptions): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-chaos-"));
  const run = new ChaosRun(folder, options);
  try {
    const kept = await Promise.race([run.run(), signalled().then(() => null)]);
    if (kept === null) out.line("Stopped before the end: nothing was audited");
    return kept === true ? 0 : 1;
  } finally {
    await run.end();
    if (options.keep) out.line(`Stores, journals and logs are in ${folder}`);
    else await rm(folder, { recursive: true, force: true });
  }
}

class ChaosRun {
  readonly #options: ChaosOptions;
  readonly #cluster: ChaosCluster;
  readonly #prng;
  readonly #startedMs = performance.now();
  /** How often each kind of fault happened. */
  readonly #counts = new Map<Fault, number>();
  /** Of the hub, in its present incarnation. */
  readonly #memory: MemorySample[] = [];

  constructor(folder: string, options: ChaosOptions) {
    this.#options = options;
    this.#cluster = new ChaosCluster(folder);
    this.#prng = createPrng(options.seed);
  }

  /** @returns whether every promise was kept */
  async run(): Promise<boolean> {
    const { minutes, edges, gap } = this.#options;
    // A machine that is busy with processes being started is slow, and a join that gives up would look like a broken promise.
    const pipeline = `${await readFile(PIPELINE, "utf8")}joinTimeoutMs: 120000\n`;
    const { stages } = parsePipelineFile(pipeline, PIPELINE, SERVICES).pipeline;
    await this.#cluster.start(edges);
    void this.#restartProcesses();
    void this.#sampleMemory();
    await this.#addSources(pipeline, Math.ceil((minutes * 60_000 + CALM_MS) / 1_000));
    const untilMs = performance.now() + minutes * 60_000;
    while (performance.now() < untilMs) {
      await sleep(this.#prng.between(gap / 2, (gap * 3) / 2));
      await this.#inject(stages);
    }
    this.#say("no more faults: waiting for the sources to end");
    await this.#allEnded();
    await this.end();
    return this.#audit();
  }

  async end(): Promise<void> {
    await this.#cluster.end();
  }

  async #addSources(pipeline: string, seconds: number): Promise<void> {
    const { edges } = this.#cluster;
    for (const edge of edges) {
      await this.#cluster.ask((operator) =>
        operator.agent(parseNodeName(edge)).addSource({
          id: sourceOf(edge),
          source: `test:320x180@10,duration=${seconds}`,
          pipeline,
          pipelineName: PIPELINE,
          configuration: {},
          policy: null,
          paced: true,
          limit: null,
        }),
      );
    }
    this.#say(`sources playing: ${edges.length}, for ${seconds} s`);
  }

  async #inject(stages: readonly Stage[]): Promise<void> {
    const fault = drawFault(this.#prng, this.#cluster.edges, this.#options.faults ?? FAULTS);
    const { kind, name, lastsMs } = fault;
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    this.#say(`${kind} ${name}${lastsMs === null ? "" : ` for ${lastsMs} ms`}`);
    await injectFault(fault, this.#cluster, (source) =>
      swapTable(this.#cluster, this.#prng, source, stages).catch((thrown: unknown) => {
        this.#say(`  the table was not swapped: ${errorText(thrown)}`);
      }),
    );
  }

  /** Starts a process that died again, a while later. */
  async #restartProcesses(): Promise<void> {
    while (!this.#cluster.over) {
      await sleep(this.#prng.between(200, 2_000));
      if (this.#cluster.over) return;
      for (const each of this.#cluster.processes) each.start();
    }
  }

  /** Samples the hub's memory once a second, and starts over with each of its incarnations. */
  async #sampleMemory(): Promise<void> {
    const hub = this.#cluster.process(HUB);
    for (let starts = hub?.starts; !this.#cluster.over; await sleep(1_000)) {
      if (hub === undefined || hub.starts !== starts) this.#memory.length = 0;
      starts = hub?.starts;
      const bytes = await residentBytes(hub?.pid ?? null);
      if (bytes > 0) this.#memory.push({ atMs: performance.now(), bytes });
    }
  }

  async #allEnded(): Promise<void> {
    await this.#cluster.until("every source to end", CALM_MS + DRAIN_MS, async () => {
      const ledgers = await this.#cluster.ask(async (operator) => {
        const edges = this.#cluster.edges.map((name) => operator.agent(parseNodeName(name)).sources());
        return (await Promise.all(edges)).flatMap((report) => report.ledgers);
      });
      const inFlight = ledgers.reduce((sum, ledger) => sum + ledger.inFlight, 0);
      if (ledgers.length > 0) this.#say(`sources playing: ${ledgers.length}, tasks in flight: ${inFlight}`);
      return ledgers.length === 0;
    });
  }

  async #audit(): Promise<boolean> {
    const { kept, table, broken } = await verdictOn(this.#cluster.store);
    const faults = [...this.#counts].map(([kind, count]) => `${kind} ${count}`).join(", ");
    const starts = this.#cluster.processes.map(({ name, starts: count }) => `${name} started ${count} times`);
    const lines = [table, `${faults}; ${starts.join(", ")}`, describeMemoryTrend(this.#memory), ...broken];
    out.lines(lines.join("\n"));
    out.lines(kept ? "Every promise was kept" : "A promise was broken");
    return kept;
  }

  #say(text: string): void {
    const seconds = ((performance.now() - this.#startedMs) / 1_000).toFixed(1).padStart(6);
    out.line(`${seconds} s  ${text}`);
  }
}
