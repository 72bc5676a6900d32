/** The door to zod: outside data is `unknown` until a schema has turned it into a readonly type. */

import { z } from "zod";

export { z };

/** Outside data, for a schema to check; null of what is no JSON. */
export function jsonOf(text: string | Uint8Array): unknown {
  try {
    return JSON.parse(typeof text === "string" ? text : utf8Of(text)) as unknown;
  } catch {
    return null;
  }
}

function utf8Of({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("utf8");
}

/** One thing that is wrong with a value. */
export interface Problem {
  /** For people, without the path. */
  readonly text: string;
  readonly path: readonly PropertyKey[];
}

/**
 * Checks `value` against `schema`.
 *
 * @returns the parsed value, or one line that names up to five wrong fields with what is wrong, the path to the first, and each apart
 */
export function parseWith<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
):
  | { readonly ok: true; readonly value: z.output<Schema> }
  | {
      readonly ok: false;
      readonly problem: string;
      readonly path: readonly PropertyKey[];
      readonly problems: readonly Problem[];
    } {
  const result = schema.safeParse(value, { error: unknownKeys });
  if (result.success) return { ok: true, value: result.data };
  const { issues } = result.error;
  const shown = issues.slice(0, 5);
  const problem = shown
    .map((issue) => (issue.path.length === 0 ? issue.message : `"${issue.path.join(".")}": ${issue.message}`))
    .join("; ");
  const problems = shown.map((issue) => ({ text: issue.message, path: pathOf(issue) }));
  return { ok: false, problem, path: problems[0]?.path ?? [], problems };
}

/** Of a key that is not known, to that key. */
function pathOf(issue: z.core.$ZodIssue): readonly PropertyKey[] {
  return issue.code === "unrecognized_keys" ? [...issue.path, ...issue.keys.slice(0, 1)] : issue.path;
}

/** Lists the keys that the object knows; for any other problem zod's own text stays. */
function unknownKeys(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== "unrecognized_keys" || !(issue.inst instanceof z.ZodObject)) return undefined;
  const quoted = (keys: readonly string[]) => keys.map((key) => `"${key}"`).join(", ");
  const known = Object.keys(issue.inst.shape);
  return `there is no ${quoted(issue.keys)} (known: ${known.length === 0 ? "none" : quoted(known)})`;
}
