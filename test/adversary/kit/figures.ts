/** What a run of attacks came to, as a table. */

import type { Villain } from "./attack.js";
import { added, sumOf, type Counts } from "./counts.js";
import { HUB_BYTES_MAX, type Outcome } from "./play.js";

const VILLAINS: Readonly<Record<Villain, string>> = {
  stranger: "strangers",
  edge: "edges",
  operator: "operators",
  disk: "disks",
  clock: "clocks",
  machine: "machines",
  file: "files",
};

export function figures(outcomes: readonly Outcome[]): string {
  const lines = outcomes.map(({ attack, breach, counted, hubPeakBytes }) => {
    const state = breach === null ? attack.expected : "OPEN";
    const got = breach ?? Object.keys(counted).sort().join(", ");
    return `${state.padEnd(9)} ${attack.id.padEnd(34)} ${String(sumOf(counted)).padStart(7)} ${String(mib(hubPeakBytes)).padStart(7)}  ${got}`.trimEnd();
  });
  const held = outcomes.filter(({ breach }) => breach === null);
  const undisturbed = outcomes.filter(
    ({ breach, attack }) => attack.against === "cluster" && breach === null,
  );
  const latencies = undisturbed.flatMap(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
  const counted = added(outcomes.map((outcome) => outcome.counted));
  const calm = outcomes.flatMap(({ calmMs }) => calmMs).sort((a, b) => a - b);
  const villains = Object.entries(VILLAINS).flatMap(([villain, name]) => {
    const own = outcomes.filter(({ attack }) => attack.who === villain);
    const kept = own.filter(({ breach }) => breach === null).length;
    return own.length === 0 ? [] : [`${name} ${kept} of ${own.length}`];
  });
  return [
    `${"outcome".padEnd(9)} ${"attack".padEnd(34)} ${"counted".padStart(7)} ${"hub MiB".padStart(7)}  as what, or what it got`,
    ...lines,
    "",
    `Attacks          ${outcomes.length}, of which ${held.length} held: ${villains.join(", ")}`,
    `Refused          ${held.filter(({ attack }) => attack.expected !== "survived").length} attacks were told no or dropped for the reason they should be, ` +
      `${held.filter(({ attack }) => attack.expected === "survived").length} came to nothing`,
    `Counted          ${sumOf(counted)} messages and attempts: ${byKind(counted)}`,
    `Undisturbed      honest streams went on through ${undisturbed.length} attacks on their cluster: ${latencyText(latencies)}` +
      (calm.length === 0 ? "" : `; before any: ${latencyText(calm)}`),
    `Memory           the hub held at most ${mib(Math.max(0, ...outcomes.map(({ hubPeakBytes }) => hubPeakBytes)))} MiB, of ${mib(HUB_BYTES_MAX)} that it may`,
    `Open             ${outcomes.length - held.length} succeed`,
  ].join("\n");
}

function byKind(counts: Counts): string {
  return Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(", ");
}

/** @param sorted from source to stored, ms */
function latencyText(sorted: readonly number[]): string {
  return `${sorted.length} tasks, ${at(sorted, 0.5)} ms p50, ${at(sorted, 0.99)} ms p99 from source to stored`;
}

function at(sorted: readonly number[], share: number): string {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return value === undefined ? "-" : value.toFixed(1);
}

function mib(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
