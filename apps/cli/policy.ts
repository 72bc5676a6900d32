/** `sluice policies` and `sluice policy`: which there are, and which one decides for a source. */

import type { FenceReport } from "../../src/scheduling/fences.js";
import type { Operator } from "../../src/operator/operator.js";
import { createPolicies } from "../../src/scheduling/policies.js";
import { parseSourceId } from "../../src/task/identity.js";
import { POLICY_HELP } from "../command-line.js";
import { out } from "../terminal.js";
import { readParameters } from "./parameters.js";

/** Those of the hub, which may have some of its own. */
export async function policies(operator: Operator, { json }: { readonly json: boolean }): Promise<number> {
  const names = await operator.policies();
  if (json) {
    out.json(names);
    return 0;
  }
  const builtIn = createPolicies();
  const own = names.filter((name) => !builtIn.has(name));
  const more = own.length === 0 ? "" : `\nOf this hub's own: ${own.join(", ")}`;
  out.lines(`${POLICY_HELP.trim()}${more}`);
  for (const fence of await operator.policyFences()) out.line(describeFence(fence));
  return 0;
}

/** What it did, and how long it is not asked. */
export function describeFence({ policy, source, isShadow, strikes, text, forMs }: FenceReport): string {
  const where = `${source === null ? "all sources" : source}${isShadow ? ", beside another" : ""}`;
  const until = forMs > 0 ? `not asked for ${Math.ceil(forMs / 1_000)} s` : "asked again";
  return `${policy} for ${where}: ${text} (${strikes} in a row, ${until})`;
}

/** @throws SluiceError `policy-invalid` with what is wrong; UsageError where a parameter cannot be read */
export async function setPolicy(
  operator: Operator,
  source: string,
  name: string,
  { param = [] }: { readonly param?: readonly string[] },
): Promise<number> {
  const id = parseSourceId(source);
  await operator.setPolicy(id, { name, parameters: readParameters(param) });
  const { explanations } = await operator.table();
  const why = explanations[id]?.reason;
  out.line(`${id} is decided by ${name}${why === undefined ? "" : `: ${why}`}`);
  return 0;
}
