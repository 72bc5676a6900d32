/**
 * A link that goes from 100 to 2 Mbit/s in mid-stream and back, on virtual time, between nodes as they are in production: each
 * policy answers as it is meant to, by what it measures, whatever else the machine does. Real processes: `test/system/link-drop`.
 */

import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { describeChange } from "../../apps/cli/explain.js";
import type { PlanChange } from "../../src/task/reports.js";
import { simulateLink, type SimulatedLink } from "../support/simulated-link.js";

const WIDE_MBPS = 100;
const NARROW_MBPS = 2;
/** Pixels a second that are asked for. */
const ASKED = 160 * 90 * 9;
/** Tasks in a row that tell that all is well. */
const ENOUGH = 18;
const IN_TIME_MS = 2_000;
/** A phase takes at most. */
const PHASE_MS = 180_000;
const LOOK_MS = 1_000;

const pixelsPerS = ({ configuration: { width, height, fps } }: PlanChange): number => width * height * fps;
const onCloud = ({ placement }: PlanChange): boolean => placement["watch"]?.[0] === "cloud";

for (const { name, parameters = {}, answers, tells } of [
  { name: "dynamic", answers: "moves", tells: /does not carry the source.*\n.*\n {2}spareMbps [\d.]+/ },
  { name: "fc", answers: "sends less", tells: /tasks are late.*\n.*\n {2}latencyMs 2000, error [\d.]+/ },
  { name: "negative-feedback", answers: "sends less", tells: /tasks are late.*\n.*\n.*tookMs [\d.]+/ },
  // It searches once a minute by default.
  { name: "two-timescale", parameters: { macroMs: 20_000 }, answers: "either", tells: /score [\d.]+/ },
  { name: "predictive", answers: "either", tells: /predictedMs \d+, utilisation [\d.]+/ },
]) {
  test(`${name} answers a link that collapses (${answers}), returns with it, changes fewer than five times and tells why`, async () => {
    const link = await simulateLink({
      seed: 1,
      frameMs: { edge: 100, cloud: 5 },
      decisionMs: 1_000,
      sampleMs: 1_000,
      policy: { name, parameters },
    });
    try {
      link.limit(WIDE_MBPS);
      const before = await untilWell(link, (now) => onCloud(now) && pixelsPerS(now) === ASKED);
      const settled = (await link.changes()).length;
      link.limit(NARROW_MBPS);
      const during = await untilWell(link, ({ epoch }) => epoch > before.epoch);
      const [moved, less] = [!onCloud(during), pixelsPerS(during) < ASKED];
      const meant = { moves: moved && !less, "sends less": less && !moved, either: moved || less }[answers];
      assert.ok(meant, await log(link));
      assert.match(describeChange(during), tells);
      link.limit(WIDE_MBPS);
      await untilWell(link, (now) => onCloud(now) && pixelsPerS(now) === ASKED);
      assert.ok((await link.changes()).length - settled < 5, await log(link));
    } finally {
      link.end();
    }
  });
}

/** Lets time pass until the plan is as wanted and its newest tasks were all in time. */
async function untilWell(link: SimulatedLink, wanted: (plan: PlanChange) => boolean): Promise<PlanChange> {
  for (const limitMs = link.nowMs + PHASE_MS; link.nowMs < limitMs;) {
    await link.pass(LOOK_MS);
    const newest = link.outcomes.slice(-ENOUGH);
    const plan = (await link.changes()).at(-1);
    if (plan === undefined || newest.length < ENOUGH || !wanted(plan)) continue;
    const isWell = newest.every(
      ({ createdAtMs, settledAtMs, sourceAtMs }) =>
        createdAtMs > plan.atMs && settledAtMs - sourceAtMs <= IN_TIME_MS,
    );
    if (isWell) return plan;
  }
  throw new Error(`It does not come about:\n${await log(link)}`);
}

async function log(link: SimulatedLink): Promise<string> {
  return (await link.changes()).map(describeChange).join("\n");
}

test.run();
