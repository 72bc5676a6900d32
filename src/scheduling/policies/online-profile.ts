/**
 * Placement by a profile that outcomes correct: what was measured of late where there is enough of it, and the profile elsewhere.
 *
 * After "online_profiling" in Dayu: there the profile is replaced every few minutes, and work that each object takes is told by the
 * object for services that are named. @see placeByTime
 */

import { z } from "../../runtime/parse.js";
import type { NodeName } from "../../task/identity.js";
import type { Stage } from "../../task/pipeline.js";
import type { PolicyView, SinglePolicy } from "../policy.js";
import { ProfileForm, profiledMs } from "../profile.js";
import { serviceTime } from "../view-queries.js";
import type { GateState } from "./gate.js";
import { gateParameters, parametersOf, parseParameters } from "./parameters.js";
import { placeByTime } from "./profile-placement.js";

export const schema = z.strictObject({
  /** What `sluice profile` wrote. Default: nothing is known before it was measured. */
  profile: ProfileForm.default([]),
  /** Services whose work grows with what is to be seen. */
  perObject: z.array(z.string()).default([]),
  /** Tasks that outweigh the profile. Default 8. */
  tasksMin: z.int().min(1).max(64).default(8),
  /** What was measured longer ago counts no more, in ms. Default 300,000. */
  ageMsMax: z.number().positive().default(300_000),
  ...gateParameters("edge"),
});

type Parameters = z.output<typeof schema>;

interface State extends GateState {
  readonly parameters: Parameters;
}

export const onlineProfile: SinglePolicy<Parameters, State> = {
  name: "online-profile",
  get parameters() {
    return parametersOf(schema);
  },
  parse: (parameters) => parseParameters("online-profile", schema, parameters),
  start: (parameters) => ({ parameters, tier: null, changedAtMs: 0 }),
  decide(state, view) {
    const { parameters } = state;
    const decided = placeByTime(view, { state, parameters }, (stage, node) =>
      knownMs(view, parameters, stage, node),
    );
    return { ...decided, state: { parameters, ...decided.state } };
  },
};

function knownMs(
  view: PolicyView,
  { profile, perObject, tasksMin, ageMsMax }: Parameters,
  stage: Stage,
  node: NodeName,
): number | null {
  const measured = serviceTime(view, stage, node);
  if (measured !== null && measured.count >= tasksMin && measured.ageMs <= ageMsMax) return measured.meanMs;
  const { configuration } = view.plan ?? view.source;
  const objects = perObject.includes(stage.service) ? (view.recent.scene?.objects ?? null) : null;
  return profiledMs(profile, stage, { node, configuration, objects }) ?? measured?.meanMs ?? null;
}
