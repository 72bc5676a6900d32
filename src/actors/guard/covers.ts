/** Whether a schema knows every field of a message: one that it does not know is not handed on. Checked by the compiler alone. */

import type { ActorRef } from "../../runtime/actor-ref.js";

/** What has no fields of its own to hand on; refs and errors are made here, of what the codec has read. */
type Leaf = string | number | boolean | bigint | null | undefined | Uint8Array | Error | ActorRef<never>;

/** The paths of all fields: `source`, `source.id`; those of items and values are those of their list or map. */
type Paths<T> = T extends Leaf
  ? never
  : T extends ReadonlyMap<unknown, infer Value>
    ? Paths<Value>
    : T extends readonly (infer Item)[]
      ? Paths<Item>
      : T extends object
        ? { [Key in keyof T & string]: Key | `${Key}.${Paths<T[Key]>}` }[keyof T & string]
        : never;

/** Nothing to add where `Known` has every field of `Message` but those at the paths `Local`, and else what is missing. */
export type Covers<Message, Known, Local extends string> = [Missing<Message, Known, Local>] extends [never]
  ? unknown
  : { readonly missing: Missing<Message, Known, Local> };

type Missing<Message, Known, Local extends string> = Exclude<Paths<Message>, Paths<Known> | Local | "type">;
