/** The nodes that the tasks of a source are bound to, those of them that are gone, and where their tasks go instead. */

import type { NodeName, StageId } from "../../../task/identity.js";
import type { Cursor, Pin } from "../../../task/task.js";
import type { Unsettled } from "./unsettled.js";

/** The nodes that are fixed in a task: where its joins wait, and where its stateful stages run. */
export interface TaskNodes {
  readonly joinNodes: ReadonlyMap<Cursor, NodeName>;
  readonly statefulNodes: ReadonlyMap<StageId, NodeName>;
  /** Every node that may have a part in the tasks. */
  readonly placedOn: readonly NodeName[];
}

export class Placement {
  /** Where tasks are stored: each one needs it. */
  readonly #cloud: NodeName;
  readonly #gone = new Set<NodeName>();
  /** Tasks pinned so far, by stage and node. */
  readonly #pinned = new Map<string, number>();
  #nodes: TaskNodes;

  /** @param nodes in force until a plan gives others */
  constructor(cloud: NodeName, nodes: TaskNodes) {
    this.#cloud = cloud;
    this.#nodes = nodes;
  }

  /** Of the newest plan. */
  get placedOn(): readonly NodeName[] {
    return this.#nodes.placedOn;
  }

  plan(nodes: TaskNodes): void {
    this.#nodes = nodes;
  }

  nodeGone(node: NodeName): void {
    this.#gone.add(node);
  }

  /** @returns whether it was gone */
  nodeBack(node: NodeName): boolean {
    return this.#gone.delete(node);
  }

  mayBeOn({ placedOn }: Unsettled, node: NodeName): boolean {
    return node === this.#cloud || placedOn.has(node);
  }

  /** Each node that runs a stateful stage numbers the tasks that are bound to it there. */
  pin(nodes: ReadonlyMap<StageId, NodeName>): ReadonlyMap<StageId, Pin> {
    const pins = new Map<StageId, Pin>();
    for (const [stage, node] of nodes) {
      const place = `${stage} ${node}`;
      const ordinal = this.#pinned.get(place) ?? 0;
      this.#pinned.set(place, ordinal + 1);
      pins.set(stage, { node, ordinal });
    }
    return pins;
  }

  /**
   * Before a delivery: joins and stateful stages on nodes that are gone move to those that the plan names.
   *
   * @returns whether every node that the task needs is there
   */
  place(unsettled: Unsettled): boolean {
    if (this.#gone.size === 0) return true;
    if (unsettled.drop === null && !this.#gone.has(this.#cloud)) this.#move(unsettled);
    return !this.#needsGone(unsettled);
  }

  #move(unsettled: Unsettled): void {
    const { joinNodes, statefulNodes } = this.#nodes;
    const { task } = unsettled;
    if ([...task.joinNodes.values()].some((node) => this.#gone.has(node))) {
      const moved = [...task.joinNodes].map(
        ([cursor, node]) => [cursor, this.#gone.has(node) ? (joinNodes.get(cursor) ?? node) : node] as const,
      );
      unsettled.task = { ...unsettled.task, joinNodes: new Map(moved) };
    }
    const lost = [...task.pins].filter(([, { node }]) => this.#gone.has(node));
    const placeable = lost.flatMap(([stage, { node }]) => {
      const other = statefulNodes.get(stage) ?? node;
      return this.#gone.has(other) ? [] : [[stage, other] as const];
    });
    if (placeable.length === 0) return;
    const pins = new Map([...task.pins, ...this.pin(new Map(placeable))]);
    unsettled.task = { ...unsettled.task, pins };
  }

  #needsGone({ drop, task }: Unsettled): boolean {
    const gone = (node: NodeName): boolean => this.#gone.has(node);
    if (gone(this.#cloud)) return true;
    if (drop !== null) return false;
    return [...task.joinNodes.values()].some(gone) || [...task.pins.values()].some(({ node }) => gone(node));
  }
}
