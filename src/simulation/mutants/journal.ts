/**
 * Bugs in what outlives a node. Simulated hosts keep journals on a disk of their own, so bugs of level's door are not among
 * these: its contract suite is their test.
 */

import { mutantsOf, type Mutant } from "./mutant.js";

export const JOURNAL_MUTANTS: readonly Mutant[] = [
  ...mutantsOf("journal", "storage/journal/journal.js", [
    [
      "position-of-first",
      "span.last.frame > (last?.frame ?? -1)",
      "span.last.frame < (last?.frame ?? Infinity)",
    ],
    ["incarnation-reused", "(before?.incarnation ?? 0) + 1", "before?.incarnation ?? 0"],
    ["incarnation-is-clock", "Math.max(nowMs, (before?.incarnation ?? 0) + 1)", "nowMs"],
    [
      "source-told-apart-wrongly",
      "entries: same ? entries : entries.map(withoutSource)",
      "entries: same ? entries.map(withoutSource) : entries",
    ],
    ["position-forgotten", "position: same?.position ?? null", "position: null"],
    [
      "position-of-any-incarnation",
      "entries.filter(({ task }) => task.id.incarnation === meta.incarnation)",
      "entries",
    ],
  ]),
  ...mutantsOf("journal", "storage/journal/entry-codec.js", [
    ["frames-overlap", "        at += length;\n", ""],
    ["checksum-ignored", "crc32(bytes.subarray(4)) !== view.getUint32(0, true)", "view.byteLength < 0"],
  ]),
  ...mutantsOf("journal", "actors/generator/delivery/unsettled.js", [
    ["pixels-of-live-lost", "drop === null && span === null ? task.payload : null", "null"],
    ["delivery-starts-over", "delivery: deliveredBefore + 1 }", "delivery: 1 }"],
    [
      "drop-forgotten",
      "return { task: { ...branch, payload }, drop, span };",
      "return { task: { ...branch, payload }, drop: null, span };",
    ],
  ]),
  ...mutantsOf("journal", "actors/generator/delivery/journal-writer.js", [
    ["never-tried-again", '        ctx.after("journal", JOURNAL_RETRY_MS, { type: "journalDue" });\n', ""],
    [
      "failed-is-written",
      "written(entries, result.ok, ctx.monotonic())",
      "written(entries, true, ctx.monotonic())",
    ],
    ["settled-stays", "        this.#journal.settle(id);\n", ""],
  ]),
  ...mutantsOf("journal", "actors/generator/delivery/delivery.js", [
    ["recovered-again-at-restart", "        this.#recovered = [];\n        for", "        for"],
  ]),
];
