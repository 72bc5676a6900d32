/**
 * An operator of a simulated cluster, on a host of its own: it joins, asks all nodes, sets policies, drains a source and watches
 * actors, over links that fail.
 *
 * SO1 Once a node is gone, everything that the operator asked it has ended, and whatever it watched there is reported. An order waits
 *     `AWAY_MS` for the node to be back.
 */

import { AWAY_MS } from "../operator/patient-order.js";
import { createOperator, type Operator } from "../operator/operator.js";
import { guardFor } from "../actors/guard/guard.js";
import { errorText } from "../runtime/errors.js";
import { silentLogger } from "../runtime/log.js";
import { nodeSystem } from "../runtime/node-system.js";
import { createActorSystem, type ActorSystem } from "../runtime/system.js";
import type { ClusterEvent } from "../transport/cluster/cluster.js";
import { joinCluster } from "../transport/cluster/joiner.js";
import type { LinkLimits } from "../transport/link/link-limits.js";
import { parseNodeName, type NodeName } from "../task/identity.js";
import type { History } from "./history.js";
import { HUB, HUB_URL, OPERATOR } from "./host-names.js";
import type { Network } from "./network.js";
import type { Order, Orders } from "./orders.js";
import type { Prng } from "./prng.js";
import { SimulatedProcess } from "./simulated-process.js";
import type { VirtualTime } from "./virtual-time.js";

/** Between two things that it does, in ms. */
const ACTS_MS_MIN = 200;
const ACTS_MS_MAX = 1_200;
/** Until what ends at once has ended, in ms. */
const AT_ONCE_MS = 5;

export interface SimulatedOperatorOptions {
  readonly time: VirtualTime;
  readonly prng: Prng;
  readonly network: Network;
  readonly history: History;
  readonly link: Partial<LinkLimits>;
  readonly onViolation: (text: string) => void;
  /** `ID.SECRET`; null where the hub wants none. */
  readonly token: string | null;
  /** What else it may do. */
  readonly orders: readonly Orders[];
}

/** An ask or a watch that has not ended. */
interface Open {
  readonly node: NodeName;
  readonly what: string;
  readonly mayLast: boolean;
}

export class SimulatedOperator {
  readonly #options: SimulatedOperatorOptions;
  readonly #process: SimulatedProcess;
  readonly #open = new Set<Open>();
  /** How often each node has come. */
  readonly #ups = new Map<NodeName, number>();
  #started = false;
  #stopped = false;
  #operator: Operator | null = null;

  constructor(options: SimulatedOperatorOptions) {
    this.#options = options;
    this.#process = new SimulatedProcess(options.time, 0);
  }

  /** Joins, however long that takes, and acts until `stop`. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    const { prng, history } = this.#options;
    const ids = prng.fork();
    const randomId = (): number => 1 + Math.floor(ids.next() * 2 ** 50);
    const system = createActorSystem({
      name: OPERATOR,
      clock: this.#process.clock,
      executor: this.#process.executor,
      random: () => ids.next(),
      firstId: randomId(),
      askId: randomId,
      log: silentLogger,
    });
    this.#process.onKilled(() => nodeSystem(system).abandon());
    try {
      this.#operator = await this.#join(system, () => `nonce-${randomId()}-${randomId()}`);
    } catch (error) {
      history.add(`the operator cannot join: ${errorText(error)}`);
      return;
    }
    this.#operator.cluster.subscribe((event) => this.#onCluster(event));
    this.#act();
  }

  kill(): void {
    this.#stopped = true;
    this.#process.kill();
  }

  async #join(system: ActorSystem, nonce: () => string): Promise<Operator> {
    const { network, link, token } = this.#options;
    const cluster = await joinCluster(system, {
      carrier: network.carrierOf(OPERATOR, this.#process),
      connect: { url: HUB_URL },
      token,
      roles: ["operator"],
      guard: guardFor({ of: "operator" }),
      limits: link,
      patient: true,
      pid: 1,
      nonce,
    });
    return createOperator(system, cluster);
  }

  #act(): void {
    const { prng } = this.#options;
    this.#process.clock.after(prng.between(ACTS_MS_MIN, ACTS_MS_MAX), () => {
      if (this.#stopped || this.#operator === null) return;
      this.#actOnce(this.#operator);
      this.#act();
    });
  }

  #actOnce(operator: Operator): void {
    const { prng, orders } = this.#options;
    const { cluster, system } = operator;
    const cloud = parseNodeName(HUB);
    const nodes = [...cluster.members.values()].filter(({ roles }) => !roles.includes("operator"));
    // It is cut off, and asks again later.
    if (nodes.length === 0) return;
    const { name: node } = prng.pick(nodes);
    const agent = operator.agent(node);
    prng.pick([
      () => this.#ask({ node: cloud, what: "the table", answer: operator.table() }),
      () => this.#ask({ node: cloud, what: "the nodes", answer: operator.nodes() }),
      () => this.#ask({ node: cloud, what: "the totals", answer: operator.totals() }),
      // Whose they are, the hub is asked behind the answer.
      () => this.#ask({ node, what: "its sources", answer: agent.sources() }, true),
      () => this.#watch(system, node),
      ...orders.map((order) => () => this.#ask(order(operator), true)),
    ])();
  }

  #ask(asked: Order | null, mayLast = false): void {
    if (asked === null) return;
    const { node, what, answer } = asked;
    const open: Open = { node, what: `asked for ${what}`, mayLast };
    this.#open.add(open);
    const end = (): void => void this.#open.delete(open);
    answer.then(end, end);
  }

  #watch(system: ActorSystem, node: NodeName): void {
    const open: Open = { node, what: "watched its agent", mayLast: false };
    this.#open.add(open);
    system.watch(system.resolve<never>(`sluice://${node}/agent`), () => this.#open.delete(open));
  }

  #onCluster(event: ClusterEvent): void {
    switch (event.type) {
      case "memberLeft":
      case "memberDown":
        this.#expectEnded(({ node }) => node === event.member.name);
        break;
      case "cutOff":
      case "refused":
        this.#expectEnded(() => true);
        break;
      case "memberUp": {
        const { name } = event.member;
        this.#ups.set(name, this.#upsOf(name) + 1);
        break;
      }
      case "joined":
      case "memberLeaving":
        break;
    }
  }

  #upsOf(node: NodeName): number {
    return this.#ups.get(node) ?? 0;
  }

  #expectEnded(isGone: (open: Open) => boolean): void {
    const { time } = this.#options;
    const ending = [...this.#open]
      .filter(isGone)
      .map((open) => ({ ...open, open, ups: this.#upsOf(open.node) }));
    time.after(AT_ONCE_MS, () => {
      for (const { open, mayLast } of ending) if (!mayLast) this.#mustHaveEnded(open);
    });
    time.after(AWAY_MS + AT_ONCE_MS, () => {
      for (const { open, node, ups } of ending) if (this.#upsOf(node) === ups) this.#mustHaveEnded(open);
    });
  }

  #mustHaveEnded(open: Open): void {
    if (!this.#open.delete(open)) return;
    this.#options.onViolation(
      `unended: the operator ${open.what}, and hears nothing although ${open.node} is gone`,
    );
  }
}
