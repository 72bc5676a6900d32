/** What each node has said that it has loaded, and since when it is to have loaded what it has not. */

import { stageKeyText, type NodeName, type StageKey } from "../../task/identity.js";
import type { ModelInUse } from "../../task/model-in-use.js";
import type { Deployment } from "../../task/routing-table.js";

export interface Overdue {
  readonly node: NodeName;
  readonly stage: StageKey;
}

/** Since when, by node and then stage. */
type Awaited = Map<NodeName, Map<string, { readonly stage: StageKey; readonly sinceMs: number }>>;

export class LoadedStages {
  /** By node, `pipeline@version/stage:variant`. A node that is not here has said nothing yet. */
  readonly #loaded = new Map<NodeName, ReadonlySet<string>>();
  /** Which versions of models they run, for people. */
  readonly #models = new Map<NodeName, readonly ModelInUse[]>();
  #awaited: Awaited = new Map();

  /** @returns whether that is something new for where tasks go */
  report(node: NodeName, stages: readonly StageKey[], models: readonly ModelInUse[] = []): boolean {
    this.#models.set(node, models);
    const before = this.#loaded.get(node);
    const now = new Set(stages.map(stageKeyText));
    this.#loaded.set(node, now);
    return before?.size !== now.size || [...now].some((text) => !before.has(text));
  }

  /** The node is gone, or another process. */
  forget(node: NodeName): void {
    this.#loaded.delete(node);
    this.#models.delete(node);
    this.#awaited.delete(node);
  }

  /** Null of a node that has not said yet what it has. */
  has(node: NodeName, stage: StageKey): boolean | null {
    return this.#loaded.get(node)?.has(stageKeyText(stage)) ?? null;
  }

  modelsOf(node: NodeName): readonly ModelInUse[] {
    return this.#models.get(node) ?? [];
  }

  /** From now on each node is to load what it has not of these; of what was awaited before the time goes on. */
  expect(deployments: readonly Deployment[], nowMs: number): void {
    const awaited: Awaited = new Map();
    for (const { stage, nodes } of deployments) {
      const text = stageKeyText(stage);
      for (const node of nodes) {
        if (this.#loaded.get(node)?.has(text) === true) continue;
        const onNode =
          awaited.get(node) ?? new Map<string, { readonly stage: StageKey; readonly sinceMs: number }>();
        awaited.set(node, onNode);
        onNode.set(text, { stage, sinceMs: this.#awaited.get(node)?.get(text)?.sinceMs ?? nowMs });
      }
    }
    this.#awaited = awaited;
  }

  /** What should be loaded since `limitMs`, once: the time begins anew. */
  takeOverdue(limitMs: number, nowMs: number): readonly Overdue[] {
    const overdue: Overdue[] = [];
    for (const [node, stages] of this.#awaited) {
      for (const [text, { stage, sinceMs }] of stages) {
        if (nowMs - sinceMs < limitMs) continue;
        stages.set(text, { stage, sinceMs: nowMs });
        if (this.#loaded.get(node)?.has(text) !== true) overdue.push({ node, stage });
      }
    }
    return overdue;
  }
}
