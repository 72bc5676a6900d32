/** The door to zod: outside data is `unknown` until a schema has turned it into a readonly type. */

import { z } from "zod";

export { z };

/**
 * Checks `value` against `schema`.
 *
 * @returns the parsed value, or one line that names up to five wrong fields with what is wrong, and the path to the first
 */
export function parseWith<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
):
  | { readonly ok: true; readonly value: z.output<Schema> }
  | { readonly ok: false; readonly problem: string; readonly path: readonly PropertyKey[] } {
  const result = schema.safeParse(value, { error: unknownKeys });
  if (result.success) return { ok: true, value: result.data };
  const { issues } = result.error;
  const problem = issues
    .slice(0, 5)
    .map((issue) => (issue.path.length === 0 ? issue.message : `"${issue.path.join(".")}": ${issue.message}`))
    .join("; ");
  const [first] = issues;
  const unknownKey = first?.code === "unrecognized_keys" ? first.keys.slice(0, 1) : [];
  return { ok: false, problem, path: [...(first?.path ?? []), ...unknownKey] };
}

/** Lists the keys that the object knows; for any other problem zod's own text stays. */
function unknownKeys(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== "unrecognized_keys" || !(issue.inst instanceof z.ZodObject)) return undefined;
  const quoted = (keys: readonly string[]) => keys.map((key) => `"${key}"`).join(", ");
  const known = Object.keys(issue.inst.shape);
  return `there is no ${quoted(issue.keys)} (known: ${known.length === 0 ? "none" : quoted(known)})`;
}
