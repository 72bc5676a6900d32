/** Branded strings: text that has passed its parser, and whose type says so. */

declare const brand: unique symbol;

/** A subtype of `T` that only a parser makes. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** Name of a node: 1 to 64 letters, digits, `-`, `_` or `.`, starting with a letter or digit. */
export type NodeName = Brand<string, "NodeName">;

/** Absolute path of an actor inside its node: `/controller`, `/sources/cam-1`. */
export type ActorPath = Brand<string, "ActorPath">;
