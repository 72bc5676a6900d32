/** Bugs in membership, in joining again, in watches across nodes and in the clock of a cluster. */

import { mutantsOf, type Mutant } from "./mutant.js";

const FOLDER = "transport/cluster";

export const CLUSTER_MUTANTS: readonly Mutant[] = [
  ...mutantsOf("cluster", `${FOLDER}/membership.js`, [
    ["gone-member-kept", "            this.members.delete(member.name);\n", ""],
    [
      "sequence-not-checked",
      "if (event.sequence !== this.#sequence + 1)",
      "if (event.sequence <= this.#sequence)",
    ],
  ]),
  ...mutantsOf("cluster", `${FOLDER}/joiner.js`, [
    [
      "cut-off-keeps-routes",
      "        this.#direct.closeAll();\n        for (const member of this.members.values()) {\n            if (member.name !== this.#system.name)\n                this.#core.exchange.disconnect(member);\n        }\n",
      "        this.#direct.closeAll();\n",
    ],
    [
      "never-joins-again",
      'emit({ type: "cutOff", reason: why });\n        this.#dialer.dialLater(this.#direct.url);\n',
      'emit({ type: "cutOff", reason: why });\n',
    ],
    [
      "new-member-without-route",
      '                if (event.type === "memberUp")\n                    exchange.connect(member, peer.link);\n',
      "",
    ],
    [
      "gone-member-keeps-route",
      "                    this.#direct.forget(member);\n                    exchange.disconnect(member);\n",
      "                    this.#direct.forget(member);\n",
    ],
    ["first-failure-is-final", "PASSING.has(code)", "PASSING.has(`not ${code}`)"],
  ]),
  ...mutantsOf("cluster", `${FOLDER}/hub.js`, [
    [
      "lost-member-keeps-route",
      "        this.#core.exchange.disconnect(member);\n        const sequence",
      "        const sequence",
    ],
    ["lost-member-still-written-to", "        this.#peers.delete(member.session);\n", ""],
  ]),
  ...mutantsOf("cluster", `${FOLDER}/exchange.js`, [
    ["watches-outlive-member", "        this.#watches.onMemberGone(route);\n", ""],
    ["asks-outlive-member", "        this.#system.nodeDown(member.name);\n", ""],
  ]),
  ...mutantsOf("cluster", "node/follow-cluster.js", [
    [
      "cut-off-not-told",
      "components.nodeGone(cluster.hub, { left: false });\n                break;\n",
      "break;\n",
    ],
    [
      "gone-while-cut-off-not-told",
      "                for (const name of known)\n                    components.nodeGone(name, { left: false });\n",
      "",
    ],
    ["not-registered-again", "                components.register();\n", ""],
    [
      "gone-node-stays-in-plans",
      '            scheduler.tell({ type: "removeNode", node: name, gone: true }, "control");\n',
      "",
    ],
    ["node-back-not-told", "        components.nodeBack(name);\n", ""],
    ["node-gone-not-told", "        components.nodeGone(name, { left });\n", ""],
  ]),
  ...mutantsOf("cluster", "node/undelivered-tasks.js", [
    ["lost-answer-forgotten", "if (isAnswer(message)) {", "if (message === null) {"],
    [
      "undelivered-store-forgotten",
      'return type === "submit" || type === "store";',
      'return type === "submit";',
    ],
  ]),
  ...mutantsOf("cluster", "node/drain.js", [
    ["drain-ignores-joins", "return joining + parked", "return parked"],
    ["drain-ignores-quiet-time", "nowMs - quietSinceMs >= quietMs", "nowMs - quietSinceMs >= 0"],
  ]),
  ...mutantsOf("cluster", "transport/cluster-clock.js", [
    ["corrected-twice", "this.#aimMs = this.#offsetMs + moveMs;", "this.#aimMs += moveMs;"],
    [
      "corrected-the-wrong-way",
      "this.#aimMs = this.#offsetMs + moveMs;",
      "this.#aimMs = this.#offsetMs - moveMs;",
    ],
  ]),
];
