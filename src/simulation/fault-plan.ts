/** What goes wrong in a simulated cluster, and when: drawn from the seed. */

import { assertNever } from "../runtime/errors.js";
import type { Prng } from "./prng.js";
import { type SimulatedHost, HUB } from "./simulated-host.js";
import type { ServiceFaults } from "./simulated-workers.js";
import type { Network } from "./network.js";

export const FAULTS = [
  "killEdge",
  "killHub",
  "cut",
  "silence",
  "slowLink",
  "stall",
  "slowDisk",
  "fullDisk",
  "crashingService",
  "throwingService",
  "swapTable",
] as const;

export type FaultKind = (typeof FAULTS)[number];

export interface Fault {
  readonly kind: FaultKind;
  readonly atMs: number;
  /** The host, or the way from it to the hub. */
  readonly host: string;
  readonly lastsMs: number;
}

/** Table swaps come often, deaths seldom. */
const SHARES: Readonly<Record<FaultKind, number>> = {
  killEdge: 3,
  killHub: 1,
  cut: 2,
  silence: 2,
  slowLink: 2,
  stall: 2,
  slowDisk: 1,
  fullDisk: 1,
  crashingService: 1,
  throwingService: 1,
  swapTable: 6,
};

export function drawFaults(
  prng: Prng,
  {
    kinds,
    hosts,
    fromMs,
    untilMs,
    meanGapMs,
    longestMs,
  }: {
    readonly kinds: readonly FaultKind[];
    readonly hosts: readonly string[];
    readonly fromMs: number;
    readonly untilMs: number;
    readonly meanGapMs: number;
    /** Of one fault. */
    readonly longestMs: number;
  },
): readonly Fault[] {
  const weighted = kinds.flatMap((kind) => Array.from({ length: SHARES[kind] }, () => kind));
  const edges = hosts.filter((name) => name !== HUB);
  const faults: Fault[] = [];
  if (weighted.length === 0) return faults;
  for (let atMs = fromMs; ;) {
    atMs += prng.between(meanGapMs / 4, 2 * meanGapMs - meanGapMs / 4);
    if (atMs >= untilMs) return faults;
    const kind = prng.pick(weighted);
    const anywhere = kind === "stall" || kind === "slowDisk" || kind === "fullDisk";
    const host = kind === "killHub" ? HUB : prng.pick(anywhere ? hosts : edges);
    faults.push({ kind, atMs, host, lastsMs: prng.between(longestMs / 50, longestMs) });
  }
}

/** What faults act on. */
export interface FaultTargets {
  readonly host: (name: string) => SimulatedHost;
  readonly network: Network;
  readonly services: ServiceFaults;
  readonly restart: (name: string) => void;
  readonly swapTable: () => void;
}

/** Makes it happen. @returns ends it; idempotent */
export function inject(
  fault: Fault,
  { host, network, services, restart, swapTable }: FaultTargets,
): () => void {
  const { kind, host: name } = fault;
  switch (kind) {
    case "killEdge":
    case "killHub":
      host(name).kill();
      return () => restart(name);
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
      const { process } = host(name);
      process?.pause();
      return () => process?.resume();
    }
    case "slowDisk":
    case "fullDisk": {
      const { disk } = host(name);
      disk.health = kind === "slowDisk" ? "slow" : "full";
      return () => void (disk.health = "healthy");
    }
    case "crashingService":
      services.crashes = 0.2;
      return () => void (services.crashes = 0);
    case "throwingService":
      services.throws = 0.05;
      return () => void (services.throws = 0);
    case "swapTable":
      swapTable();
      return () => {};
    default:
      return assertNever(kind);
  }
}
