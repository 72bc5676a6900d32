/** How the services of one simulated process load: each takes its time, and while there is a fault some fail or never end. */

import type { WorkerEvent } from "../actors/processor/worker-port.js";
import type { Prng } from "./prng.js";
import type { ClusterShape } from "./shape.js";

/** What is wrong with the loads of a host, whatever process it has. */
export class LoadFaults {
  /** Share of loads that fail. */
  failing = 0;
  /** Those that begin now never end by themselves. */
  hanging = false;
}

interface Load {
  readonly tookMs: number;
  readonly event: Extract<WorkerEvent, { readonly type: "loaded" | "loadFailed" }>;
}

/** Of loads that fail, those that need not be tried again. */
const PERMANENT_SHARE = 0.3;

export class SimulatedLoads {
  readonly #faults: LoadFaults;
  readonly #loadMs: number;
  /** Of those that live, each ends one. */
  readonly #workers = new Set<() => void>();
  #faulty = false;

  constructor(faults: LoadFaults, { loading }: Pick<ClusterShape, "loading">) {
    this.#faults = faults;
    this.#loadMs = loading.loadMs;
  }

  /** Workers that have neither ended nor been ended. */
  get workers(): number {
    return this.#workers.size;
  }

  /** Whether a load has failed, hung or been cut short in this process. */
  get faulty(): boolean {
    return this.#faulty;
  }

  /**
   * A worker begins to load.
   *
   * @param crash ends it as if it had crashed
   * @returns null where that never ends
   */
  begin(prng: Prng, crash: () => void): Load | null {
    this.#workers.add(crash);
    const { hanging, failing } = this.#faults;
    const tookMs = this.#loadMs * (0.2 + 0.8 * prng.next());
    const fails = prng.happens(failing);
    this.#faulty ||= hanging || fails;
    if (hanging) return null;
    if (!fails) return { tookMs, event: { type: "loaded" } };
    const permanent = prng.happens(PERMANENT_SHARE);
    const text = "a fault of the simulation";
    return { tookMs, event: { type: "loadFailed", code: "model-missing", text, permanent } };
  }

  /** A worker has ended, or was ended. */
  ended(crash: () => void): void {
    this.#workers.delete(crash);
  }

  /** The oldest worker crashes: the one whose stage has been here longest. */
  loseOne(): void {
    const [crash] = this.#workers;
    // One that loads still has failed to.
    this.#faulty ||= crash !== undefined;
    crash?.();
  }
}
