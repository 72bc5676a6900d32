/**
 * Rule `hops`: the chain of hops is unbroken. Each stage with a result has one hop, and the reverse; it was enqueued before it
 * started, and started before it ended. Where the pipeline is known, none of its stages is missing, none was enqueued
 * before a predecessor ended, and none names a model where it has none. Where it is not, all its results have the same stages.
 */

import type { StoredResult } from "../../task/record.js";
import { pipelineKeyText } from "../../task/identity.js";
import type { Pipeline } from "../../task/pipeline.js";
import type { Hop } from "../../task/task.js";
import { stageAs } from "../../task/variants.js";
import type { AuditRule } from "../rule.js";
import { StageSets } from "./stage-sets.js";

export const hops: AuditRule<"hops"> = {
  code: "hops",
  createCheck({ pipelines, clockToleranceMs }, findings) {
    const stageSets = new StageSets();
    return {
      onRecord({ record, repeated }) {
        if (record.type !== "result" || repeated) return;
        const pipeline = pipelines.get(pipelineKeyText(record.pipelineId, record.pipelineVersion));
        if (pipeline === undefined) stageSets.add(record);
        for (const problem of checkHops(record, pipeline, clockToleranceMs)) findings.add(record.id, problem);
      },
      onEnd: () => stageSets.settle(findings),
    };
  },
};

/** What is wrong with the hops of one record, a line each; of missing stages only where the `pipeline` is known. */
function checkHops(
  record: StoredResult,
  pipeline: Pipeline | undefined,
  clockToleranceMs: number,
): readonly string[] {
  const problems: string[] = [];
  const byStage = new Map<string, Hop>();
  for (const hop of record.hops) {
    if (byStage.has(hop.stage)) problems.push(`Stage "${hop.stage}" has two hops`);
    else byStage.set(hop.stage, hop);
    problems.push(...checkTimes(hop));
  }
  for (const stage of Object.keys(record.results)) {
    if (!byStage.has(stage)) problems.push(`Stage "${stage}" has a result and no hop`);
  }
  for (const stage of byStage.keys()) {
    if (!Object.hasOwn(record.results, stage)) problems.push(`Stage "${stage}" has a hop and no result`);
  }
  if (pipeline === undefined) return problems;
  problems.push(...checkStages(record, byStage, pipeline));
  problems.push(...checkModels(byStage, pipeline));
  // A stage that remembers its result gives it again, with its first hop, to a task that is delivered again.
  if (record.delivery <= 1) problems.push(...checkOrder(byStage, pipeline, clockToleranceMs));
  return problems;
}

/** On one node's clock, as it was when the stage ended. Anything but a number is out of order, too. */
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
  byStage: ReadonlyMap<string, Hop>,
  { id, version, stages }: Pipeline,
): readonly string[] {
  const known = new Set<string>(stages.map((stage) => stage.id));
  const there = new Set([...Object.keys(results), ...byStage.keys()]);
  return [
    ...[...known]
      .filter((stage) => !there.has(stage))
      .map((stage) => `Stage "${stage}" of ${id}@${version} is missing`),
    ...[...there]
      .filter((stage) => !known.has(stage))
      .map((stage) => `Stage "${stage}" is none of ${id}@${version}`),
  ];
}

function checkModels(byStage: ReadonlyMap<string, Hop>, { stages }: Pipeline): readonly string[] {
  const problems: string[] = [];
  for (const stage of stages) {
    const hop = byStage.get(stage.id);
    if (hop?.model === undefined || stageAs(stage, hop.variant).model !== undefined) continue;
    problems.push(`Stage "${stage.id}" ran the model ${hop.model}, and has none`);
  }
  return problems;
}

function checkOrder(
  byStage: ReadonlyMap<string, Hop>,
  { stages }: Pipeline,
  clockToleranceMs: number,
): readonly string[] {
  const problems: string[] = [];
  for (const { id, predecessors } of stages) {
    const hop = byStage.get(id);
    if (hop === undefined) continue;
    for (const predecessor of predecessors) {
      const before = byStage.get(predecessor);
      if (before === undefined) continue;
      // The clock of one node, too, may have been set in between.
      if (before.endedAtMs <= hop.enqueuedAtMs + clockToleranceMs) continue;
      const early = between(hop.enqueuedAtMs, before.endedAtMs);
      problems.push(`Stage "${id}" was enqueued ${early} before "${predecessor}" ended`);
    }
  }
  return problems;
}

function between(fromMs: number, toMs: number): string {
  return `${(toMs - fromMs).toFixed(3)} ms`;
}
