/** The host of a simulated cluster that never comes back once it is killed: what it captured others must go on with. */

import type { SimulatedSource } from "./simulated-source.js";

export class LostHost {
  readonly #sources: () => readonly Pick<SimulatedSource, "host" | "candidates">[];
  readonly #isSought: boolean;
  /** Those that are down. */
  readonly #killed = new Set<string>();
  #name: string | null = null;

  /** @param isSought false where every host comes back */
  constructor(isSought: boolean, sources: () => readonly Pick<SimulatedSource, "host" | "candidates">[]) {
    this.#isSought = isSought;
    this.#sources = sources;
  }

  killed(name: string): void {
    this.#killed.add(name);
  }

  /** Whether a host may start. The first that was killed and can be done without is lost. */
  mayStart(name: string): boolean {
    if (this.#killed.delete(name) && this.#isSought && this.#name === null && this.#isReplaceable(name))
      this.#name = name;
    return name !== this.#name;
  }

  isLost(name: string): boolean {
    return name === this.#name;
  }

  /** Of `names`, those that can be done without. */
  replaceable(names: readonly string[]): readonly string[] {
    return this.#isSought ? names.filter((name) => this.#isReplaceable(name)) : [];
  }

  #isReplaceable(name: string): boolean {
    const captured = this.#sources().filter(({ candidates }) => candidates.includes(name));
    const isOwn = this.#sources().some(({ host }) => host === name);
    return !isOwn && captured.length > 0 && captured.every(({ candidates }) => candidates.length > 1);
  }
}
