/**
 * What must be gone once every source has ended and nothing is under way: what a node still holds then, it holds for ever.
 * States are looked at as they pass through the behaviours of a simulated node, so that production needs no way in.
 */

import type { ControllerRetained } from "../actors/controller/state.js";
import type { DistributorRetained } from "../actors/distributor/state.js";
import type { SluiceNode } from "../node/node.js";
import { HOSTILE } from "./hostile/hostile-member.js";
import type { Decorate } from "../runtime/system-options.js";
import { taskCount } from "../actors/controller/stage-inbox.js";

/** The parts of a node that grow with tasks, of its newest incarnation. */
export class HeldState {
  #controller: ControllerRetained | null = null;
  #distributor: DistributorRetained | null = null;

  /** The node starts again. */
  forget(): void {
    this.#controller = null;
    this.#distributor = null;
  }

  readonly decorate: Decorate = (name, behaviour) => {
    if (name !== "controller" && name !== "distributor") return behaviour;
    return {
      ...behaviour,
      start: (ctx) => {
        const state = behaviour.start(ctx);
        // The names of components are the node's own.
        const { retained } = state as { readonly retained: unknown };
        if (name === "controller") this.#controller = retained as ControllerRetained;
        else this.#distributor = retained as DistributorRetained;
        return state;
      },
    };
  };

  /** @returns what is left and how much of it, where it is any */
  left(): ReadonlyMap<string, number> {
    return new Map([...this.#ofController(), ...this.#ofDistributor()].filter(([, count]) => count !== 0));
  }

  /** Of that, what is of the sources of other nodes, too. */
  ofOthers(): readonly (readonly [string, number])[] {
    return [...this.left()].filter(([what]) => OF_OTHERS.has(what));
  }

  /** Stages that the node has. */
  get stages(): number {
    return this.#controller?.inboxes.size ?? 0;
  }

  #ofController(): readonly (readonly [string, number])[] {
    if (this.#controller === null) return [];
    const { joins, inboxes, generators, parked } = this.#controller;
    const tasks = [...inboxes.values()].reduce((sum, inbox) => sum + taskCount(inbox), 0);
    const answers = Math.max(0, ...[...inboxes.values()].map((inbox) => inbox.answers.size));
    return [
      ["joins", joins.open.size],
      ["tasks in inboxes", tasks],
      ["answers beyond their bound", answers > ANSWERS_MAX ? answers : 0],
      ["generators", generators.size],
      ["parked tasks", parked.length],
      ["stages", [...inboxes.values()].filter(({ key }) => !key.pipelineId.includes(HOSTILE)).length],
    ];
  }

  #ofDistributor(): readonly (readonly [string, number])[] {
    if (this.#distributor === null) return [];
    const { pending, pendingBytes, writing } = this.#distributor;
    return [
      ["pending records", pending.size],
      ["pending bytes", pendingBytes],
      ["writes under way", writing.status === "idle" ? 0 : 1],
    ];
  }
}

const OF_OTHERS: ReadonlySet<string> = new Set(["joins", "tasks in inboxes", "parked tasks"]);
/** As docs/semantics.md says: a stateful stage remembers so many answers. */
const ANSWERS_MAX = 1_024;

/** What the links of a node still hold back. */
export function queuedBytes(node: SluiceNode): number {
  return (node.cluster?.links ?? []).reduce((sum, link) => sum + link.queuedBytes, 0);
}

/** The members that a node knows, as text that is the same on every node that knows the same. */
export function membersOf(node: SluiceNode): string {
  const members = [...(node.cluster?.members.values() ?? [])];
  return members
    .map(({ name, session }) => `${name}/${session}`)
    .sort()
    .join(" ");
}
