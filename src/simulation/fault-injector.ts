/** Makes the faults of a plan happen, and ends them. */

import { assertNever } from "../runtime/errors.js";
import type { Fault } from "./fault-plan.js";
import type { History } from "./history.js";
import type { SimulatedCluster } from "./simulated-cluster.js";
import { HUB } from "./host-names.js";
import type { ServiceFaults } from "./simulated-workers.js";
import type { VirtualTime } from "./virtual-time.js";

/** What faults act on. */
export interface FaultTargets {
  readonly cluster: SimulatedCluster;
  readonly serviceFaults: ServiceFaults;
}

export class FaultInjector {
  readonly #time: VirtualTime;
  readonly #history: History;
  readonly #targets: FaultTargets;
  /** Of the faults that last. */
  readonly #ends = new Set<() => void>();

  constructor(time: VirtualTime, history: History, targets: FaultTargets) {
    this.#time = time;
    this.#history = history;
    this.#targets = targets;
  }

  /** Injects the fault at its time and ends it when it has lasted as long as it should. */
  schedule(fault: Fault): void {
    const { kind, atMs, host, lastsMs } = fault;
    this.#time.at(atMs, () => {
      this.#history.add(`${kind} ${host} ${lastsMs}`);
      const undo = inject(fault, this.#targets);
      const end = (): void => {
        if (this.#ends.delete(end)) undo();
      };
      this.#ends.add(end);
      this.#time.after(lastsMs, end);
    });
  }

  /** Ends the faults that still last. */
  endAll(): void {
    for (const end of this.#ends) end();
  }
}

/** A bad clock gains or loses this share of the time that passes: 20 times what a quartz does in the cold, to show in a run. */
const DRIFT = 0.002;

/** Makes a fault happen. @returns undoes it; idempotent */
function inject({ kind, host: name, atMs }: Fault, { cluster, serviceFaults }: FaultTargets): () => void {
  const { network } = cluster;
  switch (kind) {
    case "killEdge":
    case "killHub":
      cluster.kill(name);
      return () => cluster.start(name);
    case "cut":
      network.cut(name, HUB);
      return () => network.heal(name, HUB);
    case "silence":
      network.silence(name, HUB);
      return () => network.heal(name, HUB);
    case "slowLink":
      network.slow(name, HUB, 100);
      return () => network.heal(name, HUB);
    case "stall": {
      const { process } = cluster.host(name);
      process?.pause();
      return () => process?.resume();
    }
    case "slowDisk":
    case "fullDisk": {
      const { disk } = cluster.host(name);
      disk.health = kind === "slowDisk" ? "slow" : "full";
      return () => void (disk.health = "healthy");
    }
    case "failingDisk": {
      const { disk } = cluster.host(name);
      disk.health = "failing";
      // One sync fails once writes are taken again.
      disk.failingSyncs = 1;
      return () => void (disk.health = "healthy");
    }
    case "crashingService":
      serviceFaults.crashes = 0.2;
      return () => void (serviceFaults.crashes = 0);
    case "throwingService":
      serviceFaults.throws = 0.05;
      return () => void (serviceFaults.throws = 0);
    case "swapTable":
      cluster.swapTable();
      return () => {};
    case "failingActor":
      cluster.host(name).actorFaults.fail();
      return () => cluster.host(name).actorFaults.end();
    case "leave":
      cluster.host(name).leave();
      return () => cluster.start(name);
    case "drain":
      cluster.drain(name);
      return () => cluster.start(name);
    case "revoke":
      cluster.tokens?.revoke(name);
      return () => {};
    case "suspend": {
      const { process } = cluster.host(name);
      process?.suspend();
      return () => process?.resume();
    }
    case "driftingClock": {
      const { process } = cluster.host(name);
      process?.drift(atMs % 2 === 0 ? DRIFT : -DRIFT);
      return () => process?.drift(0);
    }
    case "lateAppend": {
      const { disk } = cluster.host(name);
      disk.failsLate = true;
      return () => void (disk.failsLate = false);
    }
    case "failingLoad": {
      const { loadFaults } = cluster.host(name);
      loadFaults.failing = 0.7;
      cluster.host(name).loseWorker();
      return () => void (loadFaults.failing = 0);
    }
    case "hangingLoad": {
      const { loadFaults } = cluster.host(name);
      loadFaults.hanging = true;
      cluster.host(name).loseWorker();
      return () => void (loadFaults.hanging = false);
    }
    case "lostWorker":
      cluster.host(name).loseWorker();
      return () => {};
    case "hostileMember":
      return cluster.letHostileIn(atMs);
    default:
      return assertNever(kind);
  }
}
