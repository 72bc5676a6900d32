/**
 * Placement by a profile that was measured before: the file of `sluice profile`, after a campaign of `latency-collector`.
 *
 * After "offline_profiling" in Dayu. @see placeByTime
 */

import { z } from "../../runtime/parse.js";
import type { SinglePolicy } from "../policy.js";
import { ProfileForm, profiledMs } from "../profile.js";
import type { GateState } from "./gate.js";
import { parseParameters } from "./parameters.js";
import { placeByTime } from "./profile-placement.js";

const schema = z.strictObject({
  /** What `sluice profile` wrote. */
  profile: ProfileForm,
  /** Where a source runs while the bandwidth to the cloud was never measured. Default `edge`. */
  unknownBandwidth: z.enum(["cloud", "edge"]).default("edge"),
  /** Share by which bandwidth or time must be better to move for it, 0 to 1. Default 0.2. */
  improvementMin: z.number().min(0).max(1).default(0.2),
  /** Time in ms that a placement stands at least, unless it has become impossible. Default 10,000. */
  dwellMsMin: z.number().min(0).default(10_000),
});

type Parameters = z.output<typeof schema>;

interface State extends GateState {
  readonly parameters: Parameters;
}

export const offlineProfile: SinglePolicy<Parameters, State> = {
  name: "offline-profile",
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
