/** `sluice bench`: how far each node of a running cluster is away, and what tasks meet on their way through a pipeline. */

import type { Operator } from "../../src/operator/operator.js";
import type { ProbedStage, ProbedTasks, ProbeLatency, ProbeReport } from "../../src/operator/probe-report.js";
import { parseSourceId } from "../../src/task/identity.js";
import { onSignal } from "../program.js";
import { renderFitting, terminalWidth } from "../tables.js";
import { err, out } from "../terminal.js";

export interface BenchCommand {
  readonly source?: string;
  readonly rate?: number;
  readonly tasks?: number;
  readonly arrivals?: "constant" | "poisson";
  /** In per cent. */
  readonly stopAt?: number;
  readonly pings?: number;
  readonly json: boolean;
}

const INTERRUPTED = 130;

/** @returns 0 where all was measured that was asked for, 1 where it ended before or a task was dropped, 130 at Ctrl-C */
export async function bench(operator: Operator, command: BenchCommand): Promise<number> {
  const controller = new AbortController();
  onSignal(() => controller.abort());
  const report = await operator.probe({
    source: command.source === undefined ? null : parseSourceId(command.source),
    signal: controller.signal,
    onOpen: () => err.line("Tasks are on their way: Ctrl-C ends it and prints what there is by then"),
    ...(command.rate !== undefined && { perSecond: command.rate }),
    ...(command.tasks !== undefined && { tasks: command.tasks }),
    ...(command.arrivals !== undefined && { arrivals: command.arrivals }),
    ...(command.stopAt !== undefined && { cpuShareMax: command.stopAt / 100 }),
    ...(command.pings !== undefined && { roundTrips: command.pings }),
  });
  if (command.json) out.json(report);
  else out.lines(benchText(report, terminalWidth()));
  if (report.end.reason === "interrupted") return INTERRUPTED;
  const { tasks, end } = report;
  const whole = tasks === null || (tasks.stored === tasks.wanted && tasks.unanswered === 0);
  return end.reason === "done" && whole ? 0 : 1;
}

/** @param width columns of the terminal */
export function benchText({ roundTrips, tasks, end }: ProbeReport, width: number): string {
  const rows = Object.entries(roundTrips).map(([node, { latencyMs, unanswered }]) => [
    node,
    ...percentileCells(latencyMs),
    unanswered === 0 ? "" : `${unanswered} without an answer`,
  ]);
  const head = ["to and from", ...PERCENTILES, ""].map((title) => ({ title }));
  const parts = [renderFitting(head, rows, width)];
  if (tasks !== null) parts.push(...tasksText(tasks, width));
  if (end.reason !== "done") parts.push(ENDS[end.reason](end.detail));
  return parts.join("\n");
}

const ENDS = {
  interrupted: () => "Interrupted: these are the tasks until then",
  loaded: (detail: string) => `Ended as the cluster is loaded: ${detail}`,
  changed: (detail: string) => `Ended as the plan is another one: ${detail}`,
  failed: (detail: string) => `Ended as it failed: ${detail}`,
} as const;

function* tasksText(tasks: ProbedTasks, width: number): Generator<string> {
  const { source, pipeline, perSecond, wanted, made, stored, dropped, unanswered, latencyMs } = tasks;
  const drops = Object.entries(dropped).map(([reason, count]) => `${count} dropped (${reason})`);
  const lost = unanswered === 0 ? [] : [`${unanswered} without an end`];
  yield `${made} of ${wanted} synthetic tasks like those of "${source}" (${pipeline}), ${perSecond} a second: ${[`${stored} came through`, ...drops, ...lost].join(", ")}`;
  if (latencyMs === null) return;
  const columns = ["stage", "on", "", ...PERCENTILES].map((title) => ({ title }));
  const rows = [
    ...tasks.stages.flatMap(stageRows),
    ["delivery", "", "to the hub", ...percentileCells(tasks.deliveryMs)],
    ["all", "", "from when it was due", ...percentileCells(latencyMs)],
  ];
  yield renderFitting(columns, rows, width);
  yield histogramText(tasks.histogram, width);
}

function stageRows({
  stage,
  variant,
  node,
  transferMs,
  queueMs,
  executeMs,
}: ProbedStage): readonly string[][] {
  const name = variant === undefined ? stage : `${stage} (${variant})`;
  return [
    [name, node, "on the way", ...percentileCells(transferMs)],
    ["", "", "in its queue", ...percentileCells(queueMs)],
    ["", "", "at work", ...percentileCells(executeMs)],
  ];
}

const PERCENTILES = ["p50 ms", "p95 ms", "p99 ms", "max ms", "count"];

function percentileCells(latency: ProbeLatency | null): readonly string[] {
  if (latency === null) return ["-", "-", "-", "-", "0"];
  const { p50, p95, p99, max, count } = latency;
  return [...[p50, p95, p99, max].map(shown), String(count)];
}

function shown(ms: number): string {
  return ms < 100 ? ms.toPrecision(3) : ms.toFixed(0);
}

/** A line for each step, its bar by the longest. */
function histogramText(histogram: ProbedTasks["histogram"], width: number): string {
  const most = Math.max(...histogram.map(({ count }) => count), 1);
  const bars = Math.max(10, Math.min(50, width - 30));
  return histogram
    .map(({ upToMs, count }) => {
      const bar = "#".repeat(Math.max(1, Math.round((count / most) * bars)));
      return `${`<= ${shown(upToMs)} ms`.padStart(14)}  ${bar} ${count}`;
    })
    .join("\n");
}
