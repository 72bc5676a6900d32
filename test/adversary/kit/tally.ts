/** What runs of attacks come to together: each test file tells its own, and whoever has run several of them adds them up. */

import { FUZZ_ATTACKS, FUZZED_RECORDS } from "../fuzz/attacks.js";
import type { Attack, Villain } from "./attack.js";
import { added, sumOf, type Counts } from "./counts.js";
import { HUB_BYTES_MAX, type Outcome } from "./play.js";

/** Plain data, so that it may be told as a line of JSON. */
export interface Tally {
  readonly attacks: readonly (Pick<Attack, "id" | "who" | "expected" | "against"> & {
    readonly held: boolean;
  })[];
  readonly counted: Counts;
  /** Of honest tasks beside attacks that held, and before the first one of each scene: from source to stored, in ms. */
  readonly latencyMs: readonly number[];
  readonly calmMs: readonly number[];
  readonly hubPeakBytes: number;
}

/** At the head of the line. */
export const TALLY_MARK = "FIGURES ";

const VILLAINS: Readonly<Record<Villain, string>> = {
  stranger: "strangers",
  edge: "edges",
  operator: "operators",
  page: "pages",
  disk: "disks",
  clock: "clocks",
  machine: "machines",
  file: "files",
};

export function tallyOf(outcomes: readonly Outcome[]): Tally {
  const beside = outcomes.filter(({ breach, attack }) => attack.against === "cluster" && breach === null);
  return {
    attacks: outcomes.map(({ attack: { id, who, expected, against }, breach }) => ({
      id,
      who,
      expected,
      against,
      held: breach === null,
    })),
    counted: added(outcomes.map(({ counted }) => counted)),
    latencyMs: beside.flatMap(({ latencyMs }) => latencyMs.map(tenths)),
    calmMs: outcomes.flatMap(({ calmMs }) => calmMs.map(tenths)),
    hubPeakBytes: Math.max(0, ...outcomes.map(({ hubPeakBytes }) => hubPeakBytes)),
  };
}

export function tallyText(tallies: readonly Tally[]): string {
  const attacks = tallies.flatMap((tally) => tally.attacks);
  const held = attacks.filter((attack) => attack.held);
  const counted = added(tallies.map((tally) => tally.counted));
  const beside = held.filter(({ against }) => against === "cluster").length;
  const peakBytes = Math.max(0, ...tallies.map(({ hubPeakBytes }) => hubPeakBytes));
  const survived = held.filter(({ expected }) => expected === "survived").length;
  const fuzzed = held.filter(({ id }) => id.includes(".fuzz-")).length === FUZZ_ATTACKS ? FUZZED_RECORDS : 0;
  return [
    `Attacks          ${attacks.length}, of which ${held.length} held: ${byVillain(attacks)}`,
    `Refused          ${held.length - survived} were told no or dropped for the reason they should be, ${survived} came to nothing`,
    `Counted          ${sumOf(counted)} messages and attempts: ${byKind(counted)}`,
    `Undisturbed      honest streams went on through ${beside} attacks on their cluster: ` +
      `${latencyText(tallies.flatMap(({ latencyMs }) => latencyMs))}; before any: ${latencyText(tallies.flatMap(({ calmMs }) => calmMs))}`,
    `Memory           the hub held at most ${mib(peakBytes)} MiB, of ${mib(HUB_BYTES_MAX)} that it may`,
    `Fuzzed           ${fuzzed} records at the handshake and behind it`,
    `Open             ${attacks.length - held.length} succeed`,
  ].join("\n");
}

function byVillain(attacks: Tally["attacks"]): string {
  return Object.entries(VILLAINS)
    .flatMap(([villain, name]) => {
      const own = attacks.filter(({ who }) => who === villain);
      return own.length === 0 ? [] : [`${name} ${own.filter(({ held }) => held).length} of ${own.length}`];
    })
    .join(", ");
}

function byKind(counts: Counts): string {
  return Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(", ");
}

function latencyText(latencies: readonly number[]): string {
  const sorted = [...latencies].sort((a, b) => a - b);
  return `${sorted.length} tasks, ${at(sorted, 0.5)} ms p50, ${at(sorted, 0.99)} ms p99 from source to stored`;
}

function at(sorted: readonly number[], share: number): string {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return value === undefined ? "-" : value.toFixed(1);
}

const tenths = (ms: number): number => Math.round(ms * 10) / 10;

export function mib(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
