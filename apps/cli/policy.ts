/** `sluice policies` and `sluice policy`: which there are, and which one decides for a source. */

import { setTimeout as sleep } from "node:timers/promises";
import type { FenceReport } from "../../src/scheduling/fences.js";
import type { Operator } from "../../src/operator/operator.js";
import { createPolicies } from "../../src/scheduling/policies.js";
import { parseSourceId, type SourceId } from "../../src/task/identity.js";
import { UNDECIDED, type ShadowSpec } from "../../src/task/requests.js";
import { POLICY_HELP } from "../command-line.js";
import { out } from "../terminal.js";
import { readParameters } from "../parameters.js";

/**
 * Those of the hub, which may have some of its own.
 *
 * @throws SluiceError `policy-invalid` where they are to be read again and cannot
 */
export async function policies(
  operator: Operator,
  { json, reload }: { readonly json: boolean; readonly reload: boolean },
): Promise<number> {
  const names = reload ? await operator.reloadPolicies() : await operator.policies();
  if (json) {
    out.json(names);
    return 0;
  }
  const builtIn = createPolicies();
  const own = names.filter((name) => !builtIn.has(name));
  if (reload) {
    out.line(`The hub has read its file of policies again: ${own.join(", ")}`);
    return 0;
  }
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
  { param = [], shadow }: { readonly param?: readonly string[]; readonly shadow?: string },
): Promise<number> {
  const id = parseSourceId(source);
  const parameters = readParameters(param);
  const beside = await shadowOf(operator, id, shadow);
  await operator.setPolicy(id, { name, parameters, ...(beside && { shadow: beside }) });
  const why = await decisionOf(operator, id);
  out.line(
    `${id} is decided by ${name}${beside ? `, with ${beside.name} beside it` : ""}${why === undefined ? "" : `: ${why}`}`,
  );
  return 0;
}

/** A decision comes a moment after the word that asks for it; of a source that waits for its nodes, later than anybody would wait. */
const LOOKS_MAX = 20;
const LOOK_MS = 50;

async function decisionOf(operator: Operator, id: SourceId): Promise<string | undefined> {
  for (let look = 1; ; look += 1) {
    const reason = (await operator.table()).explanations[id]?.reason;
    if (reason !== UNDECIDED.reason || look === LOOKS_MAX) return reason;
    await sleep(LOOK_MS);
  }
}

/** What runs beside a policy: the one that is named, none, or the one that did so far. */
async function shadowOf(
  operator: Operator,
  source: SourceId,
  named: string | undefined,
): Promise<ShadowSpec | undefined> {
  if (named === undefined) return (await operator.sources())[source]?.policy.shadow;
  return named === "none" ? undefined : { name: named, parameters: {} };
}
