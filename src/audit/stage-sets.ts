/**
 * Whether the results of a pipeline that nobody knows any more have all the same stages: what most of them have is taken
 * for right.
 */

import type { StoredResult } from "../task/record.js";
import { pipelineKeyText, type TaskId } from "../task/identity.js";
import { FINDINGS_MAX, type FindingList } from "./findings.js";

/** Sets of stages that are distinguished for one pipeline; further ones count as one. */
const SETS_MAX = 64;
const FURTHER = "other stages";

/** Results that have the same stages. */
interface Group {
  readonly stages: string;
  readonly size: number;
  /** The first of them, as many as can be reported. */
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

  settle(findings: FindingList): void {
    for (const [pipeline, groups] of this.#pipelines) {
      // Of as many results each, the ones that have more stages: it is likelier that one is missing.
      const [usual, ...others] = [...groups.values()].sort((a, b) => b.count - a.count || b.size - a.size);
      for (const { stages, tasks, count } of others) {
        const detail = `It has results of ${stages || "no stage"}; most of ${pipeline} have them of ${usual?.stages}`;
        for (const task of tasks) findings.add("hops", task, detail);
        const [first] = tasks;
        if (first !== undefined) findings.addUnnamed("hops", first, count - tasks.length);
      }
    }
  }
}
