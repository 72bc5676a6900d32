/** How a policy's parameters are checked: outside data, refused field by field. */

import { parseWith, type z } from "../../runtime/parse.js";
import { SluiceError } from "../../task/errors.js";

/** @throws SluiceError `policy-invalid`, naming the policy and each wrong parameter */
export function parseParameters<Schema extends z.ZodType>(
  policy: string,
  schema: Schema,
  parameters: unknown,
): z.output<Schema> {
  const parsed = parseWith(schema, parameters);
  if (parsed.ok) return parsed.value;
  throw new SluiceError(`Cannot use policy "${policy}" as its parameters are wrong: ${parsed.problem}`, {
    code: "policy-invalid",
    details: { policy },
  });
}
