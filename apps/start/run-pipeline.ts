/** One run of `npm start`, from the first frame to the summary. */

import type { NodeEvent } from "../../src/actors/protocol/generator.js";
import { createLogger } from "../../src/runtime/log.js";
import { sayDamage } from "../damage.js";
import { sayFailures } from "../failures.js";
import { openStore } from "../../src/storage/results/open-store.js";
import type { Store } from "../../src/storage/results/store.js";
import { describeNode } from "../cli/describe.js";
import { openInBrowser } from "../page-link.js";
import { onSignal } from "../program.js";
import { auditOf } from "./audit-run.js";
import { ledgerProblems } from "./check-ledger.js";
import { startEdgeProcess, type EdgeProcess } from "./edge-process.js";
import type { StartOptions } from "./start-options.js";
import { DRAIN_MS } from "./drain-limit.js";
import { startProcessCluster } from "./process-cluster.js";
import { createProgress, showProgress, type Progress } from "./progress.js";
import { startSingle, type RunCluster } from "./run-cluster.js";
import { RunOutcome } from "./run-outcome.js";
import { EDGES, planRun, type RunPlan } from "./run-plan.js";
import { reportJson, reportTable, type RunReport } from "./summary.js";
import { swapWhenDue } from "./swap.js";
import { createTableLog } from "./table-log.js";
import { createProcessSayer } from "../repeats.js";
import { err, out } from "../terminal.js";

/**
 * Plays every source to its end, or until a signal has drained it, and prints the summary.
 *
 * @returns the exit code: 0, or 1 where a source or a stage failed or the ledger does not add up
 * @throws SluiceError where the run cannot start
 */
export async function runPipeline(options: StartOptions): Promise<number> {
  const startedAtMs = performance.now();
  const plan = await planRun(options);
  const progress = createProgress(options.json ? process.stderr : process.stdout);
  const outcome = new RunOutcome(plan.sources.length);
  // Processes take longest to start.
  const edges = options.single
    ? []
    : EDGES.map((name) => startEdgeProcess(name, (error) => outcome.fail(error)));
  const store = await openStore(options.store, { onDamage: sayDamage(options.store) });
  const fromPosition = store.nextPosition;
  const cluster = await startCluster({ options, store, edges, outcome, progress });
  showPage(cluster, options, progress);
  const observed = cluster.observe([plan.pipeline]);
  drainOnSignal(cluster, outcome, progress);
  await addSources(plan, cluster, store);
  const stopSwapping = swapWhenDue(cluster, plan.swaps, (line) => progress.say(line));
  const stopSaying = sayFailures(store, (line) => progress.say(line));
  const stopShowing = showProgress(progress, async () => {
    const [figures, live] = await Promise.all([observed.report(), cluster.ledgers()]);
    return { ...outcome.totals(live), run: figures, elapsedMs: performance.now() - startedAtMs };
  });
  await outcome.over;
  stopShowing();
  stopSaying();
  stopSwapping();

  const [figures, live, table] = await Promise.all([observed.report(), cluster.ledgers(), cluster.table()]);
  await cluster.terminate();
  const audit = await auditOf(store, fromPosition, {
    ledgers: outcome.ledgers(live),
    pipeline: plan.pipeline,
  });
  const { failure } = store;
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
  return conclude(report, [...outcome.problems, ...(failure === null ? [] : [failure])], options.json);
}

interface Parts {
  readonly options: StartOptions;
  readonly store: Store;
  /** Processes that wait for a hub; none of a cluster in this process. */
  readonly edges: readonly EdgeProcess[];
  readonly outcome: RunOutcome;
  readonly progress: Progress;
}

async function startCluster({ options, store, edges, outcome, progress }: Parts): Promise<RunCluster> {
  const { logLevel } = options;
  let cluster: RunCluster | null = null;
  const repeats = createProcessSayer((line) => progress.say(line));
  const given = {
    store,
    modelDir: options.modelDir,
    log: createLogger({ level: logLevel }),
    onEvent(event: NodeEvent): void {
      // Errors are printed once, at the end, where people look for them.
      const line = event.type === "sourceEnded" || event.type === "stageFailed" ? null : describeNode(event);
      if (line !== null && event.type === "sourceStalled") repeats.say(line);
      else if (line !== null) progress.say(line);
      outcome.add(event);
      if (event.type === "stageFailed") void cluster?.drain();
    },
    onSchedule: createTableLog(options.single ? 2 : EDGES.length + 1, (line) => progress.say(line)),
    onFailure: (error: Error): void => outcome.fail(error),
  };
  try {
    cluster = options.single
      ? await startSingle(given)
      : await startProcessCluster({ ...given, logLevel }, edges);
    return cluster;
  } catch (error) {
    await Promise.all(edges.map((edge) => edge.end(0)));
    await store.close();
    throw error;
  }
}

function showPage({ page }: RunCluster, { open }: StartOptions, progress: Progress): void {
  if (page === null) return;
  // No line is wider than a terminal of 80 columns.
  progress.say("See and steer it while it runs, in a browser of this machine:");
  progress.say(`  ${page}`);
  if (open) openInBrowser(page, (why) => progress.say(`warning: ${why}`));
}

async function addSources({ sources }: RunPlan, cluster: RunCluster, store: Store): Promise<void> {
  try {
    for (const { request, edge } of sources) await cluster.addSource(request, edge);
  } catch (error) {
    await cluster.terminate();
    await store.close();
    throw error;
  }
}

/** The first signal drains and ends as usual, the second one leaves at once; until the very end, as one may come late. */
function drainOnSignal(cluster: RunCluster, outcome: RunOutcome, progress: Progress): void {
  onSignal(() => {
    progress.say("Stopping: waiting for tasks in progress. Press Ctrl-C again to stop at once");
    const late = setTimeout(() => outcome.giveUp(), DRAIN_MS);
    void outcome.over.then(() => clearTimeout(late));
    void cluster.drain();
  });
}

/** Prints the summary and what went wrong. @returns the exit code */
function conclude(report: RunReport, found: readonly string[], json: boolean): number {
  if (json) out.json(reportJson(report));
  else if (report.run.stored > 0 || found.length === 0) out.lines(reportTable(report));
  const problems = [...found, ...ledgerProblems(report), ...report.audit.findings];
  for (const problem of problems) err.line(`error: ${problem}`);
  return problems.length === 0 ? 0 : 1;
}
