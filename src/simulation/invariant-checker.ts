/** The promises that can be checked while a simulation runs. What is broken is part of its history and of its findings. */

import type { SluiceNode } from "../node/node.js";
import { checkConservation } from "../task/ledger.js";
import type { LedgerReported } from "../task/reports.js";
import type { History } from "./history.js";
import type { VirtualTime } from "./virtual-time.js";

const CONSERVATION_CHECK_MS = 1_000;

export class InvariantChecker {
  readonly #time: VirtualTime;
  readonly #history: History;
  readonly #violations: string[] = [];

  constructor(time: VirtualTime, history: History) {
    this.#time = time;
    this.#history = history;
  }

  /** A sentence each, in the order of their finding. */
  get violations(): readonly string[] {
    return this.#violations;
  }

  addViolation(text: string): void {
    this.#history.add(text);
    this.#violations.push(text);
  }

  /** Checks the law of conservation of tasks for one source. */
  checkLedger(ledger: LedgerReported): void {
    const broken = checkConservation(ledger);
    if (broken !== null) this.addViolation(`${ledger.sourceId}: ${broken}`);
  }

  /** Checks every ledger of the nodes that are up, once a second. */
  watchLedgers(nodes: () => readonly SluiceNode[]): void {
    this.#time.after(CONSERVATION_CHECK_MS, () => {
      for (const node of nodes()) void this.#checkLedgersOf(node);
      this.watchLedgers(nodes);
    });
  }

  async #checkLedgersOf(node: SluiceNode): Promise<void> {
    for (const ledger of await node.ledgers()) this.checkLedger(ledger);
  }
}
