/**
 * Stages that could not be loaded on this node. What waited for one goes elsewhere, the scheduler places it elsewhere, people are
 * told once, and after a while it is tried again.
 */

import { backoffMs } from "../../runtime/supervision.js";
import { SluiceError } from "../../task/errors.js";
import { stageKeyText, type StageKey } from "../../task/identity.js";
import type { Pipeline, Stage } from "../../task/pipeline.js";
import { stageKeyOf } from "../../task/variants.js";
import type { FailedStage, Router } from "./state.js";

/** Until a stage that failed is tried again: 10 s to 5 min, doubling. */
const RETRY = { minMs: 10_000, maxMs: 300_000, factor: 2, jitter: 0.2 };

/** Why a stage does not run here; null where nobody has tried. A model file that is not here is found out by the first task. */
export function failureOf(router: Router, pipeline: Pipeline, stage: Stage): FailedStage | null {
  const key = stageKeyOf(pipeline, stage);
  const known = router.retained.failed.get(stageKeyText(key));
  if (known !== undefined) return known;
  const { model } = stage;
  if (model === undefined || router.offers(stage)) return null;
  const text = `Cannot run stage "${stage.id}" on "${router.node}" as it has no model file "${model}": put it into the folder that --model-dir names, and start the node again`;
  // The folder is read at the start of the node: to try again sooner helps nobody.
  return noteFailure(router, key, new SluiceError(text, { code: "model-missing" }), RETRY.maxMs);
}

/** Excludes a stage here for a while. People hear of it once, until it runs again or fails otherwise. */
export function noteFailure(router: Router, key: StageKey, error: Error, retryMinMs = 0): FailedStage {
  const { retained, node, listener, scheduler, ctx } = router;
  const text = stageKeyText(key);
  const before = retained.failed.get(text);
  const failures = (before?.failures ?? 0) + 1;
  const retryInMs = Math.max(retryMinMs, Math.round(backoffMs(RETRY, failures, ctx.random())));
  const failed = {
    key,
    error,
    failures,
    retryAtMs: ctx.monotonic() + retryInMs,
    epoch: retained.table?.epoch ?? 0,
  };
  retained.failed.set(text, failed);
  scheduler.tell(
    { type: "stageUnavailable", node, failure: { stage: key, reason: error.message, retryInMs } },
    "control",
  );
  if (before?.error.message !== error.message) {
    ctx.log.error("A stage cannot run here", { stage: text, reason: error.message, retryInMs });
    listener?.tell({ type: "stageFailed", node, stage: key, error });
  }
  return failed;
}

/** The stage has loaded, or done a task: what was wrong with it is mended. */
export function noteSuccess({ retained, ctx }: Router, key: StageKey): void {
  if (retained.failed.size === 0) return;
  const text = stageKeyText(key);
  if (retained.failed.delete(text)) ctx.log.info("A stage runs here again", { stage: text });
}
