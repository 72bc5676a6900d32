/**
 * The keys of the journals. Ids never contain `/`; numbers are padded, so that keys sort as their numbers do.
 *
 * | key | value |
 * |---|---|
 * | `d/owner` | the node and the cluster that it belongs to: sealed JSON |
 * | `d/repairs` | what was damaged and repaired: sealed JSON |
 * | `m/source` | its last incarnation, what it was, and its position: sealed JSON |
 * | `t/source/incarnation/sequence` | a task that is not settled |
 */

import { taskKey, type TaskId } from "../../task/identity.js";
import type { Operation } from "../database.js";
import { seal } from "../sealed.js";
import type { SourceMeta } from "./journal.js";

export const OWNER_KEY = "d/owner";
export const REPAIRS_KEY = "d/repairs";
export const ALL_METAS = { gte: "m/", lt: "m0" } as const;
export const ALL_ENTRIES = { gte: "t/", lt: "t0" } as const;

export const metaKey = (sourceId: string) => `m/${sourceId}`;
export const entryKey = (id: TaskId) => `t/${taskKey(id)}`;
export const entriesOf = (sourceId: string) => ({ gte: `t/${sourceId}/`, lt: `t/${sourceId}0` });

export function metaOperation(sourceId: string, meta: SourceMeta): Operation {
  return { type: "put", key: metaKey(sourceId), value: seal(JSON.stringify(meta)) };
}
