/** Bugs in the delivery of a source's tasks. */

import { mutantsOf, type Mutant } from "./mutant.js";

const FOLDER = "actors/generator/delivery";

export const DELIVERY_MUTANTS: readonly Mutant[] = [
  ...mutantsOf("delivery", `${FOLDER}/unsettled-tasks.js`, [
    ["settled-task-kept", "        this.#unsettled.delete(key);\n", ""],
    [
      "inherited-takes-no-room",
      "        if (drop === null)\n            window.takeRoom(task.id, task.payloadBytes);\n",
      "",
    ],
    [
      "restart-forgets-writing",
      'this.#unwritten = [...this.#unsettled.values()].filter(({ status }) => status === "writing");',
      "this.#unwritten = [];",
    ],
    ["failed-write-forgotten", "            else\n                this.#unwritten.push(unsettled);\n", ""],
    ["plan-places-forgotten", "                placedOn.add(node);\n", "                void node;\n"],
    [
      "plan-releases-nothing",
      "placedOn.add(node);\n        this.#release(nowMs);\n",
      "placedOn.add(node);\n",
    ],
    ["node-back-inverted", "if (this.#placement.nodeBack(node))", "if (!this.#placement.nodeBack(node))"],
    ["held-never-sent", 'if (unsettled.status === "held")', 'if (unsettled.status === "waiting")'],
    ["replayable-drops-too", "const full = live && window.full;", "const full = window.full;"],
    ["sent-before-journal", "if (this.#options.journalled)", "if (!this.#options.journalled)"],
    ["recovered-delivery-reused", "task.delivery - 1 + limits.deliveriesMax", "task.delivery - 1"],
    [
      "gone-node-left-alone",
      "            this.#redelivery.lost(unsettled, left, nowMs);\n",
      "            void left;\n",
    ],
    [
      "drop-sent-as-task",
      "        if (unsettled.drop === null) {\n            for (const task of branches)",
      "        if (unsettled.deliveries > 0) {\n            for (const task of branches)",
    ],
  ]),
  ...mutantsOf("delivery", `${FOLDER}/redelivery.js`, [
    ["delivery-not-counted", "        unsettled.deliveries += 1;\n", ""],
    ["no-backoff", " * 2 ** (unsettled.deliveries - 1);", ";"],
    ["last-due-first", "dueAtMs < first))", "dueAtMs > first))"],
    ["expedite-delays", "Math.min(unsettled.dueAtMs, atMs)", "Math.max(unsettled.dueAtMs, atMs)"],
  ]),
  ...mutantsOf("delivery", `${FOLDER}/window.js`, [
    ["window-bytes-kept", "        this.#bytes -= this.#room.get(key) ?? 0;\n", ""],
    ["window-room-kept", "        this.#room.delete(key);\n", ""],
  ]),
  ...mutantsOf("delivery", `${FOLDER}/placement.js`, [
    ["ordinal-shared", "this.#pinned.set(place, ordinal + 1);", "this.#pinned.set(place, ordinal);"],
    ["join-stays-on-gone-node", "(joinNodes.get(cursor) ?? node)", "node"],
  ]),
  ...mutantsOf("delivery", `${FOLDER}/delivery.js`, [
    [
      "gone-node-timer-not-reset",
      "message.left, ctx.monotonic());\n                this.#armedForMs = null;\n",
      "message.left, ctx.monotonic());\n",
    ],
  ]),
  ...mutantsOf("delivery", "actors/generator/absences.js", [
    ["pause-leaves-open", "capture.rest(ctx);", "void capture;"],
    ["pause-keeps-frames", "grouping.discard();", "void grouping;"],
    ["pause-forgotten-as-it-opens", "return pause !== null;", "return false;"],
  ]),
  ...mutantsOf("delivery", "actors/generator/generator.js", [
    ["reconfigured-keeps-frames", "grouping.discardHeld();", "void grouping;"],
    ["pause-unheard", "absences.pause(state, message.pause, ctx)", "void absences"],
    ["ends-before-settled", "        if (window.ledger.inFlight > 0)\n            return;\n", ""],
    ["reads-from-beginning", "state.capture.open(retained.position);", "state.capture.open(null);"],
  ]),
];
