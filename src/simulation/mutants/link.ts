/** Bugs in the credit, the order and the chunks of a link, and in the move to a direct one. */

import { mutantsOf, type Mutant } from "./mutant.js";

const FOLDER = "transport/link";

export const LINK_MUTANTS: readonly Mutant[] = [
  ...mutantsOf("link", `${FOLDER}/link-sender.js`, [
    [
      "grant-sends-nothing",
      "if (this.#credit.grant(limit) && !this.#waiting.empty)",
      "if (this.#credit.grant(limit) && this.#waiting.empty)",
    ],
    ["overtakes-what-waits", "this.#waiting.empty && this.#credit.available", "this.#credit.available"],
    ["barrier-ignores-waiting", "else if (this.#waiting.holdsFor(to))", "else if (this.#waiting.empty)"],
    [
      "barrier-never-passes",
      "                this.#data.push(barrier.record);\n",
      "                void barrier;\n",
    ],
  ]),
  ...mutantsOf("link", `${FOLDER}/link-receiver.js`, [
    [
      "chunk-credited-twice",
      'if (assembly.lane === "data")\n            this.#consumed += bytes;',
      'if (assembly.lane === "data")\n            this.#consumed += 2 * bytes;',
    ],
    [
      "chunk-not-credited",
      '        if (assembly.lane === "data")\n            this.#consumed += bytes;\n',
      "",
    ],
    ["record-not-credited", "                this.#consumed += RECORD_HEADER_BYTES + length;\n", ""],
    ["assembly-kept", "        this.#assemblies.delete(id);\n", ""],
    ["assembly-bytes-kept", "        this.#holding.received(heldBytes);\n", ""],
    [
      "credit-only-when-window-empty",
      "this.#consumed + windowBytes - this.#granted >= windowBytes / 2",
      "this.#consumed + windowBytes - this.#granted > windowBytes * 2",
    ],
  ]),
  ...mutantsOf("link", `${FOLDER}/stream-queue.js`, [
    ["queued-bytes-kept", "        this.#bytes -= bytes + ITEM_BYTES;\n", ""],
    [
      "sent-stream-kept",
      "                this.#streams.delete(stream.key);\n",
      "                void stream;\n",
    ],
    ["stream-has-one-turn", "                turns.push(stream);\n", "                void turns;\n"],
    ["last-of-node-keeps-count", "            this.#waitingFor.delete(stream.to);\n", ""],
  ]),
  ...mutantsOf("link", `${FOLDER}/transfer.js`, [
    [
      "offset-kept-for-next-part",
      "            this.#part += 1;\n            this.#offset = 0;\n",
      "            this.#part += 1;\n",
    ],
  ]),
  ...mutantsOf("link", `${FOLDER}/handover.js`, [
    ["early-frames-lost", "        for (const frame of waiting)\n            link.receive(frame);\n", ""],
  ]),
  ...mutantsOf("link", `${FOLDER}/liveness.js`, [
    ["silence-adds-up", "            this.#silentMs = 0;\n", ""],
    ["own-pause-counts", "this.#silentMs += elapsedMs - lateMs;", "this.#silentMs += elapsedMs;"],
    ["late-tick-judges", "if (lateMs > heartbeatMs / 2)", "if (lateMs < 0)"],
    ["pauses-never-fade", "this.#pauseMs * FADING", "this.#pauseMs"],
    ["held-time-forgotten", "monotonicMs - askedAtMs - heldMs", "monotonicMs - askedAtMs"],
  ]),
  ...mutantsOf("link", "transport/cluster/direct-links.js", [
    ["direct-not-held", "        peer.link.sender.hold();\n", ""],
    ["released-after-one-lane", "        if (move.waiting.size > 0)\n            return;\n", ""],
    ["never-released", "        move.peer.link.sender.release();\n", ""],
    ["no-way-back-to-hub", "if (!direct.before.ended)", "if (direct.before.ended)"],
  ]),
];
