/**
 * Nodes that want the name of a live source of another node, while things fail and afterwards.
 *
 * RI1 A name that the hub has confirmed stays its node's: whoever else wants it is refused, or told that nobody answers, and captures
 *     nothing. The source goes on, and its records are judged as those of any other.
 */

import { SluiceError } from "../task/errors.js";
import type { Prng } from "./prng.js";
import type { ClusterShape } from "./shape.js";
import type { SimulatedHost } from "./simulated-host.js";
import type { SimulatedSource } from "./simulated-source.js";
import { sourceOptions } from "./source-options.js";
import type { StepListener } from "./step-listener.js";
import type { VirtualTime } from "./virtual-time.js";

export interface RivalsOptions extends StepListener {
  readonly time: VirtualTime;
  readonly prng: Prng;
  readonly shape: ClusterShape;
  readonly hosts: () => readonly SimulatedHost[];
  readonly sources: () => readonly SimulatedSource[];
}

const POLICY = { name: "cloud-only", parameters: {} };
/** Between two that want a name, in ms. */
const WANTS_MS_MIN = 300;
const WANTS_MS_MAX = 3_000;

export class Rivals {
  readonly #options: RivalsOptions;
  /** Those that wait for an answer, by their process. */
  #waiting = 0;
  #over = false;

  constructor(options: RivalsOptions) {
    this.#options = options;
  }

  /** None waits for an answer. */
  get answered(): boolean {
    return this.#waiting === 0;
  }

  /** Has one node after the other want a name, until `end`. */
  start(): void {
    const { time, prng } = this.#options;
    time.after(prng.between(WANTS_MS_MIN, WANTS_MS_MAX), () => {
      if (this.#over) return;
      const wanted = this.#lasting();
      if (wanted.length > 0) void this.#want(prng.pick(wanted));
      this.start();
    });
  }

  /** Has each name wanted once more, and none after that. */
  end(): void {
    this.#over = true;
    for (const source of this.#lasting()) void this.#want(source);
  }

  /** Those that do not end by themselves, and whose names were confirmed. */
  #lasting(): readonly SimulatedSource[] {
    return this.#options
      .sources()
      .filter(
        ({ camera, ended, drained, confirmed }) =>
          camera.frames === null && ended === null && !drained && confirmed,
      );
  }

  async #want(source: SimulatedSource): Promise<void> {
    const { prng, shape, hosts, onViolation, tried } = this.#options;
    const { node, process, name } = prng.pick(hosts().filter((host) => host.name !== source.host));
    if (node === null || process === null) return;
    const captured = (): void => onViolation(`names: ${name} captures "${source.id}" of ${source.host}`);
    this.#waiting += 1;
    // Nobody answers a process that was killed.
    const done = once(() => (this.#waiting -= 1));
    process.onKilled(done);
    try {
      await node.addSource(sourceOptions(source, shape, { process, policy: POLICY, onGiven: captured }));
      onViolation(`names: ${name} was given "${source.id}", which ${source.host} has`);
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      if (error.code === "source-invalid") tried("names a name that another node has");
      else if (error.code === "source-unconfirmed") tried("names a name of which nobody answers");
      // By its own disk.
      else if (!error.code.startsWith("store-"))
        onViolation(`names: ${name} was refused "${source.id}" by "${error.code}": ${error.message}`);
    }
    done();
  }
}

function once(run: () => void): () => void {
  let ran = false;
  return () => {
    if (!ran) run();
    ran = true;
  };
}
