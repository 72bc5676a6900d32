/** What goes wrong in a simulated cluster, and when: drawn from the seed. */

import type { Prng } from "./prng.js";
import { HUB } from "./host-names.js";

export const FAULTS = [
  "killEdge",
  "killHub",
  "cut",
  "silence",
  "slowLink",
  "stall",
  "slowDisk",
  "fullDisk",
  "failingDisk",
  "crashingService",
  "throwingService",
  "swapTable",
  "failingActor",
  "leave",
  "suspend",
  "driftingClock",
  "lateAppend",
  "hostileMember",
  "drain",
  "revoke",
  "failingLoad",
  "hangingLoad",
  "lostWorker",
] as const;

export type FaultKind = (typeof FAULTS)[number];

export interface Fault {
  readonly kind: FaultKind;
  readonly atMs: number;
  /** The host that fails, or whose path to the hub does. */
  readonly host: string;
  readonly lastsMs: number;
}

/** How often each kind is drawn, relative to the others: table swaps often, a dead hub seldom. */
const SHARES: Readonly<Record<FaultKind, number>> = {
  killEdge: 3,
  killHub: 1,
  cut: 2,
  silence: 2,
  slowLink: 2,
  stall: 2,
  slowDisk: 1,
  fullDisk: 1,
  failingDisk: 1,
  crashingService: 1,
  throwingService: 1,
  swapTable: 6,
  failingActor: 2,
  leave: 1,
  suspend: 1,
  driftingClock: 1,
  lateAppend: 1,
  hostileMember: 2,
  drain: 1,
  revoke: 1,
  failingLoad: 2,
  hangingLoad: 1,
  lostWorker: 1,
};

const ANYWHERE: ReadonlySet<FaultKind> = new Set([
  "stall",
  "slowDisk",
  "fullDisk",
  "failingDisk",
  "failingActor",
  "failingLoad",
  "hangingLoad",
  "lostWorker",
]);
/** Also of hosts that have no node. */
const PATHS: ReadonlySet<FaultKind> = new Set(["cut", "silence", "slowLink"]);
const ON_HUB: ReadonlySet<FaultKind> = new Set(["killHub", "lateAppend"]);

/** Draws faults between `fromMs` and `untilMs`, in order of time. */
export function drawFaults(
  prng: Prng,
  {
    kinds,
    hosts,
    beside = [],
    fromMs,
    untilMs,
    meanGapMs,
    longestMs,
  }: {
    readonly kinds: readonly FaultKind[];
    /** That have a node. */
    readonly hosts: readonly string[];
    /** Others that have a path to the hub. */
    readonly beside?: readonly string[];
    readonly fromMs: number;
    readonly untilMs: number;
    readonly meanGapMs: number;
    /** Of one fault; it lasts at least a fiftieth of this. */
    readonly longestMs: number;
  },
): readonly Fault[] {
  const weighted = kinds.flatMap((kind) => Array.from({ length: SHARES[kind] }, () => kind));
  const edges = hosts.filter((name) => name !== HUB);
  const faults: Fault[] = [];
  const hostsOf = (kind: FaultKind): readonly string[] => {
    if (ON_HUB.has(kind)) return [HUB];
    if (PATHS.has(kind)) return [...edges, ...beside];
    return ANYWHERE.has(kind) ? hosts : edges;
  };
  if (weighted.length === 0) return faults;
  for (let atMs = fromMs; ;) {
    atMs += prng.between(meanGapMs / 4, 2 * meanGapMs - meanGapMs / 4);
    if (atMs >= untilMs) return faults;
    const kind = prng.pick(weighted);
    const host = prng.pick(hostsOf(kind));
    faults.push({ kind, atMs, host, lastsMs: prng.between(longestMs / 50, longestMs) });
  }
}
