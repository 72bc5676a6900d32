/** The end of a generator, once everything of its source has ended, or its node has the source no more. */

import type { SluiceError } from "../../task/errors.js";
import { reportedLedger } from "./reported-ledger.js";
import type { GeneratorRetained } from "./retained.js";
import type { Ctx, GeneratorOptions, GeneratorState } from "./state.js";

/** Has the incarnation closed, as it will make no other task. */
export function closeIncarnation(
  { grouping }: GeneratorState,
  { window, delivery, closings }: GeneratorRetained,
  ctx: Ctx,
): void {
  const { created, stored, dropped } = window.own;
  const { framesSkipped, framesGated } = grouping;
  const frames = { framesSkipped, ...(framesGated > 0 && { framesGated }) };
  closings.end(created, { stored, dropped, redelivered: delivery.redelivered, ...frames }, ctx);
}

/** @param how with `goesOn`, its journal is kept for the next incarnation */
export function leave(
  {
    state,
    options,
    retained,
  }: {
    readonly state: GeneratorState;
    readonly options: GeneratorOptions;
    readonly retained: GeneratorRetained;
  },
  { error, goesOn }: { readonly error: SluiceError | null; readonly goesOn: boolean },
  ctx: Ctx,
): void {
  const { sourceId, controller, listener } = options;
  if (state.phase.status === "draining") state.phase = { status: "ended" };
  retained.delivery.close(goesOn, ctx);
  controller.tell({ type: "detachGenerator", sourceId }, "control");
  if (error !== null) options.failed(error);
  const ledger = reportedLedger(options, retained, state);
  const ended = { type: "sourceEnded", sourceId, error, ledger } as const;
  listener.tell(goesOn && error === null ? { ...ended, goesOn } : ended);
  ctx.stop(ctx.self);
}
