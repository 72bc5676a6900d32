/** `sluice explain`: each change of plan of a source, with the terms that made it. */

import type { Operator } from "../../src/operator/operator.js";
import { SluiceError } from "../../src/task/errors.js";
import { parseSourceId } from "../../src/task/identity.js";
import { gateText } from "../../src/task/motion-gate.js";
import { suggestName } from "../../src/task/nearest-name.js";
import type { PlanChange, PlanScore, ShadowReport } from "../../src/task/reports.js";
import type { Explanation } from "../../src/task/requests.js";
import { out } from "../terminal.js";
import { describeHosts } from "./describe-hosting.js";

export interface ExplainCommand {
  /** Not older than this, in ms. */
  readonly since?: number;
  readonly json: boolean;
  /** What the policy beside it would do, too. */
  readonly shadow: boolean;
}

/** @returns the exit code; @throws SluiceError `source-invalid` of a source that the hub does not know */
export async function explain(
  operator: Operator,
  source: string,
  { since, json, shadow }: ExplainCommand,
): Promise<number> {
  const id = parseSourceId(source);
  const report = await operator.explain(id, since === undefined ? 0 : Date.now() - since);
  if (report.now === null && report.hosting === null) {
    const { explanations } = await operator.table();
    const text = `Cannot explain "${id}" as no source of that name is registered${suggestName(id, Object.keys(explanations))}`;
    throw new SluiceError(text, { code: "source-invalid" });
  }
  if (json) {
    const { now, changes, shadow: beside, hosting } = report;
    out.json({ source: id, now, changes, shadow: beside, hosting });
    return 0;
  }
  if (report.hosting !== null) out.lines(describeHosts(report.hosting));
  for (const change of report.changes) out.lines(describeChange(change));
  if (report.now !== null) out.lines(`Now: ${report.now.reason}${describeInputs(report.now)}`);
  if (shadow) out.lines(describeShadow(report.shadow));
  return 0;
}

/** When and by whom, what was decided, and by which terms: a line each. */
export function describeChange(change: PlanChange): string {
  const { atMs, epoch, policy, configuration, placement, pause, why } = change;
  const { width, height, fps, framesPerTask, encoding, quality, variants = {}, motionGate } = configuration;
  const gate = gateText(motionGate);
  const image = encoding === "jpeg" ? `jpeg ${quality}` : encoding;
  const stages = Object.entries(placement).map(([stage, [first = "nowhere"]]) => {
    const variant = variants[stage];
    return `${stage}${variant === undefined ? "" : ` (${variant})`} on ${first}`;
  });
  const flushed = pause?.flushes === true ? ", and what waits of it is dropped" : "";
  const paused = pause === undefined ? [] : [`  captures nothing: ${pause.reason}${flushed}`];
  return [
    `${new Date(atMs).toISOString()}  epoch ${epoch}  ${policy}: ${why.reason}`,
    `  ${width}x${height}, ${fps} fps, ${framesPerTask} a task, ${image}${gate === "" ? "" : `, ${gate}`}; ${stages.join(", ")}${describeInputs(why)}`,
    ...paused,
  ].join("\n");
}

/** What it would do, and what is expected of both plans side by side. */
export function describeShadow(shadow: ShadowReport | null): string {
  if (shadow === null) return "No policy stands beside the one in force";
  const { policy, placement, why, inForce, own } = shadow;
  const stages = Object.entries(placement).map(([stage, [first = "nowhere"]]) => `${stage} on ${first}`);
  return [
    `Beside it ${policy}: ${why.reason}; ${stages.join(", ") || "no plan yet"}${describeInputs(why)}`,
    `  in force: ${describeScore(inForce)}`,
    `  ${policy}: ${describeScore(own)}`,
  ].join("\n");
}

function describeScore(score: PlanScore | null): string {
  if (score === null) return "nothing is expected yet";
  const { latencyMs, missShare, busyMs, crossingMbps } = score;
  const late = missShare === null ? "no objective" : `${(missShare * 100).toFixed(1)} % late`;
  return `${late}, ${latencyMs.toFixed(0)} ms, ${busyMs.toFixed(0)} ms of processors a second, ${crossingMbps.toFixed(1)} Mbit/s between nodes`;
}

function describeInputs({ inputs }: Explanation): string {
  const terms = Object.entries(inputs).map(([name, value]) => `${name} ${shown(value)}`);
  return terms.length === 0 ? "" : `\n  ${terms.join(", ")}`;
}

function shown(value: Explanation["inputs"][string]): string {
  if (value === null) return "unknown";
  return typeof value === "number" && !Number.isInteger(value) ? value.toPrecision(3) : String(value);
}
