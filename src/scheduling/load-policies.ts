/** Policies of one's own from a file: code that whoever runs the hub names, and that never comes from the wire. */

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { errorText } from "../runtime/errors.js";
import { parseWith, z } from "../runtime/parse.js";
import { SluiceError } from "../task/errors.js";
import { bindPolicy, type BoundPolicy, type Policy } from "./policy.js";

const method = z.custom<object>((value) => typeof value === "function", "wanted a function");

const Exports = z.object({
  policies: z
    .array(
      z.object({
        name: z.string("wanted a name").min(1),
        parse: method,
        check: method.optional(),
        start: method,
        decide: method,
      }),
      "wanted a list of policies",
    )
    .min(1),
});

/**
 * Reads an ES module that exports `policies`, a list of policies. It runs with the rights of this process.
 *
 * @throws SluiceError `policy-invalid` where it cannot be loaded or exports no policies
 */
export async function loadPolicies(file: string): Promise<readonly BoundPolicy[]> {
  const refusal = (problem: string, cause?: unknown) =>
    new SluiceError(`Cannot use the policies of "${file}": ${problem}`, {
      code: "policy-invalid",
      details: { file },
      ...(cause !== undefined && { cause }),
    });
  let exported: unknown;
  try {
    exported = await import(pathToFileURL(resolve(file)).href);
  } catch (thrown) {
    throw refusal(errorText(thrown), thrown);
  }
  const parsed = parseWith(Exports, Object.assign({}, exported));
  if (!parsed.ok) throw refusal(parsed.problem);
  const { policies } = exported as { readonly policies: readonly Policy<unknown, unknown>[] };
  return policies.map((policy) => bindPolicy(policy));
}
