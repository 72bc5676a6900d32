/** Bugs in how stages are loaded, routed to once they are, and unloaded. */

import { mutantsOf, type Mutant } from "./mutant.js";

export const LOADING_MUTANTS: readonly Mutant[] = [
  ...mutantsOf("loading", "scheduling/deploy.js", [
    [
      "routed-before-ready",
      "if (first !== undefined && isLoaded(first, wanted) === true)",
      "if (first !== undefined)",
    ],
    ["leaves-what-is-loaded", "if (before !== null && stays !== undefined)", "if (before === stays)"],
    [
      "waits-although-another-is-ready",
      "nodes.find((node) => isLoaded(node, wanted) === true);",
      "nodes.find((node) => isLoaded(node, wanted) === null);",
    ],
    ["nobody-is-told-to-wait", "loading ||= !route.ready;", "loading &&= !route.ready;"],
    [
      "routed-not-deployed",
      'want(serving, served, stays ? "routed" : "wanted");',
      'if (isThere === null)\n                    want(serving, served, stays ? "routed" : "wanted");',
    ],
  ]),
  ...mutantsOf("loading", "actors/scheduler/loaded-stages.js", [
    ["ready-of-older-process-believed", "        this.#loaded.delete(node);\n", ""],
    [
      "unloaded-not-noticed",
      "const now = new Set(stages.map(stageKeyText));",
      "const now = new Set([...(before ?? []), ...stages.map(stageKeyText)]);",
    ],
  ]),
  ...mutantsOf("loading", "actors/scheduler/reroute.js", [
    [
      "move-is-no-change",
      "if (!sameRoute(before, routing) || (before.loading === true) !== routing.loading)",
      "if ((before.loading === true) !== routing.loading)",
    ],
  ]),
  ...mutantsOf("loading", "actors/controller/local-stages.js", [
    ["never-unloaded", "nowMs - inbox.idleSinceMs >= router.limits.stageHoldMs", "inbox.idleSinceMs > nowMs"],
    ["unloaded-with-tasks", "placedHere.has(text) || taskCount(inbox) > 0)", "placedHere.has(text))"],
    ["unloaded-unsaid", "    retained.loadedChanged ||= loaded;\n", ""],
    ["inbox-goes-processor-stays", '    processors.tell({ type: "retireProcessor", stage: key });\n', ""],
  ]),
  ...mutantsOf("loading", "actors/controller/controller.js", [
    [
      "loaded-unsaid",
      "    noteSuccess(router, stage);\n    router.retained.loadedChanged = true;\n",
      "    noteSuccess(router, stage);\n",
    ],
    [
      "ready-of-older-processor-believed",
      "if (inbox?.processor?.incarnation !== incarnation)",
      "if (inbox === undefined)",
    ],
    [
      "tasks-of-failed-stage-forgotten",
      "    for (const task of tasks)\n        submit(router, task, null);\n",
      "",
    ],
  ]),
  ...mutantsOf("loading", "actors/controller/swap-table.js", [
    [
      "table-answered-without-what-is-loaded",
      'replyTo.tell({ type: "tableInstalled", node, epoch }, "control");\n    retained.loadedChanged = true;\n',
      'replyTo.tell({ type: "tableInstalled", node, epoch }, "control");\n',
    ],
  ]),
  ...mutantsOf("loading", "actors/processor/worker-room.js", [
    [
      "failed-load-keeps-its-slot",
      '        endLoad(place);\n        const ended = event.type === "crashed" || event.type === "loadFailed";\n        if (ended)\n            close(place);\n',
      '        const ended = event.type === "crashed" || event.type === "loadFailed";\n        if (ended) {\n            placed.delete(place);\n            place.thread = null;\n        }\n        if (!ended)\n            endLoad(place);\n        if (ended)\n            place.busy = false;\n',
    ],
    [
      "given-up-load-keeps-its-slot",
      "        placed.delete(place);\n        endLoad(place);\n",
      "        placed.delete(place);\n",
    ],
    ["ended-worker-keeps-its-thread", "            thread?.[how]();\n", ""],
  ]),
  ...mutantsOf("loading", "actors/processor/pool-workers.js", [
    [
      "hung-load-never-given-up",
      '    ctx.after(timerOf(id), pool.limits.loadTimeoutMs, { type: "workerTimedOut", worker: id, run: 0 });\n',
      "",
    ],
  ]),
  ...mutantsOf("loading", "actors/processor/worker-pool.js", [
    [
      "failed-load-not-tried-again",
      "    pool.backingOff = true;\n    ctx.after(",
      "    pool.backingOff = true;\n    if (pool.loadFailures > 0)\n        return CHANGED;\n    ctx.after(",
    ],
  ]),
  ...mutantsOf("loading", "actors/processor/processors.js", [
    [
      "retired-processor-stays",
      "        ctx.unwatch(child);\n        ctx.stop(child);\n",
      "        ctx.unwatch(child);\n",
    ],
  ]),
];
