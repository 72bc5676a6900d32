/**
 * What policies make of a link that collapses: a hub and two edges as processes, a live scene on one of them, and a link that goes
 * from 100 to 2 Mbit/s in mid-stream and back. A frame takes 100 ms on an edge, which just manages, and 5 on the cloud, and a task may take two seconds.
 *
 * Measured, by policy: when its plan first changed after the drop and after the return, changes of plan in all, latency and drops
 * of each phase. Every policy has its own defaults. Not measured: a lossy link, several sources, models.
 *
 * Usage: node dist/bench/e2e/link-drop.js [seconds of each phase, default 60] [policy ...]
 */

import { describeChange } from "../../apps/cli/explain.js";
import { startShapedCluster } from "../../test/support/shaped-cluster.js";
import { percentile, report, rounded, type Row } from "../report.js";

const WIDE = { mbps: 100, delayMs: 5 };
const NARROW = { mbps: 2, delayMs: 5 };
const FRAME_MS = { edge: 100, cloud: 5 };
const POLICIES = ["dynamic", "fc", "negative-feedback", "two-timescale", "predictive"];
const PHASES = [
  { label: "wide", link: WIDE },
  { label: "narrow", link: NARROW },
  { label: "wide again", link: WIDE },
];

const [secondsText = "60", ...named] = process.argv.slice(2);
const phaseMs = Number(secondsText) * 1_000;
const policies = named.length > 0 ? named : POLICIES;
const wait = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));

const rows: Record<string, Row> = {};
for (const name of policies) {
  const cluster = await startShapedCluster({ link: WIDE, frameMs: FRAME_MS });
  try {
    const source = await cluster.watch(name, { name, parameters: {} });
    const atMs: number[] = [];
    for (const { link } of PHASES) {
      cluster.shape(link);
      atMs.push(Date.now());
      await wait(phaseMs);
    }
    const changes = await source.changes();
    for (const change of changes) console.log(describeChange(change));
    const row: Record<string, string | number> = { changes: changes.length - 1 };
    for (const [index, { label }] of PHASES.entries()) {
      const fromMs = atMs[index] ?? 0;
      const isWithin = (ms: number): boolean => ms >= fromMs && ms < (atMs[index + 1] ?? Infinity);
      const took = source.results
        .filter(({ storedAtMs }) => isWithin(storedAtMs))
        .map(({ storedAtMs, sourceAtMs }) => storedAtMs - sourceAtMs);
      const first = changes.slice(1).find((change) => isWithin(change.atMs));
      row[`${label}: p50 ms`] = rounded(percentile(took, 0.5));
      row[`${label}: p95 ms`] = rounded(percentile(took, 0.95));
      row[`${label}: stored`] = took.length;
      row[`${label}: dropped`] = source.droppedAtMs.filter(isWithin).length;
      row[`${label}: changed after s`] =
        first === undefined ? "never" : rounded((first.atMs - fromMs) / 1_000);
    }
    rows[name] = row;
  } finally {
    await cluster.close();
  }
}
report(`A link from ${WIDE.mbps} to ${NARROW.mbps} Mbit/s and back, ${secondsText} s each`, rows);
