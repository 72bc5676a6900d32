/** What a run of attacks came to, as a table. */

import type { Villain } from "./attack.js";
import type { Outcome } from "./play.js";

const VILLAINS: Readonly<Record<Villain, string>> = {
  stranger: "strangers",
  edge: "edges",
  operator: "operators",
  disk: "disks",
  clock: "clocks",
  machine: "machines",
  file: "files",
};

export function figures(outcomes: readonly Outcome[], knownOpen: ReadonlyMap<string, string>): string {
  const lines = outcomes.map(({ attack, breach, counted, hubPeakBytes }) => {
    const state = breach === null ? (attack.expected === "survived" ? "survived" : attack.expected) : "OPEN";
    return `${state.padEnd(9)} ${attack.id.padEnd(34)} ${String(counted).padStart(7)} ${String(mib(hubPeakBytes)).padStart(7)}  ${breach ?? ""}`.trimEnd();
  });
  const held = outcomes.filter(({ breach }) => breach === null);
  const undisturbed = outcomes.filter(
    ({ breach, attack }) => attack.against === "cluster" && breach === null,
  );
  const latencies = undisturbed.flatMap(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
  const open = outcomes.filter(({ breach }) => breach !== null);
  const unexpected = open.filter(({ attack }) => !knownOpen.has(attack.id));
  const villains = Object.entries(VILLAINS).flatMap(([villain, name]) => {
    const own = outcomes.filter(({ attack }) => attack.who === villain);
    const kept = own.filter(({ breach }) => breach === null).length;
    return own.length === 0 ? [] : [`${name} ${kept} of ${own.length}`];
  });
  return [
    `${"outcome".padEnd(9)} ${"attack".padEnd(34)} ${"counted".padStart(7)} ${"hub MiB".padStart(7)}  what it got`,
    ...lines,
    "",
    `Attacks          ${outcomes.length}, of which ${held.length} held: ${villains.join(", ")}`,
    `Refused          ${held.filter(({ attack }) => attack.expected !== "survived").length}`,
    `Counted          ${outcomes.reduce((sum, { counted }) => sum + counted, 0)} messages and attempts`,
    `Undisturbed      honest streams went on through ${undisturbed.length} attacks on their cluster: ` +
      `${latencies.length} tasks, ${at(latencies, 0.5)} ms p50, ${at(latencies, 0.99)} ms p99 from source to stored`,
    `Memory           the hub held at most ${mib(Math.max(0, ...outcomes.map(({ hubPeakBytes }) => hubPeakBytes)))} MiB`,
    `Open             ${open.length} succeed, ${unexpected.length} of them not known`,
  ].join("\n");
}

function at(sorted: readonly number[], share: number): string {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return value === undefined ? "-" : value.toFixed(1);
}

function mib(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
