/** Bugs in how one of several nodes captures a source, and another one takes it over. */

import { mutantsOf, type Mutant } from "./mutant.js";

const FOLDER = "actors/scheduler/hosting";

export const HOSTING_MUTANTS: readonly Mutant[] = [
  ...mutantsOf("hosting", `${FOLDER}/find-host.js`, [
    [
      "never-taken-over",
      "            else if (nowMs >= phase.untilMs)\n                giveUp(",
      "            else if (nowMs >= phase.untilMs * 1e6)\n                giveUp(",
    ],
    [
      "position-of-first-host",
      "position: position ?? hosted.position",
      "position: hosted.position ?? position",
    ],
    [
      "appointed-before-sealed",
      "        reason,\n    });\n    seal(state, id, entry, ctx);",
      "        reason,\n    });\n    appoint(state, id, entry, ctx);",
    ],
    ["nothing-sealed", "fromPosition: lastHost === null ? null : (fromPosition ?? 0)", "fromPosition: null"],
  ]),
  ...mutantsOf("hosting", `${FOLDER}/host-news.js`, [
    [
      "former-goes-on-after-the-end",
      "if (isNew || !options.owners.wasAppointed(id, node))",
      "if (options !== null)",
    ],
    [
      "former-not-told",
      "if (hosted?.host === null || !state.options.owners.wasAppointed(id, node))",
      "if (state !== null)",
    ],
    ["whoever-comes-registers", "if (hosted.host === node && isAppointed)", "if (hosted.host !== null)"],
    ["gone-while-it-leaves", '!(gone && status === "leaving")', "gone"],
    [
      "drained-host-keeps-its-source",
      'if (entry.phase.status === "leaving")\n            leaveHost(',
      'if (entry.phase.status === "waiting")\n            leaveHost(',
    ],
  ]),
  ...mutantsOf("hosting", "actors/distributor/seal-source.js", [
    ["gaps-not-sealed", "for (const sequence of missing) {", "for (const sequence of missing.slice(1)) {"],
    [
      "incarnation-not-closed",
      '        yield { type: "closed", id: idOf(created), end: "takenOver", counts: null, ...common };\n',
      "",
    ],
    [
      "sealed-while-records-wait",
      'if (waiting.has(sourceId) || seal.step === "reading")',
      'if (seal.step === "reading")',
    ],
  ]),
  ...mutantsOf("hosting", "actors/distributor/source-tail.js", [
    [
      "what-is-deleted-forgotten",
      "for (const expired of await store.expired(sourceId))",
      "for (const expired of [])",
    ],
  ]),
  ...mutantsOf("hosting", "storage/results/incarnation-tail.js", [
    [
      "position-of-last-record",
      "newest: (one.newest?.sequence ?? -1) > (other.newest?.sequence ?? -1) ?",
      "newest: other.newest === null ?",
    ],
  ]),
  ...mutantsOf("hosting", "storage/trust/owners.js", [
    [
      "former-not-remembered",
      ": [...former.filter((name) => name !== node), node].slice(-FORMER_MAX);",
      ": former;",
    ],
    [
      "former-speaks-on",
      "if (owner.node !== node || vouched <= owner.after) {",
      "if (owner.node !== node && owner.former === undefined) {",
    ],
    [
      "own-incarnations-of-before",
      "if (owner.node !== node || vouched <= owner.after) {",
      "if (owner.node !== node) {",
    ],
  ]),
];
