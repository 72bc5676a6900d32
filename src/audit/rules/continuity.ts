/**
 * Rule `continuity`: a stateful stage that says it `continued` ran on the node where it ran for the task before. Which worker
 * it was is not known. Of a task that was delivered again another delivery may have been followed than the one stored, on both
 * sides of it: so an incarnation is judged by how many of its tasks were, which its closing says.
 */

import type { NodeName, TaskId } from "../../task/identity.js";
import type { StoredGap, StoredResult } from "../../task/record.js";
import { incarnationText, type RuleFindings, taskText } from "../findings.js";
import { Neighbours } from "../neighbours.js";
import type { AuditRule } from "../rule.js";

interface Ran {
  readonly id: TaskId;
  /** Null where it was dropped, or delivered again. */
  readonly nodes: ReadonlyMap<string, NodeName> | null;
  /** Stages that continued. */
  readonly continued: readonly string[];
}

interface Break {
  readonly id: TaskId;
  readonly detail: string;
}

/** Breaks that are kept of an incarnation. */
const BREAKS_MAX = 1_000;

export const continuity: AuditRule<"continuity"> = {
  code: "continuity",
  createCheck(_, findings) {
    /** By `source/incarnation`. */
    const breaks = new Map<string, Break[]>();
    const redelivered = new Map<string, number>();
    const tasks = new Neighbours<Ran>((before, after) => {
      const key = incarnationText(after.id);
      const own = breaks.get(key) ?? [];
      breaks.set(key, own);
      if (own.length < BREAKS_MAX) own.push(...breaksBetween(before, after));
    });
    return {
      onRecord({ record, sound, repeated }) {
        if (!sound || repeated) return;
        if (record.type === "closed") {
          if (record.counts !== null) redelivered.set(incarnationText(record.id), record.counts.redelivered);
          return;
        }
        const ran = ranOf(record);
        tasks.add(record.id, ran);
        if (record.id.sequence === 0) checkFirst(ran, findings);
      },
      onEnd() {
        for (const [incarnation, own] of breaks) {
          const excused = 2 * (redelivered.get(incarnation) ?? Infinity);
          if (own.length <= excused) continue;
          for (const { id, detail } of own) findings.add(id, detail);
        }
      },
    };
  },
};

function ranOf(record: StoredResult | StoredGap): Ran {
  const { id } = record;
  if (record.type === "gap" || record.delivery > 1) return { id, nodes: null, continued: [] };
  const continued = Object.entries(record.results).flatMap(([stage, result]) =>
    result.continuity === "continued" ? [stage] : [],
  );
  return { id, nodes: new Map(record.hops.map(({ stage, node }) => [stage, node])), continued };
}

function checkFirst({ id, continued }: Ran, findings: RuleFindings): void {
  for (const stage of continued) {
    findings.add(id, `Stage "${stage}" continued, and there is no task before it`);
  }
}

function breaksBetween(before: Ran, after: Ran): readonly Break[] {
  return after.continued.flatMap((stage) => {
    const [was, is] = [before.nodes?.get(stage), after.nodes?.get(stage)];
    if (was === undefined || is === undefined || was === is) return [];
    const detail = `Stage "${stage}" continued on "${is}", and ${taskText(before.id)} before it ran on "${was}"`;
    return [{ id: after.id, detail }];
  });
}
