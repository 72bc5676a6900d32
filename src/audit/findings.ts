/** What an audit finds wrong: the first findings one by one, the rest as counts. */

import type { SourceId, TaskId } from "../task/identity.js";

/** One thing that does not add up. */
export interface Finding<Rule extends string = string> {
  /** Code of the rule that is broken. */
  readonly rule: Rule;
  /** Null where it is of no single source. */
  readonly source: SourceId | null;
  /** Null where it is of no single task. */
  readonly task: TaskId | null;
  /** One sentence for people. */
  readonly detail: string;
}

/** An incarnation of a source. */
export type IncarnationId = Pick<TaskId, "sourceId" | "incarnation">;

/** Where one rule reports what it finds. */
export interface RuleFindings {
  /** Whether one more finding is only counted. */
  readonly full: boolean;
  add(task: TaskId, detail: string): void;
  addOf(source: SourceId, detail: string): void;
  addOfRun(detail: string): void;
  /** Counts findings that are not kept. */
  addUnnamed(incarnation: IncarnationId, count: number): void;
}

/** Findings that are kept; those after them are only counted. */
export const FINDINGS_MAX = 1_000;

export class FindingList<Rule extends string> {
  readonly #kept: Finding<Rule>[] = [];
  readonly #byRule = new Map<Rule, number>();
  readonly #byIncarnation = new Map<string, number>();
  #count = 0;

  /** The first ones, in the order found. */
  get kept(): readonly Finding<Rule>[] {
    return this.#kept;
  }

  get count(): number {
    return this.#count;
  }

  countOf(rule: Rule): number {
    return this.#byRule.get(rule) ?? 0;
  }

  /** Of the tasks of one incarnation of a source. */
  countIn(incarnation: IncarnationId): number {
    return this.#byIncarnation.get(incarnationText(incarnation)) ?? 0;
  }

  /** Adds to this list under the code of one rule. */
  under(rule: Rule): RuleFindings {
    const isFull = (): boolean => this.#kept.length >= FINDINGS_MAX;
    return {
      get full() {
        return isFull();
      },
      add: (task, detail) => {
        if (!isFull()) this.#kept.push({ rule, source: task.sourceId, task, detail });
        this.#addCount(rule, task, 1);
      },
      addOf: (source, detail) => {
        if (!isFull()) this.#kept.push({ rule, source, task: null, detail });
        this.#addCount(rule, null, 1);
      },
      addOfRun: (detail) => {
        if (!isFull()) this.#kept.push({ rule, source: null, task: null, detail });
        this.#addCount(rule, null, 1);
      },
      addUnnamed: (incarnation, count) => this.#addCount(rule, incarnation, count),
    };
  }

  #addCount(rule: Rule, incarnation: IncarnationId | null, count: number): void {
    this.#count += count;
    this.#byRule.set(rule, this.countOf(rule) + count);
    if (incarnation === null) return;
    const key = incarnationText(incarnation);
    this.#byIncarnation.set(key, (this.#byIncarnation.get(key) ?? 0) + count);
  }
}

/** `source/incarnation`. */
export function incarnationText({ sourceId, incarnation }: IncarnationId): string {
  return `${sourceId}/${incarnation}`;
}

/** `source/incarnation/sequence`, as people write it. */
export function taskText(id: TaskId): string {
  return `${incarnationText(id)}/${id.sequence}`;
}
