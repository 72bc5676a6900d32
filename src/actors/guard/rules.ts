/** What a rule of the guard is, and how one is made of a schema. */

import { parseWith, type z } from "../../runtime/parse.js";
import type { TokenRole } from "../../transport/cluster/cluster.js";
import type { Sender } from "../../transport/cluster/guard.js";
import { Malformed, type Fields } from "./checks.js";
import type { Covers } from "./covers.js";

/** One type of message at one actor. There is none without a check: what nobody described is refused. */
export interface Rule {
  readonly from: readonly TokenRole[];
  /** Allows it to members of any role whose token has this grant. */
  readonly grant?: string;
  /** The message, of the fields that are known and nothing else; bytes, refs and errors as they are. @throws Malformed */
  readonly read: (message: Fields) => Fields;
  /** The node in whose name it speaks: a member says it of itself alone, but for the roles in `forAll`. */
  readonly about?: (message: Fields, from: Sender) => unknown;
  /** Who may say it of others. Default: the cloud. */
  readonly forAll?: readonly TokenRole[];
  /** It costs its receiver work, so a member may say it only so often. */
  readonly costly?: true;
}

/** By type. */
export type Rules = Readonly<Record<string, Rule>>;

/** A message with all its fields, for readers without a schema to be held to; an optional one that is absent is not there. */
export type Known<Message> = { readonly [Key in keyof Message]: unknown };

/** By schema, which knows every field of `Message` but those at the paths `Local`, which no node sends. */
export function form<Message, Local extends string = never>() {
  return <Schema extends z.ZodType<Fields>>(
      schema: Schema & Covers<Message, z.output<Schema>, Local>,
    ): Rule["read"] =>
    ({ type, ...message }) => {
      const parsed = parseWith<z.ZodType<Fields>>(schema, message);
      if (!parsed.ok) throw new Malformed(parsed.problem.slice(0, 300));
      return { type, ...parsed.value };
    };
}
