/**
 * What an operator says of a running source besides its policy: that it pauses, that it goes on, and knobs of its configuration.
 *
 * OP1 It holds over what the policy decides and over what the source was started with, until an operator says otherwise or the source
 *     is started anew: over restarts of its node, and with the hub's store over those of the hub.
 * OP2 What is refused changes nothing, and says what is wrong.
 */

import { DEFAULT_CONFIGURATION, type Configuration } from "../../task/configuration.js";
import { SluiceError } from "../../task/errors.js";
import type { SourceId } from "../../task/identity.js";
import { suggestName } from "../../task/nearest-name.js";
import type { SourceOrder } from "../../task/requests.js";
import { sameData } from "../../task/same-data.js";
import { requestReplan } from "./decide.js";
import type { Ctx, Of, State } from "./state.js";
import { knobsProblem, steered } from "./steered.js";

export function onPauseSource(
  state: State,
  { sourceId, reason, replyTo }: Of<"pauseSource">,
  ctx: Ctx,
): void {
  // Who says it again may give another reason: it has paused since the first time.
  const since = state.retained.orders.get(sourceId)?.pause?.sinceMs ?? ctx.now();
  order(state, { sourceId, replyTo, said: "paused" }, ctx, (before) => ({
    ...before,
    pause: { sinceMs: since, reason },
  }));
}

export function onContinueSource(state: State, { sourceId, replyTo }: Of<"continueSource">, ctx: Ctx): void {
  const { description, plan = null } = state.sources.get(sourceId) ?? {};
  if (description?.pause === undefined && plan?.pause !== undefined) {
    const error = pausedByPolicy(sourceId, description?.policy.name ?? "", plan.pause.reason);
    replyTo?.tell({ type: "orderRefused", sourceId, error });
    return;
  }
  order(state, { sourceId, replyTo, said: "goes on" }, ctx, ({ pause: _pause, ...before }) => before);
}

function pausedByPolicy(sourceId: SourceId, policy: string, reason: string): SluiceError {
  const text = `Cannot resume source "${sourceId}" as no operator has paused it: its policy "${policy}" has (${reason}), and has it go on by itself; another policy ends that ("sluice policy ${sourceId} NAME")`;
  return new SluiceError(text, { code: "policy-invalid" });
}

export function onConfigureSource(
  state: State,
  { sourceId, knobs, replyTo }: Of<"configureSource">,
  ctx: Ctx,
): void {
  const registered = state.retained.sources.get(sourceId);
  const before = state.retained.orders.get(sourceId)?.configuration ?? {};
  const set = knobs === null ? null : { ...before, ...knownKnobs(knobs) };
  const problem = registered === undefined || set === null ? null : knobsProblem(registered, set);
  if (problem !== null) {
    replyTo?.tell({ type: "orderRefused", sourceId, error: problem });
    return;
  }
  const said = set === null ? "given back to the policy" : "configured by an operator";
  order(state, { sourceId, replyTo, said }, ctx, ({ configuration: _configuration, ...other }) =>
    set === null ? other : { ...other, configuration: set },
  );
}

const KNOBS_ORDERED: ReadonlySet<string> = new Set([...Object.keys(DEFAULT_CONFIGURATION), "motionGate"]);

/** What is kept on disk is what was checked: an operator may have sent more. */
function knownKnobs(given: Partial<Configuration>): Partial<Configuration> {
  const known = Object.entries(given).filter(
    ([knob, value]) => KNOBS_ORDERED.has(knob) && value !== undefined,
  );
  return Object.fromEntries(known);
}

interface Ordered {
  readonly sourceId: SourceId;
  readonly replyTo: Of<"pauseSource">["replyTo"];
  /** For the reason of the table. */
  readonly said: string;
}

function order(
  state: State,
  { sourceId, replyTo, said }: Ordered,
  ctx: Ctx,
  change: (before: SourceOrder) => SourceOrder,
): void {
  const { retained, sources } = state;
  const [registered, entry] = [retained.sources.get(sourceId), sources.get(sourceId)];
  if (registered === undefined || entry === undefined) {
    const text = `Cannot steer source "${sourceId}" as it is not registered${suggestName(sourceId, sources.keys())}; see "sluice sources"`;
    replyTo?.tell({
      type: "orderRefused",
      sourceId,
      error: new SluiceError(text, { code: "source-missing" }),
    });
    return;
  }
  const before = retained.orders.get(sourceId) ?? {};
  const held = change(before);
  if (sameData(before, held)) {
    replyTo?.tell({ type: "orderTaken", sourceId });
    return;
  }
  if (Object.keys(held).length === 0) retained.orders.delete(sourceId);
  else retained.orders.set(sourceId, held);
  sources.set(sourceId, { ...entry, description: steered(registered, held) });
  state.changed.add(sourceId);
  replyTo?.tell({ type: "orderTaken", sourceId });
  requestReplan(state, sourceId, `source ${sourceId} ${said}`, ctx);
}
