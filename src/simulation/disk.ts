/**
 * The disk of a simulated host. It outlives every process.
 *
 * SK1 A write is whole, half there or not there at all. One that fails may have left its half, or be there as a whole.
 * SK2 What is synced is durable. Of what was written and not synced a prefix is there once the power is lost, and all of it
 *     where only the process was killed.
 * SK3 Of what a process was writing when it died a prefix is there, and perhaps a half of the next write.
 */

import { assertNever } from "../runtime/errors.js";
import { SluiceError } from "../task/errors.js";
import type { Prng } from "./prng.js";
import type { SimulatedProcess } from "./simulated-process.js";
import type { VirtualTime } from "./virtual-time.js";

/** What became of a write. */
export type Fate = "whole" | "half" | "nothing";

/** A write that the disk has accepted and not finished. */
interface Write {
  readonly apply: (fate: Fate) => void;
  readonly process: SimulatedProcess;
}

/** `full` and `failing` fail every write. */
export type DiskHealth = "healthy" | "slow" | "full" | "failing";

export class Disk {
  health: DiskHealth = "healthy";
  /** The next syncs fail, so many of them. */
  failingSyncs = 0;
  /** Every third write fails after it was made. */
  failsLate = false;
  #written = 0;
  readonly #time: VirtualTime;
  readonly #prng: Prng;
  readonly #onPowerLost: (() => void)[] = [];
  /** In order. */
  #writes: Write[] = [];
  #lastAtMs = 0;

  constructor(time: VirtualTime, prng: Prng) {
    this.#time = time;
    this.#prng = prng;
  }

  get prng(): Prng {
    return this.#prng;
  }

  /** Calls back as the power is lost, for what lies on the disk. */
  onPowerLost(callback: () => void): void {
    this.#onPowerLost.push(callback);
  }

  /**
   * Writes: `apply` puts as much on the disk as the fate of the write says. Resolves once it is there.
   *
   * @throws SluiceError `store-full`, `store-unwritable`
   */
  write(process: SimulatedProcess, apply: (fate: Fate) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (process.killed) return;
      const write: Write = { process, apply };
      this.#writes.push(write);
      const delayMs = (this.health === "slow" ? 200 : 1) * (0.5 + this.#prng.next());
      this.#lastAtMs = Math.max(this.#lastAtMs, this.#time.nowMs + delayMs);
      this.#time.at(this.#lastAtMs, () => {
        const at = this.#writes.indexOf(write);
        if (at < 0) return;
        this.#writes.splice(at, 1);
        const failure = failureOf(this.health);
        if (failure !== null) {
          apply(this.#prng.happens(0.5) ? "half" : "nothing");
          process.run(() => reject(failure));
          return;
        }
        apply("whole");
        this.#written += 1;
        const late = this.failsLate && this.#written % 3 === 0;
        process.run(() => (late ? reject(unwritable()) : resolve()));
      });
    });
  }

  /** Whether a sync fails now. */
  syncFails(): boolean {
    if (this.failingSyncs === 0) return false;
    this.failingSyncs -= 1;
    return true;
  }

  /** A process was killed, and with it the power lost or not. */
  crashed(process: SimulatedProcess): void {
    const own = this.#writes.filter((write) => write.process === process);
    this.#writes = this.#writes.filter((write) => write.process !== process);
    const whole = this.#prng.between(0, own.length);
    for (const { apply } of own.slice(0, whole)) apply("whole");
    if (this.#prng.happens(0.5)) own[whole]?.apply("half");
    if (this.#prng.happens(0.5)) for (const lose of this.#onPowerLost) lose();
  }
}

export function syncFailure(): SluiceError {
  return new SluiceError("Cannot sync as the disk fails", { code: "store-unwritable", retry: "backoff" });
}

function failureOf(health: DiskHealth): SluiceError | null {
  switch (health) {
    case "healthy":
    case "slow":
      return null;
    case "full":
      return new SluiceError("Cannot write as the disk is full: free space", {
        code: "store-full",
        retry: "backoff",
      });
    case "failing":
      return unwritable();
    default:
      return assertNever(health);
  }
}

function unwritable(): SluiceError {
  return new SluiceError("Cannot write as the disk fails", { code: "store-unwritable", retry: "backoff" });
}
