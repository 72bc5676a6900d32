/**
 * Whose the names of a cluster are: each belongs to the key that joined with it first, until an operator frees it. What is told to
 * the node of a name is of a generation, which each freeing ends: nobody takes the next node's word for that of the one before.
 */

import { z } from "../../runtime/parse.js";

/** Names that a hub knows the owners of; one token must not fill its disk. */
const NAMES_MAX = 10_000;

/** Whose the names of nodes are. */
export interface NameRegistry {
  /** The public key that has the name; null where nobody has it. */
  ownerOf(name: string): string | null;
  /** The name, which nobody has, is that key's from now on; durable once it resolves. Rejects where there are too many names. */
  bind(name: string, publicKey: string): Promise<void>;
  /**
   * The name is for whoever joins with it next, and of another generation at once; durable once it resolves.
   *
   * @returns false where nobody had it
   */
  free(name: string): Promise<boolean>;
  /** How often the name has been freed. */
  generationOf(name: string): number;
}

/** What is known of a name. */
export interface Named {
  /** Null where the name was freed. */
  readonly publicKey: string | null;
  readonly generation: number;
}

export const namedForm = z.object({
  publicKey: z.string().max(256).nullable(),
  generation: z.number().int().min(0),
});

/** A `Map` is one that ends with the process. */
type KnownNames = Pick<Map<string, Named>, "get" | "has" | "size"> & {
  set(name: string, named: Named): unknown;
};

/** @param written resolves once what has changed in `known` is durable; null where it is */
export function createNames(
  known: KnownNames,
  written: () => Promise<void> | null = () => null,
): NameRegistry {
  const generationOf = (name: string): number => known.get(name)?.generation ?? 0;
  return {
    generationOf,
    ownerOf: (name) => known.get(name)?.publicKey ?? null,
    async bind(name, publicKey) {
      if (!known.has(name) && known.size >= NAMES_MAX) {
        throw new RangeError(`Cannot keep the owners of more than ${NAMES_MAX} names`);
      }
      known.set(name, { publicKey, generation: generationOf(name) });
      await written();
    },
    async free(name) {
      const named = known.get(name);
      if (named === undefined || named.publicKey === null) return false;
      known.set(name, { publicKey: null, generation: named.generation + 1 });
      await written();
      return true;
    },
  };
}
