/** The chain and the trailer. */

import { on, onStatement, oneResult, middle, unchained, type Tampering } from "./tampering.js";

export const SEALS: Readonly<Record<string, Tampering>> = {
  "a record has no chain": {
    rule: "chain",
    forged: null,
    change: oneResult(unchained),
  },
  "no record has a chain": {
    rule: "chain",
    forged: null,
    change: on((all) => all.map(unchained)),
  },
  "the trailer counts fewer tasks": {
    rule: "complete",
    forged: null,
    change: onStatement(({ totals }) => ({
      totals: { ...totals, "cam-1": { stored: (totals["cam-1"]?.stored ?? 0) - 1, dropped: {} } },
    })),
  },
  "the trailer says that more was stored": {
    rule: "complete",
    forged: null,
    change: onStatement(({ nextPosition }) => ({ nextPosition: nextPosition + 5 })),
  },
  "the trailer takes what is gone for deleted": {
    rule: "complete",
    forged: "lost",
    change: (run) => {
      const { at } = middle(run.records);
      const { sequence, ...incarnation } = at.id;
      const { records, trailer } = onStatement(() => ({
        expired: [{ ...incarnation, sequences: [sequence, sequence] }],
      }))(run);
      return { records: records.filter((record) => record !== at), trailer };
    },
  },
};
