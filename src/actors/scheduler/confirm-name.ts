/** Whose the name of a source is counts once it is durable. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import { SluiceError } from "../../task/errors.js";
import type { NodeName, SourceId } from "../../task/identity.js";
import type { SourceDescription } from "../../task/requests.js";
import type { PolicyReply } from "../protocol/scheduler.js";
import { refuse } from "./refuse.js";
import { onRemoveSource } from "./remove-source.js";
import type { Ctx, Of, State } from "./state.js";

/** Once it is durable whose the name is: under a hub that starts again, it would be free. */
export function confirm(
  { options, retained: { unwritten } }: State,
  { id, node }: SourceDescription,
  replyTo: ActorRef<PolicyReply>,
  ctx: Ctx,
): void {
  const written = unwritten.has(id) ? (options.written?.() ?? null) : null;
  if (written === null) {
    unwritten.delete(id);
    replyTo.tell({ type: "policySet", sourceId: id });
    return;
  }
  ctx.pipe(written, (result) => ({ type: "nameWritten", sourceId: id, node, replyTo, result }));
}

export function onNameWritten(
  state: State,
  { sourceId, node, replyTo, result }: Of<"nameWritten">,
  ctx: Ctx,
): void {
  const { unwritten } = state.retained;
  if (result.ok) {
    if (isHeldBy(state, sourceId, node)) unwritten.delete(sourceId);
    replyTo.tell({ type: "policySet", sourceId });
    return;
  }
  const text = `Cannot register source "${sourceId}" as it cannot be written whose it is: ${result.error.message}`;
  const error = new SluiceError(text, {
    code: "source-unconfirmed",
    retry: "backoff",
    cause: result.error,
    details: { source: sourceId },
  });
  refuse(state, sourceId, error, replyTo, ctx);
  // By now it may be written all the same, and another request have been told so.
  if (!unwritten.has(sourceId) || !isHeldBy(state, sourceId, node)) return;
  onRemoveSource(state, { type: "removeSource", sourceId, node, failed: true }, ctx);
}

function isHeldBy({ options }: State, sourceId: SourceId, node: NodeName): boolean {
  return options.owners.holderOf(sourceId) === node;
}
