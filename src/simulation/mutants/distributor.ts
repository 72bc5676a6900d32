/** Bugs on the way from a finished task to a durable record, and to its subscribers. */

import { mutantsOf, type Mutant } from "./mutant.js";

const FOLDER = "actors/distributor";

export const DISTRIBUTOR_MUTANTS: readonly Mutant[] = [
  ...mutantsOf("distributor", `${FOLDER}/write-batches.js`, [
    ["pending-bytes-kept", "        retained.pendingBytes -= waiting.bytes;\n", ""],
    ["pending-kept", "        retained.pending.delete(key);\n", ""],
    ["older-origin-stays", "        waiting.origin = arrived.origin;\n", ""],
    [
      "repeated-not-acknowledged",
      'const repeated = end.status === "existing" && batch.attempt === 1;\n',
      'const repeated = end.status === "existing" && batch.attempt === 1;\n        if (repeated)\n            continue;\n',
    ],
    [
      "failed-batch-not-tried-again",
      '    ctx.after("flush", backoffMs(RETRY_BACKOFF, attempt, ctx.random()), { type: "flushDue" });\n',
      "",
    ],
    ["retry-without-backoff", "backoffMs(RETRY_BACKOFF, attempt, ctx.random())", "0"],
    [
      "stored-flushes-no-more",
      "        expire(state, ctx);\n    scheduleFlush(state, ctx);\n",
      "        expire(state, ctx);\n",
    ],
    [
      "restart-forgets-write",
      '        retained.writing = left.length === 0 ? { status: "idle" } : { status: "retrying", batch };\n',
      "        void batch;\n",
    ],
    [
      "own-outcome-told",
      'end.status === "stored" ? outcomeOf(waiting.record) : end.outcome',
      "outcomeOf(waiting.record)",
    ],
    ["first-end-for-all", "const end = appended[index];", "const end = appended[0];"],
    [
      "acknowledged-before-durable",
      '    ctx.pipe(appended, (result) => ({ type: "appendEnded", batch, result }));',
      '    const early = records.map((record) => ({ status: "stored", record: { ...record, position: given.store.nextPosition } }));\n    appended.catch(() => { });\n    ctx.pipe(Promise.resolve(early), (result) => ({ type: "appendEnded", batch, result }));',
    ],
  ]),
  ...mutantsOf("distributor", `${FOLDER}/distributor.js`, [
    ["abandon-stays-here", "of nodesWaitingFor(drop)) {", "of nodesWaitingFor(drop).slice(1)) {"],
  ]),
  ...mutantsOf("distributor", `${FOLDER}/subscription.js`, [
    ["pushed-while-reading", "subscription.reading || ", ""],
    ["demand-not-spent", "    subscription.demand -= 1;\n", ""],
    [
      "slice-pushed-again",
      "    subscription.nextPosition = Math.max(subscription.nextPosition, nextPosition);\n",
      "",
    ],
  ]),
  ...mutantsOf("distributor", `${FOLDER}/serve-subscribers.js`, [
    ["demand-replaced", "Math.min(subscription.demand + count, DEMAND_MAX)", "Math.min(count, DEMAND_MAX)"],
    [
      "reading-for-ever",
      "    if (result.ok) {\n        subscription.reading = false;\n",
      "    if (result.ok) {\n",
    ],
  ]),
  ...mutantsOf("distributor", `${FOLDER}/expire-records.js`, [
    ["expires-once", "    state.expiring = false;\n", ""],
  ]),
];
