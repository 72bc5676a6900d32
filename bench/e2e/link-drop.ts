/**
 * What policies make of a link that collapses: a hub and two edges as processes, a live scene on one of them, and a link that goes
 * from 100 to 2 Mbit/s in mid-stream and back.
 *
 * Measured, by policy: when its plan first changed after the drop and after the return, changes of plan in all, latency and drops
 * of each phase. Every policy has its own defaults. Not measured: a lossy link, several sources, models.
 *
 * Usage: node dist/bench/e2e/link-drop.js [seconds of each phase, default 60] [policy ...]
 */

import { describeChange } from "../../apps/cli/explain.js";
import { percentiles } from "../../src/scheduling/outcome-window.js";
import type { StoredRecord } from "../../src/task/record.js";
import { startShapedCluster } from "../../test/support/shaped-cluster.js";
import { report, rounded, type Row } from "../report.js";

const WIDE = { mbps: 100, delayMs: 5 };
const NARROW = { mbps: 2, delayMs: 5 };
const POLICIES = ["dynamic", "fc", "negative-feedback", "two-timescale", "predictive"];

const [secondsText = "60", ...named] = process.argv.slice(2);
const phaseMs = Number(secondsText) * 1_000;
const policies = named.length > 0 ? named : POLICIES;

const pipelineOf = (id: string) => `
pipeline: ${id}
version: 1
stages:
  motion: { service: motion-detection }
  tracks: { service: tracking, after: motion }
configuration: { resolution: 640x360, fps: 10, framesPerTask: 2, encoding: jpeg, quality: 90 }
space:
  resolution: [160x90, 320x180, 640x360]
  fps: [2, 5, 10]
  encoding: [jpeg]
  quality: [50, 90]
slo: { latencyMs: 800 }
policy: edge-only
`;
const wait = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));

const rows: Record<string, Row> = {};
for (const name of policies) {
  const cluster = await startShapedCluster({ link: WIDE });
  const { operator } = cluster;
  try {
    const id = await cluster.addSource({
      id: `cam-${name}`,
      source: "test:640x360@10,duration=3600",
      pipeline: pipelineOf(name),
      policy: { name, parameters: {} },
    });
    const records: StoredRecord[] = [];
    const end = operator.follow(0, id, (event) => {
      if (event.type === "record") records.push(event.record);
    });
    const atMs: number[] = [Date.now()];
    await wait(phaseMs);
    cluster.shape(NARROW);
    atMs.push(Date.now());
    await wait(phaseMs);
    cluster.shape(WIDE);
    atMs.push(Date.now());
    await wait(phaseMs);
    atMs.push(Date.now());
    end();
    const { changes } = await operator.explain(id);
    for (const change of changes) console.log(describeChange(change));
    const within = (phase: number, ms: number) => ms >= (atMs[phase] ?? 0) && ms < (atMs[phase + 1] ?? 0);
    const row: Record<string, string | number> = { changes: changes.length };
    for (const [phase, label] of ["wide", "narrow", "wide again"].entries()) {
      const took = records.flatMap((record) =>
        record.type === "result" && within(phase, record.storedAtMs)
          ? [record.storedAtMs - record.sourceAtMs]
          : [],
      );
      const dropped = records.filter(
        (record) => record.type === "gap" && within(phase, record.storedAtMs),
      ).length;
      const { p50, p95 } = took.length === 0 ? { p50: NaN, p95: NaN } : percentiles(took);
      const first = changes.find((change) => within(phase, change.atMs));
      row[`${label}: p50 / p95 ms`] = `${rounded(p50)} / ${rounded(p95)}`;
      row[`${label}: stored, dropped`] = `${took.length}, ${dropped}`;
      row[`${label}: changed after s`] =
        first === undefined ? "-" : rounded((first.atMs - (atMs[phase] ?? 0)) / 1_000);
    }
    rows[name] = row;
  } finally {
    await cluster.close();
  }
}
report(`A link from ${WIDE.mbps} to ${NARROW.mbps} Mbit/s and back, ${secondsText} s each`, rows);
