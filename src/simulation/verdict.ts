/** Whether a simulated run kept its promises, from what is stored at its end and from the violations found while it ran. */

import { auditRun } from "../audit/audit.js";
import { taskText } from "../audit/findings.js";
import { auditLedgersOf } from "../audit/ledgers.js";
import type { StoredGap, StoredRecord, StoredResult } from "../task/record.js";
import type { StoreStatement } from "../task/record-chain.js";
import { parseSourceId, pipelineKeyText } from "../task/identity.js";
import { forgedRecords, isOfHostiles } from "./hostile/hostile-verdict.js";
import { FRAME_US, GATED_FRAMES_MAX, movesIn } from "./camera.js";
import { checkHosts } from "./hosted-sources.js";
import type { SimulatedSource } from "./simulated-source.js";

interface RunOutcome {
  readonly records: readonly StoredRecord[];
  /** What retention has deleted of them, the oldest first. */
  readonly deleted: readonly StoredRecord[];
  /** What their store says of them. */
  readonly statement: StoreStatement;
  readonly sources: readonly Readonly<SimulatedSource>[];
  /** Of a camera, captured or passed over. */
  readonly framesPerTaskMax: number;
  /** How far the clocks of nodes, and of their incarnations, may be apart, in ms. */
  readonly clockToleranceMs: number;
  /** Found while it ran. */
  readonly violations: readonly string[];
}

/** @returns what was broken, a sentence each; the first 20, and then how many more */
export async function judge({
  records,
  deleted,
  statement,
  sources,
  framesPerTaskMax,
  clockToleranceMs,
  violations,
}: RunOutcome): Promise<readonly string[]> {
  const { findings: audited } = await auditRun({
    records,
    pipelines: new Map(
      sources.map(({ pipeline }) => [pipelineKeyText(pipeline.id, pipeline.version), pipeline]),
    ),
    origin: async () => ({ stated: { before: statement, after: statement, whole: true }, file: null }),
    ledgers: sources.flatMap(({ ended }) => (ended === null ? [] : auditLedgersOf(ended))),
    running: new Set(sources.filter(({ ended }) => ended === null).map(({ id }) => parseSourceId(id))),
    clockToleranceMs,
  });
  const findings = [
    ...violations,
    ...audited.map(({ rule, source, task, detail }) =>
      task === null ? `${rule}: ${source ?? "the run"}: ${detail}` : `${rule}: ${taskText(task)}: ${detail}`,
    ),
  ];
  const honest = findings.filter((finding) => !isOfHostiles(finding));
  findings.splice(0, findings.length, ...honest, ...forgedRecords(records));
  findings.push(...checkHosts(sources, records));
  for (const source of sources) {
    if (source.ended === null) findings.push(`stuck: ${source.id} has not ended`);
    const own = [...deleted, ...records].filter(({ id }) => id.sourceId === source.id);
    findings.push(...checkFrames(source, own, framesPerTaskMax), ...checkContinuity(own));
  }
  if (findings.length <= SHOWN_MAX) return findings;
  return [...findings.slice(0, SHOWN_MAX), `... and ${findings.length - SHOWN_MAX} more`];
}

const SHOWN_MAX = 20;

/** Each frame of a source that can be read again is in one task, or passed over by one, unless that task was dropped. */
function checkFrames(
  { id: sourceId, camera, drained, ended }: Readonly<SimulatedSource>,
  records: readonly StoredRecord[],
  framesPerTaskMax: number,
): readonly string[] {
  if (camera.frames === null) return [];
  const findings: string[] = [];
  const taskOf = new Map<number, string>();
  const passedOver = new Set<number>();
  for (const { id, framePtsUs, frames } of resultsOf(records)) {
    const { after = null, last = -1 } = frames ?? {};
    for (let frame = (after ?? -1) + 1; frame <= last; frame++) passedOver.add(frame);
    for (const ptsUs of framePtsUs) {
      const frame = ptsUs / FRAME_US;
      const before = taskOf.get(frame);
      if (before !== undefined) {
        findings.push(`doubled: frame ${frame} of ${sourceId} is in ${before} and in ${taskText(id)}`);
      }
      taskOf.set(frame, taskText(id));
    }
  }
  // What was drained ends with what it had captured.
  const length = drained ? Math.max(-1, ...taskOf.keys()) + 1 : camera.frames;
  const lastTaken = Math.max(-1, ...taskOf.keys());
  const missing = Array.from({ length }, (_, frame) => frame).filter(
    (frame) => !taskOf.has(frame) && !passedOver.has(frame) && !isGatedAtEnd(frame),
  );
  // Where the rate is never changed every frame is sampled.
  const unseen = camera.steps ? [...passedOver].filter((frame) => !taskOf.has(frame) && movesIn(frame)) : [];
  if (unseen.length > 0) {
    findings.push(
      `unseen: something moves in frames ${unseen.slice(0, 5).join(", ")} of ${sourceId}, and they were left out`,
    );
  }
  const gaps = records.filter((record): record is StoredGap => record.type === "gap");
  const dropped = gaps.length;
  // With a task that was dropped goes what was gated before it.
  const gated = gaps.reduce((sum, { frames }) => sum + (frames?.gated ?? 0), 0);
  if (missing.length > dropped * framesPerTaskMax + gated) {
    findings.push(
      `lost: ${missing.length} frames of ${sourceId} are in no result, and only ${dropped} tasks were dropped: ${missing.slice(0, 5).join(", ")}`,
    );
  }
  return findings;

  /** No task comes behind the frames that are gated last. */
  function isGatedAtEnd(frame: number): boolean {
    const { framesGated = 0 } = ended ?? {};
    const behind = frame - lastTaken;
    return framesGated > 0 && behind > 0 && behind <= GATED_FRAMES_MAX && !movesIn(frame);
  }
}

/** What a stateful stage calls `continued` followed the task before it on the same worker. */
function checkContinuity(records: readonly StoredRecord[]): readonly string[] {
  return resultsOf(records).flatMap(({ id, results }) =>
    Object.entries(results).flatMap(([stage, { continuity: claimed, frames: boxes }]) => {
      const label = boxes[0]?.[0]?.label;
      const wanted = `${id.incarnation}/${id.sequence - 1}`;
      return claimed !== "continued" || label === wanted
        ? []
        : [`continuity: "${stage}" of ${taskText(id)} claims to follow ${wanted}, and followed ${label}`];
    }),
  );
}

function resultsOf(records: readonly StoredRecord[]): readonly StoredResult[] {
  return records.filter((record): record is StoredResult => record.type === "result");
}
