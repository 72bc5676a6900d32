/** What a rule of the guard is, and how one is made of a schema or of the checks of the data path. */

import { parseWith, type z } from "../../runtime/parse.js";
import type { Role } from "../../transport/cluster/cluster.js";
import type { Sender } from "../../transport/cluster/guard.js";
import { Malformed, type Fields } from "./checks.js";

/** One type of message at one actor. There is none without a check: what nobody described is refused. */
export interface Rule {
  readonly from: readonly Role[];
  /** Allows it to members of any role whose token has this grant. */
  readonly grant?: string;
  /** @throws Malformed */
  readonly check: (message: Fields) => void;
  /** The node in whose name it speaks: a member says it of itself alone, but for the roles in `forAll`. */
  readonly about?: (message: Fields, from: Sender) => unknown;
  /** Who may say it of others. Default: the cloud. */
  readonly forAll?: readonly Role[];
  /** It costs its receiver work, so a member may say it only so often. */
  readonly costly?: true;
}

/** By type. */
export type Rules = Readonly<Record<string, Rule>>;

/** A check by schema. */
export function form(schema: z.ZodType): Rule["check"] {
  return (message) => {
    const parsed = parseWith(schema, message);
    if (!parsed.ok) throw new Malformed(parsed.problem.slice(0, 300));
  };
}
