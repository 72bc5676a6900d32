/** Which tasks the store has settled before: those whose records it holds, and those whose records retention has deleted. */

import type { TaskId } from "../../task/identity.js";
import type { Outcome } from "../../task/task.js";
import type { Database } from "../database.js";
import type { IncarnationTail } from "./incarnation-tail.js";
import { expiredKey, expiredTailKey, identityKey } from "./level-keys.js";
import { decodeIdentity, decodeRanges, decodeTail, type Decoder } from "./record-codec.js";
import { hasSequence, type SequenceRanges } from "./sequence-ranges.js";

/**
 * The outcomes of those of `ids` that were settled before, by identity key; null where retention has deleted the record:
 * that the task was settled is still known, as what is not.
 *
 * @throws SluiceError `store-corrupt`
 */
export async function settledBefore(
  database: Database,
  ids: readonly TaskId[],
): Promise<Map<string, Outcome | null>> {
  const settled = new Map<string, Outcome | null>();
  const identities = await getMany(database, ids.map(identityKey), decodeIdentity);
  const unknown = ids.filter((_, index) => identities[index] === undefined);
  const expired = await expiredRanges(database, unknown);
  for (const [index, id] of ids.entries()) {
    const identity = identities[index];
    if (identity !== undefined) settled.set(identityKey(id), identity.outcome);
    else if (hasSequence(expired.get(expiredKey(id)) ?? [], id.sequence)) settled.set(identityKey(id), null);
  }
  return settled;
}

/** The sequences that retention has deleted of each source and incarnation among `ids`, by `expiredKey`. */
export async function expiredRanges(
  database: Database,
  ids: readonly TaskId[],
): Promise<Map<string, SequenceRanges>> {
  const keys = [...new Set(ids.map(expiredKey))];
  const ranges = await getMany(database, keys, decodeRanges);
  return new Map(keys.map((key, index) => [key, ranges[index] ?? []]));
}

/** Where what retention has deleted of them had come to, by `expiredTailKey`, as far as that was kept. */
export async function expiredTails(
  database: Database,
  ids: readonly TaskId[],
): Promise<Map<string, IncarnationTail | undefined>> {
  const keys = [...new Set(ids.map(expiredTailKey))];
  const tails = await getMany(database, keys, decodeTail);
  return new Map(keys.map((key, index) => [key, tails[index]]));
}

async function getMany<Value>(
  database: Database,
  keys: readonly string[],
  decode: Decoder<Value>,
): Promise<readonly (Value | undefined)[]> {
  if (keys.length === 0) return [];
  const texts: readonly (string | undefined)[] = await database.getMany([...keys]);
  return texts.map((text, index) => (text === undefined ? undefined : decode(text, keys[index] ?? "")));
}
