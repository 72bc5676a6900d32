/** Bugs in the router of a node, its stage inboxes, its joins and the swap of tables. */

import { mutantsOf, type Mutant } from "./mutant.js";

const FOLDER = "actors/controller";

export const CONTROLLER_MUTANTS: readonly Mutant[] = [
  ...mutantsOf("controller", `${FOLDER}/stage-inbox.js`, [
    ["answered-stays-in-flight", "    inbox.inFlight.delete(key);\n", ""],
    [
      "answer-hands-nothing-over",
      "inbox.inFlight.delete(key);\n    handOver(inbox);\n",
      "inbox.inFlight.delete(key);\n",
    ],
    [
      "older-delivery-stays",
      "return here.task.delivery >= task.delivery ||",
      "return here.task.delivery <= task.delivery ||",
    ],
    [
      "abandon-withdraws-newer",
      "waiting === undefined || waiting.task.delivery > delivery",
      "waiting === undefined",
    ],
    [
      "restarted-processor-gets-nothing",
      "entry.attempt += 1;\n        execute(processor, entry);\n",
      "entry.attempt += 1;\n",
    ],
    ["skips-forgotten", "    for (const message of inbox.skips)\n        processor.ref.tell(message);\n", ""],
    ["answers-forgotten", "    inbox.answers.set(key, answer);\n", ""],
    ["answers-unbounded", "if (inbox.answers.size > ANSWERS_MAX)", "if (inbox.answers.size < 0)"],
    ["taken-back-stays", "    inbox.waiting.clear();\n", ""],
  ]),
  ...mutantsOf("controller", `${FOLDER}/park.js`, [
    ["parked-stays", "retained.parked.splice(0)", "retained.parked.slice(0)"],
  ]),
  ...mutantsOf("controller", `${FOLDER}/end-task.js`, [
    ["dropped-not-abandoned-here", "if (!nodesWaitingFor(task).includes(router.node))", "if (task !== null)"],
    [
      "skip-at-wrong-node",
      "if (node === router.node)\n            skip(",
      "if (node !== router.node)\n            skip(",
    ],
  ]),
  ...mutantsOf("controller", "task/join.js", [
    ["forgotten-goes-on", "return delivery <= newestDelivery", "return delivery < newestDelivery"],
    [
      "joined-stays-open",
      "    if (waiting.size === 0)\n        joins.open.delete(key);\n    const joined",
      "    const joined",
    ],
    ["joined-twice", "if (task.delivery <= passed)", "if (task.delivery < passed)"],
    ["overdue-join-stays", "    for (const { task } of expired)\n        forget(joins, task);\n", ""],
    [
      "joined-under-oldest-delivery",
      "branch.delivery > best.delivery ? branch : best",
      "branch.delivery < best.delivery ? branch : best",
    ],
    ["one-branch-is-enough", "join.branches.size < wanted.length", "join.branches.size < wanted.length - 1"],
  ]),
  ...mutantsOf("controller", `${FOLDER}/swap-table.js`, [
    ["any-table-taken", "if (!supersedes(retained.table, table))", "if (retained.table === table)"],
    ["pipeline-of-join-retired", "of waitingTasks(joins))", "of [])"],
    ["generator-never-detached", "    router.retained.generators.delete(sourceId);\n", ""],
  ]),
  ...mutantsOf("controller", `${FOLDER}/flush.js`, [
    ["parked-never-looked-at", ", ...takeParked(router)];", "];"],
  ]),
  ...mutantsOf("controller", `${FOLDER}/route-task.js`, [
    ["answer-of-older-delivery", "goOn(router, given, pipeline", "goOn(router, task, pipeline"],
    ["meets-wherever-it-is", "task.joinNodes.get(task.cursor) ?? router.cloud", "router.node"],
    ["forwarded-in-circles", "forwarded: Math.max(forwarded ?? 0, table?.epoch ?? 0),", "forwarded: null,"],
  ]),
];
