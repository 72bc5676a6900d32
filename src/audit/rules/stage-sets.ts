/** Whether all results of a pipeline that is not known have the same stages: those that most of them have are taken as right. */

import type { StoredResult } from "../../task/record.js";
import { pipelineKeyText, type TaskId } from "../../task/identity.js";
import { FINDINGS_MAX, type RuleFindings } from "../findings.js";

/** Sets of stages that are kept apart for one pipeline; further ones count as one. */
const SETS_MAX = 64;
const FURTHER = "other stages";

/** Results that have the same stages. */
interface Group {
  readonly stages: string;
  readonly size: number;
  /** The first of them, as many as findings are kept. */
  readonly tasks: TaskId[];
  count: number;
}

export class StageSets {
  /** By `pipeline@version`, then by the names of the stages. */
  readonly #pipelines = new Map<string, Map<string, Group>>();

  add({ id, pipelineId, pipelineVersion, results }: StoredResult): void {
    const key = pipelineKeyText(pipelineId, pipelineVersion);
    let groups = this.#pipelines.get(key);
    if (groups === undefined) this.#pipelines.set(key, (groups = new Map()));
    const names = Object.keys(results).sort();
    const text = names.join(", ");
    const stages = groups.has(text) || groups.size < SETS_MAX ? text : FURTHER;
    let group = groups.get(stages);
    if (group === undefined) {
      group = { stages, size: names.length, tasks: [], count: 0 };
      groups.set(stages, group);
    }
    group.count += 1;
    if (group.tasks.length < FINDINGS_MAX) group.tasks.push(id);
  }

  settle(findings: RuleFindings): void {
    for (const [pipeline, groups] of this.#pipelines) {
      // Where two sets have as many results, the one with more stages: it is likelier that one is missing.
      const [usual, ...others] = [...groups.values()].sort((a, b) => b.count - a.count || b.size - a.size);
      for (const { stages, tasks, count } of others) {
        const detail = `It has results of ${stages || "no stage"}; most of ${pipeline} have them of ${usual?.stages}`;
        for (const task of tasks) findings.add(task, detail);
        const [first] = tasks;
        if (first !== undefined) findings.addUnnamed(first, count - tasks.length);
      }
    }
  }
}
