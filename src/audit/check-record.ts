/** What is wrong with one record by itself, one line each. */

import type { StoredResult } from "../task/record.js";
import type { TaskId } from "../task/identity.js";
import type { Pipeline } from "../task/pipeline.js";
import type { Hop } from "../task/task.js";
import { isCount } from "../task/value-checks.js";

/** Whether an identity is made of whole numbers from 0. */
export function isSoundIdentity({ incarnation, sequence }: TaskId): boolean {
  return isCount(incarnation) && isCount(sequence);
}

/** The hops whose attempt is none. */
export function checkAttempts({ hops }: StoredResult): readonly string[] {
  return hops
    .filter(({ attempt }) => !isCount(attempt) || attempt < 1)
    .map(({ stage, attempt }) => `Stage "${stage}" is of attempt ${attempt}: wanted a whole number from 1`);
}

/** What each hop and result says of the others; of stages that should be there only where the `pipeline` is known. */
export function checkHops(
  record: StoredResult,
  pipeline: Pipeline | undefined,
  clockToleranceMs: number,
): readonly string[] {
  const problems: string[] = [];
  const hops = new Map<string, Hop>();
  for (const hop of record.hops) {
    if (hops.has(hop.stage)) problems.push(`Stage "${hop.stage}" has two hops`);
    else hops.set(hop.stage, hop);
    problems.push(...checkTimes(hop));
  }
  for (const stage of Object.keys(record.results)) {
    if (!hops.has(stage)) problems.push(`Stage "${stage}" has a result and no hop`);
  }
  for (const stage of hops.keys()) {
    if (!Object.hasOwn(record.results, stage)) problems.push(`Stage "${stage}" has a hop and no result`);
  }
  if (pipeline === undefined) return problems;
  problems.push(...checkStages(record, hops, pipeline));
  // A stage that remembers its result gives it again, with its first hop, to a task that is delivered again.
  if (record.delivery <= 1) problems.push(...checkOrder(hops, pipeline, clockToleranceMs));
  return problems;
}

/** On one node's clock, which never goes backwards. Anything but a number is out of order, too. */
function checkTimes({ stage, enqueuedAtMs, startedAtMs, endedAtMs }: Hop): readonly string[] {
  const problems: string[] = [];
  if (!(enqueuedAtMs <= startedAtMs)) {
    problems.push(`Stage "${stage}" started ${between(startedAtMs, enqueuedAtMs)} before it was enqueued`);
  }
  if (!(startedAtMs <= endedAtMs)) {
    problems.push(`Stage "${stage}" ended ${between(endedAtMs, startedAtMs)} before it started`);
  }
  return problems;
}

function checkStages(
  { results }: StoredResult,
  hops: ReadonlyMap<string, Hop>,
  { id, version, stages }: Pipeline,
): readonly string[] {
  const known = new Set<string>(stages.map((stage) => stage.id));
  const there = new Set([...Object.keys(results), ...hops.keys()]);
  return [
    ...[...known]
      .filter((stage) => !there.has(stage))
      .map((stage) => `Stage "${stage}" of ${id}@${version} is missing`),
    ...[...there]
      .filter((stage) => !known.has(stage))
      .map((stage) => `Stage "${stage}" is none of ${id}@${version}`),
  ];
}

function checkOrder(
  hops: ReadonlyMap<string, Hop>,
  { stages }: Pipeline,
  clockToleranceMs: number,
): readonly string[] {
  const problems: string[] = [];
  for (const { id, predecessors } of stages) {
    const hop = hops.get(id);
    if (hop === undefined) continue;
    for (const predecessor of predecessors) {
      const before = hops.get(predecessor);
      if (before === undefined) continue;
      const toleranceMs = before.node === hop.node ? 0 : clockToleranceMs;
      if (before.endedAtMs <= hop.enqueuedAtMs + toleranceMs) continue;
      const early = between(hop.enqueuedAtMs, before.endedAtMs);
      problems.push(`Stage "${id}" was enqueued ${early} before "${predecessor}" ended`);
    }
  }
  return problems;
}

function between(fromMs: number, toMs: number): string {
  return `${(toMs - fromMs).toFixed(3)} ms`;
}
