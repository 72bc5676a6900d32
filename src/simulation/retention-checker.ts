/**
 * What retention has left of the records of a run, and deleted.
 *
 * RT1 The newest records are kept, as many as are to be, one behind the other.
 * RT2 No more than that are kept, but for what came since it last looked: as the store has it that runs, since what it deletes may
 *     be there again once its node has crashed.
 */

import type { StoredRecord } from "../task/record.js";
import type { StoreStatement } from "../task/record-chain.js";
import { RETENTION_PERIOD_MS } from "../actors/distributor/expire-records.js";

/** For a step of deleting, in ms. */
const STEP_MS = 1_000;

/** Within that time a store whose node is well has looked. */
export const LOOKS_MS = RETENTION_PERIOD_MS + STEP_MS;

export interface Kept {
  readonly records: readonly StoredRecord[];
  readonly statement: Pick<StoreStatement, "firstPosition" | "nextPosition">;
  /** That are to be kept; null for all. */
  readonly recordsMax: number | null;
  /** As the store had it before its process ended. */
  readonly recordCount: number;
  /** Of the last `LOOKS_MS`; null where something still failed then. */
  readonly newest: number | null;
}

/** @returns what is wrong, a sentence each */
export function checkRetention({
  records,
  statement,
  recordsMax,
  recordCount,
  newest,
}: Kept): readonly string[] {
  const { firstPosition, nextPosition } = statement;
  const findings: string[] = [];
  const wanted = Math.min(nextPosition, recordsMax ?? nextPosition);
  if (records.length < wanted) {
    findings.push(
      `retention: ${records.length} records are kept of ${nextPosition}, and not the newest ${wanted}`,
    );
  }
  const hole = records.findIndex(({ position }, index) => position !== firstPosition + index);
  if (hole >= 0)
    findings.push(`retention: record ${firstPosition + hole} is missing among those that are kept`);
  if (newest !== null && recordsMax !== null && recordCount > recordsMax + newest) {
    findings.push(
      `retention: ${recordCount} records are kept, although no more than ${recordsMax} are to be`,
    );
  }
  return findings;
}
