/**
 * Stages that nodes could not load, beyond the process: a hub that starts again does not place them there at once.
 *
 * KF1 What is kept of a node counts for the same services and models only, and no longer than it was to.
 * KF2 A node that left and came back under one hub is tried again at once, whatever is kept.
 */

import { createHash } from "node:crypto";
import type { NodeName } from "../../task/identity.js";
import type { StageFailure } from "../../task/offers.js";
import type { NodeDescription } from "../../task/requests.js";
import type { FailureMemory, KeptFailures } from "./plan-memory-port.js";
import type { Ctx, State } from "./state.js";

/** Of one node; the newest. */
const KEPT_MAX = 64;
/** Of a reason, in characters. */
const REASON_MAX = 500;
/** Nodes of which something is kept; beyond them the oldest is forgotten. */
const NODES_MAX = 1_000;

/** Keeps what a node could not load, as it is now. */
export function keepFailures({ retained, nodes, exclusions }: State, node: NodeName, ctx: Ctx): void {
  const { failures } = retained;
  const known = nodes.get(node);
  if (known === undefined) return;
  const stages = exclusions
    .of(node, ctx.monotonic())
    .slice(-KEPT_MAX)
    .map(({ stage, reason, retryInMs }) => ({
      stage,
      reason: reason.slice(0, REASON_MAX),
      untilMs: ctx.now() + retryInMs,
    }));
  failures.set(node, { offer: offerOf(known.description), stages });
  const [oldest] = failures.keys();
  if (failures.size > NODES_MAX && oldest !== undefined) failures.delete(oldest);
}

/** What a node could not load before, and is not to be asked for yet. What no longer counts is forgotten. */
export function recallFailures(
  failures: FailureMemory,
  node: NodeDescription,
  nowMs: number,
): readonly StageFailure[] {
  const known = failures.get(node.name);
  const left = known?.offer === offerOf(node) ? leftOf(known, nowMs) : [];
  if (known !== undefined && left.length === 0) failures.delete(node.name);
  return left;
}

function leftOf({ stages }: KeptFailures, nowMs: number): readonly StageFailure[] {
  return stages
    .filter(({ untilMs }) => untilMs > nowMs)
    .map(({ stage, reason, untilMs }) => ({ stage, reason, retryInMs: untilMs - nowMs }));
}

/** Of what it can load. */
function offerOf({ services, models = [] }: NodeDescription): string {
  const files = models.map(({ file, sha256 }) => `${file} ${sha256}`);
  return createHash("sha256")
    .update(JSON.stringify([services.toSorted(), files.toSorted()]))
    .digest("hex");
}
