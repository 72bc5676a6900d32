/** What an audit finds wrong: the first findings one by one, the rest as counts. */

import type { SourceId, TaskId } from "../task/identity.js";

/** What each means stands at the head of `audit.ts`. Codes are kept for ever. */
export const AUDIT_RULES = ["lost", "doubled", "position", "hops", "epoch", "bounds", "attempt"] as const;

export type AuditRule = (typeof AUDIT_RULES)[number];

export interface Finding {
  readonly rule: AuditRule;
  readonly source: SourceId;
  /** Null where it is of no single task. */
  readonly task: TaskId | null;
  /** One sentence for people. */
  readonly detail: string;
}

/** Findings that are kept; those after them are only counted. */
export const FINDINGS_MAX = 1_000;

export class FindingList {
  readonly #kept: Finding[] = [];
  readonly #byRule = new Map<AuditRule, number>();
  readonly #byIncarnation = new Map<string, number>();
  #count = 0;

  /** The first ones, in the order found. */
  get kept(): readonly Finding[] {
    return this.#kept;
  }

  get count(): number {
    return this.#count;
  }

  /** Whether one more is only counted. */
  get full(): boolean {
    return this.#kept.length >= FINDINGS_MAX;
  }

  countOf(rule: AuditRule): number {
    return this.#byRule.get(rule) ?? 0;
  }

  /** Of the tasks of one incarnation of a source. */
  countIn(incarnation: Pick<TaskId, "sourceId" | "incarnation">): number {
    return this.#byIncarnation.get(incarnationText(incarnation)) ?? 0;
  }

  add(rule: AuditRule, task: TaskId, detail: string): void {
    if (!this.full) this.#kept.push({ rule, source: task.sourceId, task, detail });
    this.addUnnamed(rule, task, 1);
  }

  /** Counts findings that nobody will read. */
  addUnnamed(rule: AuditRule, incarnation: Pick<TaskId, "sourceId" | "incarnation">, count: number): void {
    const key = incarnationText(incarnation);
    this.#count += count;
    this.#byRule.set(rule, this.countOf(rule) + count);
    this.#byIncarnation.set(key, (this.#byIncarnation.get(key) ?? 0) + count);
  }
}

/** `source/incarnation`. */
export function incarnationText({ sourceId, incarnation }: Pick<TaskId, "sourceId" | "incarnation">): string {
  return `${sourceId}/${incarnation}`;
}

/** `source/incarnation/sequence`, as people write it. */
export function taskText(id: TaskId): string {
  return `${incarnationText(id)}/${id.sequence}`;
}
