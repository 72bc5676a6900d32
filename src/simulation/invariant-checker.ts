/** The promises that can be checked while a simulation runs. What is broken is part of its history and of its findings. */

import type { SluiceNode } from "../node/node.js";
import { checkConservation } from "../task/ledger.js";
import type { LedgerReported } from "../task/reports.js";
import type { History } from "./history.js";
import type { VirtualTime } from "./virtual-time.js";

const CONSERVATION_CHECK_MS = 1_000;
const CLOCK_CHECK_MS = 2_000;
/** How far a correction may overshoot: it goes by a round trip, of which a slow way there is not told from a slow way back. */
const CLOCK_SWING_MS = 100;

export class InvariantChecker {
  readonly #time: VirtualTime;
  readonly #history: History;
  readonly #violations: string[] = [];
  /** How close the clock of a node has come to the hub's. */
  readonly #closestMs = new Map<SluiceNode, number>();

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

  /** Checks every ledger of the nodes that are up once a second, and whatever else `also` does. */
  watchLedgers(nodes: () => readonly SluiceNode[], also: () => void): void {
    this.#time.after(CONSERVATION_CHECK_MS, () => {
      for (const node of nodes()) void this.#checkLedgersOf(node);
      also();
      this.watchLedgers(nodes, also);
    });
  }

  /**
   * Once no clock is set any more, those of the nodes come closer to the hub's and stay there.
   *
   * @param nodes the hub first
   */
  watchClocks(nodes: () => readonly SluiceNode[]): void {
    this.#time.after(CLOCK_CHECK_MS, () => {
      const [hub, ...others] = nodes();
      for (const node of hub === undefined ? [] : others) this.#checkClock(node, hub);
      this.watchClocks(nodes);
    });
  }

  #checkClock(node: SluiceNode, hub: SluiceNode | undefined): void {
    const apartMs = Math.abs(node.system.clock.now() - (hub?.system.clock.now() ?? 0));
    const closestMs = Math.min(apartMs, this.#closestMs.get(node) ?? Infinity);
    this.#closestMs.set(node, closestMs);
    if (apartMs <= closestMs + CLOCK_SWING_MS) return;
    this.addViolation(
      `clock: ${node.name} is ${apartMs.toFixed(0)} ms from the hub's, and was within ${closestMs.toFixed(0)}`,
    );
  }

  async #checkLedgersOf(node: SluiceNode): Promise<void> {
    for (const ledger of await node.ledgers()) this.checkLedger(ledger);
  }
}
