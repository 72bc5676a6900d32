/** One run from the first frame to the summary. */

import { countDrops } from "../../src/task/ledger.js";
import { readFile } from "node:fs/promises";
import { openStore } from "../../src/storage/results/open-store.js";
import { parseSource } from "../../src/actors/generator/source-spec.js";
import { SERVICES } from "../../src/services/catalogue.js";
import type { LedgerReported } from "../../src/task/reports.js";
import type { NodeEvent } from "../../src/actors/protocol/generator.js";
import type { SourceRequest } from "../../src/task/requests.js";
import type { SourceId } from "../../src/task/identity.js";
import { assertNever } from "../../src/runtime/errors.js";
import { createLogger } from "../../src/runtime/log.js";
import { onSignal } from "../cli/signals.js";
import { sayDamage } from "../damage.js";
import { auditOf } from "./audit-run.js";
import { startEdgeProcess, type EdgeProcess } from "./edge-process.js";
import {
  checkModelDir,
  configurationGiven,
  configurationOf,
  nameSources,
  policyOf,
  readPipeline,
} from "./inputs.js";
import type { StartOptions } from "./options.js";
import { startProcesses } from "./processes.js";
import { createProgress, type Progress } from "./progress.js";
import { startSingle, type RunCluster } from "./run-cluster.js";
import { createStory } from "./story.js";
import { reportJson, reportTable } from "./summary.js";
import { planSwap, type Swap } from "./swap.js";

const PROGRESS_PERIOD_MS = 200;
/** How long the first Ctrl-C waits for tasks to be settled: with the summary and the end it stays below 5 s. */
const DRAIN_MS = 3_000;
/** Between looks whether the middle of the run has come. */
const SWAP_LOOK_MS = 25;
const EDGES = ["edge-1", "edge-2"];

/**
 * Plays every source to its end, or until a signal has drained it, and prints what it came to.
 *
 * @returns the exit code: 0, or 1 where a source or a stage failed or the ledger does not add up
 * @throws SluiceError where the run cannot start
 */
export async function run(options: StartOptions): Promise<number> {
  const startedAtMs = performance.now();
  const { pipeline, configuration, policy } = await readPipeline(options.pipeline, SERVICES);
  configurationOf(options, configuration);
  const sources = nameSources(options.source).map(({ id, text }, index) => {
    parseSource(text);
    return { id, text, edge: options.single ? "edge-1" : (EDGES[index % EDGES.length] ?? "edge-1") };
  });
  const asked = policyOf(options, policy);
  await checkModelDir(options.modelDir);

  const progress = createProgress(options.json ? process.stderr : process.stdout);
  const outcome = new Outcome(sources.length);
  const story = createStory(options.single ? 2 : EDGES.length + 1, (line) => progress.say(line));
  const logLevel = options.logLevel;
  // They take longest to be there.
  const edges: readonly EdgeProcess[] = options.single
    ? []
    : EDGES.map((name) => startEdgeProcess(name, (error) => outcome.fail(error)));
  const store = await openStore(options.store, { onDamage: sayDamage(options.store) });
  const fromPosition = store.nextPosition;
  const cluster: RunCluster = await startCluster();
  const observed = cluster.observe([pipeline]);
  drainOnSignal(cluster, outcome, progress);
  const swaps = new Map<SourceId, Swap>();
  try {
    for (const { id, text, edge } of sources) {
      const swap = isSwapped(options, asked.name)
        ? planSwap(pipeline, { edge, cloud: "cloud" }, options.limit)
        : null;
      if (swap !== null) swaps.set(id, swap);
      const request: SourceRequest = {
        id,
        // An edge of a run has the same working folder.
        source: text,
        pipeline: await readFile(options.pipeline, "utf8"),
        pipelineName: options.pipeline,
        configuration: configurationGiven(options),
        policy: swap?.before ?? asked,
        paced: options.realtime,
        limit: options.limit,
      };
      await cluster.addSource(request, edge);
    }
  } catch (error) {
    await cluster.terminate();
    await store.close();
    throw error;
  }
  const swapping = setInterval(() => void swapDue(cluster, swaps, progress), SWAP_LOOK_MS);

  const ticker = setInterval(() => {
    void Promise.all([observed.report(), cluster.ledgers()]).then(
      ([figures, live]) =>
        progress.show({ ...outcome.totals(live), run: figures, elapsedMs: performance.now() - startedAtMs }),
      // The cluster is on its way down: the summary comes next.
      () => {},
    );
  }, PROGRESS_PERIOD_MS);
  await outcome.over;
  clearInterval(ticker);
  clearInterval(swapping);

  const [figures, live, table] = await Promise.all([observed.report(), cluster.ledgers(), cluster.table()]);
  await cluster.terminate();
  const audit = await auditOf(store, fromPosition, { ledgers: outcome.ledgers(live), pipeline });
  await store.close();
  progress.end();

  const report = {
    ...outcome.totals(live),
    run: figures,
    audit,
    epoch: table.table?.epoch ?? 0,
    nodes: cluster.nodes,
    store: options.store,
    durationMs: performance.now() - startedAtMs,
  };
  if (options.json) process.stdout.write(`${reportJson(report)}\n`);
  else if (report.run.stored > 0 || outcome.problems.length === 0)
    process.stdout.write(`${reportTable(report)}\n`);
  const problems = [...outcome.problems, ...conservationProblem(report), ...audit.findings];
  for (const problem of problems) process.stderr.write(`error: ${problem}\n`);
  return problems.length === 0 ? 0 : 1;

  async function startCluster(): Promise<RunCluster> {
    const given = {
      store,
      modelDir: options.modelDir,
      log: createLogger({ level: logLevel }),
      onEvent(event: NodeEvent): void {
        const line = describe(event);
        if (line !== null) progress.say(line);
        outcome.add(event);
        if (event.type === "stageFailed") void cluster.drain();
      },
      onSchedule: story.hear,
      onFailure: (error: Error): void => outcome.fail(error),
    };
    try {
      return options.single ? await startSingle(given) : await startProcesses({ ...given, logLevel }, edges);
    } catch (error) {
      await Promise.all(edges.map((edge) => edge.end(0)));
      await store.close();
      throw error;
    }
  }
}

