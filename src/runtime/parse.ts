/** The door to zod: outside data is `unknown` until one schema has turned it into a readonly type. */

import { z } from "zod";

export { z };

/**
 * Checks `value` against `schema`.
 *
 * @returns the parsed value, or one line that names each wrong field, what it is and what is wanted, and the path to
 * the first of them
 */
export function parseWith<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
):
  | { readonly ok: true; readonly value: z.output<Schema> }
  | { readonly ok: false; readonly problem: string; readonly path: readonly PropertyKey[] } {
  const result = schema.safeParse(value);
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
