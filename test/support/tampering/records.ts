/** Records that are missing, put in or moved. */

import { parseSourceId } from "../../../src/task/identity.js";
import {
  CAM_2,
  firstClosing,
  on,
  onTrailer,
  oneResult,
  twoResults,
  added,
  wholeOf,
  middle,
  lastOf,
  withoutLast,
  type Tampering,
} from "./tampering.js";

export const RECORDS: Readonly<Record<string, Tampering>> = {
  // ── What is missing ──
  "the last task and the closing are gone": {
    rule: "complete",
    forged: null,
    change: on((all) => withoutLast(all, 1)),
  },
  "the record of the last task is gone": {
    rule: "lost",
    forged: "lost",
    change: on((all) => all.filter((record) => record !== lastOf(all))),
  },
  "the closing of an incarnation is gone": {
    rule: "closed",
    forged: "closed",
    change: on((all) => all.filter((record) => record !== firstClosing(all))),
  },
  "a closing counts fewer tasks": {
    rule: "closed",
    forged: "closed",
    change: on((all) =>
      all.map((record) =>
        record === firstClosing(all)
          ? { ...record, id: { ...record.id, sequence: record.id.sequence - 1 } }
          : record,
      ),
    ),
  },
  "the last ten tasks and the closing are gone": {
    rule: "complete",
    forged: null,
    change: on((all) => withoutLast(all, 10)),
  },
  "the second half of every source is gone": {
    rule: "complete",
    forged: null,
    change: on((all) => all.filter(({ id }) => id.sequence < 20)),
  },
  "a whole source is gone": {
    rule: "complete",
    forged: null,
    change: on((all) => all.filter(({ id }) => id.sourceId !== CAM_2)),
  },
  "a whole incarnation is gone": {
    rule: "complete",
    forged: null,
    change: on((all) => all.filter(({ id }) => id.incarnation !== lastOf(all).id.incarnation)),
  },
  "every record is gone": { rule: "complete", forged: null, change: on(() => []) },
  "the file is empty": { rule: "sealed", forged: null, change: () => ({ records: [], trailer: null }) },
  "the trailer is gone": { rule: "sealed", forged: null, change: onTrailer(() => null) },
  "the first record is gone": { rule: "complete", forged: "lost", change: on((all) => all.slice(1)) },
  "the first ten records are gone": { rule: "complete", forged: "lost", change: on((all) => all.slice(10)) },
  "a record in the middle is gone": {
    rule: "lost",
    forged: "lost",
    change: on((all) => all.filter((record) => record !== middle(all).at)),
  },
  "every other record is gone": {
    rule: "lost",
    forged: "lost",
    change: on((all) => all.filter((_, index) => index % 2 === 0)),
  },

  // ── What is put in, or moved ──
  "a record is there twice": { rule: "doubled", forged: "doubled", change: added((all) => [middle(all).at]) },
  "a position is given twice": {
    rule: "position",
    forged: null,
    change: oneResult((record) => ({ ...record, position: record.position - 1 })),
  },
  "a position is passed over": {
    rule: "complete",
    forged: null,
    change: on((all) =>
      all.map((record) => ({ ...record, position: record.position + (record.position > 9 ? 1 : 0) })),
    ),
  },
  "two records change places": {
    rule: "position",
    forged: null,
    change: on((all) =>
      all.map((record, index) => all[index === 20 ? 21 : index === 21 ? 20 : index] ?? record),
    ),
  },
  "a task is added behind the last": {
    rule: "complete",
    forged: "frames",
    change: added((all) => {
      const last = lastOf(all);
      return [{ ...last, id: { ...last.id, sequence: last.id.sequence + 1 } }];
    }),
  },
  "a sequence is one that cannot be": {
    rule: "lost",
    forged: "lost",
    change: added((all) => {
      const last = lastOf(all);
      return [{ ...last, id: { ...last.id, sequence: Number.MAX_SAFE_INTEGER } }];
    }),
  },
  "a sequence is negative": {
    rule: "attempt",
    forged: "attempt",
    change: oneResult((record) => ({ ...record, id: { ...record.id, sequence: -1 } })),
  },
  "a sequence is broken": {
    rule: "attempt",
    forged: "attempt",
    change: oneResult((record) => ({ ...record, id: { ...record.id, sequence: 12.5 } })),
  },
  "a source is added": {
    rule: "complete",
    forged: null,
    change: added((all) =>
      wholeOf(all, CAM_2).map((record) => ({
        ...record,
        id: { ...record.id, sourceId: parseSourceId("cam-3") },
      })),
    ),
  },
  "an incarnation is added": {
    rule: "complete",
    forged: null,
    change: added((all) =>
      wholeOf(all, CAM_2).map((record) => ({
        ...record,
        id: { ...record.id, incarnation: record.id.incarnation + 5_000 },
      })),
    ),
  },
  "a task is given to another incarnation": {
    rule: "lost",
    forged: "lost",
    change: oneResult((record) => ({
      ...record,
      id: { ...record.id, incarnation: record.id.incarnation + 7 },
    })),
  },
  "a task is given to another source": {
    rule: "lost",
    forged: "lost",
    change: oneResult((record) => ({ ...record, id: { ...record.id, sourceId: CAM_2 } })),
  },
  "two sequences are swapped": {
    rule: "frames",
    forged: "frames",
    change: twoResults((before, at) => [
      { ...before, id: at.id },
      { ...at, id: before.id },
    ]),
  },
};