/** Whoever names a policy of their own is not shown another one. */
function isSwapped({ swap, single, policy }: StartOptions, name: string): boolean {
  return swap === "middle" && !single && policy === undefined && name === "edge-only";
}

/** Swaps the table of every source that has come to its middle. */
async function swapDue(cluster: RunCluster, swaps: Map<SourceId, Swap>, progress: Progress): Promise<void> {
  if (swaps.size === 0) return;
  const ledgers = await cluster.ledgers().catch(() => []);
  for (const { sourceId, stored } of ledgers) {
    const swap = swaps.get(sourceId);
    if (swap === undefined || stored < swap.afterTasks) continue;
    swaps.delete(sourceId);
    progress.say(`swapping the table of ${sourceId}: ${swap.moves.join(", ")} to the cloud`);
    await cluster.setPolicy(sourceId, swap.after).catch((error: Error) => progress.say(error.message));
  }
}

/** Collects how the sources end, until all have. */
class Outcome {
  readonly over: Promise<void>;
  readonly #problems = new Set<string>();
  readonly #ended = new Map<SourceId, LedgerReported>();
  readonly #sources: number;
  #finish: () => void = () => {};

  constructor(sources: number) {
    this.#sources = sources;
    this.over = new Promise((resolve) => (this.#finish = resolve));
  }

  get problems(): readonly string[] {
    return [...this.#problems];
  }

  add(event: NodeEvent): void {
    if (event.type === "stageFailed") this.#problems.add(event.error.message);
    if (event.type !== "sourceEnded") return;
    if (event.error !== null) this.#problems.add(event.error.message);
    this.#ended.set(event.sourceId, event.ledger);
    if (this.#ended.size === this.#sources) this.#finish();
  }

  fail(error: Error): void {
    this.#problems.add(error.message);
    this.#finish();
  }

  /** Ends the run with whatever is still in flight. */
  giveUp(): void {
    this.#finish();
  }

  /** The last of each source. */
  ledgers(live: readonly LedgerReported[]): readonly LedgerReported[] {
    return [...this.#ended.values(), ...live.filter((ledger) => !this.#ended.has(ledger.sourceId))];
  }

  totals(live: readonly LedgerReported[]): { readonly created: number; readonly inFlight: number } {
    const ledgers = this.ledgers(live);
    return {
      created: ledgers.reduce((sum, ledger) => sum + ledger.created, 0),
      inFlight: ledgers.reduce((sum, ledger) => sum + ledger.inFlight, 0),
    };
  }
}

/** The first signal drains and ends as usual, the second one leaves at once; until the very end, as one may come late. */
function drainOnSignal(cluster: RunCluster, outcome: Outcome, progress: Progress): void {
  onSignal(() => {
    progress.say("Stopping: what is under way is settled first; Ctrl-C again leaves at once");
    const late = setTimeout(() => outcome.giveUp(), DRAIN_MS);
    void cluster.drain().finally(() => clearTimeout(late));
  });
}

function describe(event: NodeEvent): string | null {
  switch (event.type) {
    case "sourceStarted":
      return `${event.sourceId}: ${event.description}`;
    case "sourceStalled":
      return `${event.sourceId}: source ${event.reason}, connecting again (attempt ${event.attempt})`;
    case "sourceEnded":
    case "stageFailed":
      // Errors are said once, at the end, where they are looked for.
      return null;
    default:
      return assertNever(event);
  }
}

/** What was created must be stored, dropped or in flight, counted by three who do not copy from each other. */
function conservationProblem(report: {
  readonly created: number;
  readonly inFlight: number;
  readonly run: { readonly stored: number; readonly dropped: Readonly<Record<string, number>> };
}): readonly string[] {
  const dropped = countDrops(report.run.dropped);
  const accounted = report.run.stored + dropped + report.inFlight;
  if (accounted === report.created) return [];
  return [
    `The ledger does not add up: ${report.created} created, but ${report.run.stored} stored, ${dropped} dropped and ` +
      `${report.inFlight} in flight`,
  ];
}
