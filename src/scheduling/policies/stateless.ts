/** The simplest kind of policy: no parameters, no state, one pure function. */

import { z } from "../../runtime/parse.js";
import type { Decision, PolicyView, SinglePolicy } from "../policy.js";
import { parseParameters } from "./parameters.js";

const noParameters = z.strictObject({}).transform(() => null);

/** Makes a policy of `decide`, which is called for each decision and says why it decided so. */
export function createStatelessPolicy(
  name: string,
  decide: (view: PolicyView) => Omit<Decision<null>, "state">,
): SinglePolicy<null, null> {
  return {
    name,
    parameters: [],
    parse: (parameters) => parseParameters(name, noParameters, parameters),
    start: () => null,
    decide: (state, view) => ({ state, ...decide(view) }),
  };
}
