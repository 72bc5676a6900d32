/** Parameters as they are typed: `key=value`, `key=@FILE` for the JSON of a file, and `outer.inner=value` for one inside another. */

import { readFileSync } from "node:fs";
import { errorText } from "../src/runtime/errors.js";
import type { PolicySpec } from "../src/task/requests.js";
import { UsageError } from "./command-line.js";

export interface PolicyFlags {
  readonly policy?: string;
  readonly param?: readonly string[];
}

interface Tree {
  [key: string]: unknown;
}

/**
 * A value that is JSON is taken as such (`3`, `true`, `["edge-1","cloud"]`), and any other as text; one that begins with `@` names
 * a file of JSON, which is read here.
 *
 * @throws UsageError where a file cannot be read, and where one has no `=`, no name, or is both a value and what has others inside
 */
export function readParameters(given: readonly string[]): Readonly<Record<string, unknown>> {
  const root: Tree = Object.create(null) as Tree;
  for (const text of given) {
    const at = text.indexOf("=");
    const keys = text.slice(0, at).split(".");
    if (at < 1 || keys.includes("")) {
      throw new UsageError(`Cannot read parameter "${text}": wanted key=value, or outer.inner=value`);
    }
    const last = keys.pop() ?? "";
    let node = root;
    for (const key of keys) {
      node[key] ??= Object.create(null) as Tree;
      const inner = node[key];
      if (typeof inner !== "object" || inner === null || Array.isArray(inner)) throw conflicting(text);
      node = inner as Tree;
    }
    if (last in node) throw conflicting(text);
    node[last] = valueOf(text.slice(at + 1));
  }
  return structuredClone(root);
}

function valueOf(text: string): unknown {
  if (text.startsWith("@")) return jsonOf(text.slice(1));
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text; // as it stands
  }
}

function jsonOf(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as unknown;
  } catch (error) {
    throw new UsageError(`Cannot read parameter "@${file}": wanted a file of JSON: ${errorText(error)}`);
  }
}

function conflicting(text: string): UsageError {
  return new UsageError(`Cannot read parameter "${text}" as it says otherwise than one before it`);
}

/**
 * The policy that is named beside its parameters; null where none is named.
 *
 * @throws UsageError where a parameter cannot be read, or stands without a policy
 */
export function readPolicy({ policy, param = [] }: PolicyFlags): PolicySpec | null {
  if (policy !== undefined) return { name: policy, parameters: readParameters(param) };
  if (param.length === 0) return null;
  throw new UsageError("Cannot take --param without --policy, whose parameters they are");
}
