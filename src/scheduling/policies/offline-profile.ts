/**
 * Placement by a profile that was measured before: the file of `sluice profile`, after a campaign of `latency-collector`.
 *
 * After "offline_profiling" in Dayu. @see placeByTime
 */

import { z } from "../../runtime/parse.js";
import type { SinglePolicy } from "../policy.js";
import { ProfileForm, profiledMs } from "../profile.js";
import type { GateState } from "./gate.js";
import { gateParameters, parametersOf, parseParameters } from "./parameters.js";
import { placeByTime } from "./profile-placement.js";

export const schema = z.strictObject({
  /** What `sluice profile` wrote. */
  profile: ProfileForm,
  ...gateParameters("edge"),
});

type Parameters = z.output<typeof schema>;

interface State extends GateState {
  readonly parameters: Parameters;
}

export const offlineProfile: SinglePolicy<Parameters, State> = {
  name: "offline-profile",
  get parameters() {
    return parametersOf(schema);
  },
  parse: (parameters) => parseParameters("offline-profile", schema, parameters),
  start: (parameters) => ({ parameters, tier: null, changedAtMs: 0 }),
  decide(state, view) {
    const { parameters } = state;
    const { configuration } = view.plan ?? view.source;
    const decided = placeByTime(view, { state, parameters }, (stage, node) =>
      profiledMs(parameters.profile, stage, { node, configuration, objects: null }),
    );
    return { ...decided, state: { parameters, ...decided.state } };
  },
};
