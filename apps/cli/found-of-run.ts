/** What one run of a source has found, read back once it has ended. */

import { createFound, addFound, summariseFound, type FoundKind } from "../../src/operator/found.js";
import { iterateRecords, type RecordPlace } from "../../src/storage/results/read-store.js";
import type { SourceId } from "../../src/task/identity.js";

/** Results that are read at most: a camera may have run for months. */
const RESULTS_MAX = 20_000;

/** From the newest result of the incarnation back. @throws SluiceError `store-corrupt` */
export async function foundOfRun(
  place: Pick<RecordPlace, "query">,
  sourceId: SourceId,
  incarnation: number,
): Promise<readonly FoundKind[]> {
  const found = createFound();
  const query = { sourceId, newestFirst: true, limit: RESULTS_MAX };
  for await (const record of iterateRecords(place, query)) {
    if (record.id.incarnation < incarnation) break;
    if (record.type === "result" && record.id.incarnation === incarnation) addFound(found, record);
  }
  return summariseFound(found);
}
