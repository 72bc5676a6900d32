/** The nodes that are gone now, which the sources of a node are told: those that run, and those that start later. */

import type { GeneratorMessage } from "../actors/protocol/generator.js";
import type { NodeName } from "../task/identity.js";

type Gone = Extract<GeneratorMessage, { readonly type: "nodeGone" }>;

/** That are remembered; those that went first are forgotten first. */
const REMEMBERED_MAX = 256;

export class GoneNodes {
  readonly #gone = new Map<NodeName, Gone>();

  /** What a source is told that starts now. */
  get news(): Iterable<Gone> {
    return this.#gone.values();
  }

  add(gone: Gone): void {
    this.#gone.delete(gone.node);
    this.#gone.set(gone.node, gone);
    const [first] = this.#gone.keys();
    if (this.#gone.size > REMEMBERED_MAX && first !== undefined) this.#gone.delete(first);
  }

  back(node: NodeName): void {
    this.#gone.delete(node);
  }
}
