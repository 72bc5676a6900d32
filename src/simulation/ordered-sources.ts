/**
 * The sources of a simulated cluster that an operator has added to a node, once: from then on the node goes on with them by its
 * journal, however often it starts again, and nobody adds them a second time.
 */

import { createAgentClient } from "../operator/agent-client.js";
import type { SluiceNode } from "../node/node.js";
import { errorText } from "../runtime/errors.js";
import { parseNodeName } from "../task/identity.js";
import type { PolicySpec } from "../task/requests.js";
import type { History } from "./history.js";
import type { SimulatedSource } from "./simulated-source.js";
import { stagedRequest } from "./staged-request.js";
import type { VirtualTime } from "./virtual-time.js";

/** Between looks at what has not been added, in ms. */
const LOOK_MS = 500;

export interface OrderingOptions {
  readonly time: VirtualTime;
  readonly history: History;
  /** Null where it is down. */
  readonly hub: () => SluiceNode | null;
  readonly sources: () => readonly SimulatedSource[];
  readonly policyOf: (source: SimulatedSource) => PolicySpec;
}

export class OrderedSources {
  readonly #options: OrderingOptions;
  /** By which process of the hub: what one asked for that is gone is not answered. */
  readonly #asking = new Map<string, SluiceNode>();

  constructor(options: OrderingOptions) {
    this.#options = options;
  }

  /** Adds what has not been added, from now on. */
  follow(): void {
    const left = this.#options
      .sources()
      .filter(({ ordered, confirmed, ended }) => ordered && !confirmed && ended === null);
    if (left.length === 0) return;
    const hub = this.#options.hub();
    if (hub !== null) {
      for (const source of left) if (this.#asking.get(source.id) !== hub) void this.#add(source, hub);
    }
    this.#options.time.after(LOOK_MS, () => this.follow());
  }

  async #add(source: SimulatedSource, node: SluiceNode): Promise<void> {
    const { history, policyOf } = this.#options;
    if (node.cluster === null) return;
    const agent = createAgentClient(node.system, parseNodeName(source.host), node.cluster);
    this.#asking.set(source.id, node);
    try {
      await agent.addSource(stagedRequest(source.id, policyOf(source)));
      source.confirmed = true;
    } catch (error) {
      history.add(`${source.id} cannot be added by an operator yet: ${errorText(error)}`);
      // An answer may be lost: what the node has, it has taken.
      const { ledgers } = await agent.sources().catch(() => ({ ledgers: [] }));
      source.confirmed = ledgers.some(({ sourceId }) => sourceId === source.id);
    } finally {
      if (this.#asking.get(source.id) === node) this.#asking.delete(source.id);
    }
  }
}
