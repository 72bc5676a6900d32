/** One run from the first frame to the summary. */

import { openStore } from "../../src/actors/distributor/spawn.js";
import { parseSource } from "../../src/actors/generator/source-spec.js";
import { startLocalCluster, type LocalCluster } from "../../src/actors/local-cluster.js";
import { SERVICES } from "../../src/actors/processor/services/catalogue.js";
import type { LedgerReported, NodeEvent } from "../../src/actors/protocol.js";
import type { SourceId } from "../../src/actors/task/identity.js";
import { assertNever } from "../../src/runtime/errors.js";
import { createLogger } from "../../src/runtime/log.js";
import { checkModelDir, configurationOf, nameSources, policyOf, readPipeline } from "./inputs.js";
import type { StartOptions } from "./options.js";
import { createProgress, type Progress } from "./progress.js";
import { reportJson, reportTable } from "./summary.js";

const PROGRESS_PERIOD_MS = 200;
/** How long the first Ctrl-C waits for tasks to be settled: with the summary and the end it stays below 5 s. */
const DRAIN_MS = 3_000;
/** Signals closer together are one Ctrl-C: npm passes on what the terminal has sent to its whole group already. */
const SAME_SIGNAL_MS = 500;

/**
 * Plays every source to its end, or until a signal has drained it, and prints what it came to.
 *
 * @returns the exit code: 0, or 1 where a source or a stage failed or the ledger does not add up
 * @throws SluiceError where the run cannot start
 */
export async function run(options: StartOptions): Promise<number> {
  const startedAtMs = performance.now();
  const { pipeline, configuration, policy } = await readPipeline(options.pipeline, SERVICES);
  const sources = nameSources(options.source).map(({ id, text }) => ({ id, source: parseSource(text) }));
  const source = {
    pipeline,
    configuration: configurationOf(options, configuration),
    policy: policyOf(options, policy),
  };
  await checkModelDir(options.modelDir);
  const store = await openStore(options.store);

  const progress = createProgress(options.json ? process.stderr : process.stdout);
  const outcome = new Outcome(sources.length);
  const cluster = startLocalCluster({
    store,
    services: SERVICES,
    modelDir: options.modelDir,
    onEvent(event) {
      const line = describe(event);
      if (line !== null) progress.say(line);
      outcome.add(event);
      if (event.type === "stageFailed") void cluster.drain();
    },
    onFailure: (error) => outcome.fail(error),
    log: createLogger({ level: options.logLevel }),
  });
  const observed = cluster.observe([pipeline]);
  drainOnSignal(cluster, outcome, progress);
  try {
    for (const { id, source: spec } of sources) {
      await cluster.addSource({ ...source, id, source: spec, paced: options.realtime, limit: options.limit });
    }
  } catch (error) {
    await cluster.terminate();
    await store.close();
    throw error;
  }

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

  const [figures, live, table] = await Promise.all([observed.report(), cluster.ledgers(), cluster.table()]);
  await cluster.terminate();
  await store.close();
  progress.end();

  const report = {
    ...outcome.totals(live),
    run: figures,
    epoch: table.table?.epoch ?? 0,
    nodes: [cluster.cloud, ...cluster.edges].map((node) => node.name),
    store: options.store,
    durationMs: performance.now() - startedAtMs,
  };
  if (options.json) process.stdout.write(`${reportJson(report)}\n`);
  else if (report.run.stored > 0 || outcome.problems.length === 0)
    process.stdout.write(`${reportTable(report)}\n`);
  const problems = [...outcome.problems, ...conservationProblem(report)];
  for (const problem of problems) process.stderr.write(`error: ${problem}\n`);
  return problems.length === 0 ? 0 : 1;
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

  totals(live: readonly LedgerReported[]): { readonly created: number; readonly inFlight: number } {
    const ledgers = [...this.#ended.values(), ...live.filter((ledger) => !this.#ended.has(ledger.sourceId))];
    return {
      created: ledgers.reduce((sum, ledger) => sum + ledger.created, 0),
      inFlight: ledgers.reduce((sum, ledger) => sum + ledger.inFlight, 0),
    };
  }
}

/** The first signal drains and ends as usual, the second one leaves at once; until the very end, as one may come late. */
function drainOnSignal(cluster: LocalCluster, outcome: Outcome, progress: Progress): void {
  let firstAtMs: number | null = null;
  const onSignal = (): void => {
    if (firstAtMs !== null) {
      if (performance.now() - firstAtMs >= SAME_SIGNAL_MS) process.exit(130);
      return;
    }
    firstAtMs = performance.now();
    progress.say("Stopping: what is under way is settled first; Ctrl-C again leaves at once");
    const late = setTimeout(() => outcome.giveUp(), DRAIN_MS);
    void cluster.drain().finally(() => clearTimeout(late));
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
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
  const dropped = Object.values(report.run.dropped).reduce((sum, count) => sum + count, 0);
  const accounted = report.run.stored + dropped + report.inFlight;
  if (accounted === report.created) return [];
  return [
    `The ledger does not add up: ${report.created} created, but ${report.run.stored} stored, ${dropped} dropped and ` +
      `${report.inFlight} in flight`,
  ];
}
