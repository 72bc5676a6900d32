/** A simulated cluster: a hub, edges, and the network between them, with sources that are added as soon as their node is up. */

import type { NodeEvent } from "../actors/protocol/generator.js";
import type { SluiceNode } from "../node/node.js";
import type { PolicySpec } from "../task/requests.js";
import { DEFAULT_LINK_LIMITS } from "../transport/link/link-limits.js";
import { errorText } from "../runtime/errors.js";
import { addSource } from "./add-source.js";
import { Coverage } from "./coverage.js";
import { goneMembers } from "./gone-members.js";
import { drainHost, drainLive } from "./drain-live.js";
import type { History } from "./history.js";
import type { InvariantChecker } from "./invariant-checker.js";
import { keepContinuing, swapTableAt } from "./hub-orders.js";
import { letHostileIn } from "./hostile/hostile-member.js";
import { watchFailures } from "./hostile/hostile-verdict.js";
import { Sightings } from "./hostile/sightings.js";
import { LostHost } from "./lost-host.js";
import { leftOnHosts } from "./left-on-hosts.js";
import { Network } from "./network.js";
import { createOrders } from "./orders.js";
import { OperatorsSources } from "./operators-sources.js";
import { OrderChecker } from "./order-checker.js";
import { PauseChecker } from "./pause-checker.js";
import type { PlantedBug } from "./planted-bugs.js";
import type { Prng } from "./prng.js";
import { Rivals } from "./rivals.js";
import { isInjected } from "./actor-faults.js";
import { hostFindings } from "./host-findings.js";
import { HUB, OPERATOR } from "./host-names.js";
import { SimulatedHost } from "./simulated-host.js";
import type { SimulatedProcess } from "./simulated-process.js";
import { SimulatedOperator } from "./simulated-operator.js";
import { SimulatedTokens } from "./simulated-tokens.js";
import { SessionChecker } from "./session-checker.js";
import { Subscriptions } from "./subscriptions.js";
import type { SimulatedSource } from "./simulated-source.js";
import type { ClusterShape } from "./shape.js";
import type { ServiceFaults } from "./simulated-workers.js";
import { TaskTimes } from "./task-times.js";
import type { VirtualTime } from "./virtual-time.js";
import { WireChecker } from "./wire-checker.js";
import type { WorkloadDraws } from "./workload-draws.js";

export interface SimulatedClusterOptions {
  readonly time: VirtualTime;
  readonly prng: Prng;
  readonly history: History;
  readonly invariants: InvariantChecker;
  readonly bug: PlantedBug;
  readonly serviceFaults: ServiceFaults;
  readonly shape: ClusterShape;
  readonly workload: WorkloadDraws;
}

export class SimulatedCluster {
  readonly network: Network;
  readonly sources: readonly SimulatedSource[];
  readonly #options: SimulatedClusterOptions;
  readonly times: TaskTimes;
  readonly coverage = new Coverage();
  readonly lost: LostHost;
  readonly #sightings: Sightings;
  /** Null where whoever comes may join. */
  readonly tokens: SimulatedTokens | null;
  readonly #order: OrderChecker;
  readonly #sessions: SessionChecker;
  readonly #subscriptions: Subscriptions;
  /** Null where there is none. */
  readonly #operator: SimulatedOperator | null;
  readonly #hosts: ReadonlyMap<string, SimulatedHost>;
  readonly #pauses: PauseChecker;
  /** Null where there are none. */
  readonly rivals: Rivals | null;
  readonly #operators: OperatorsSources;
  #redelivered = 0;
  #calm = false;

  constructor(options: SimulatedClusterOptions) {
    this.#options = options;
    const { time, prng, history, shape, workload } = options;
    const onViolation = (text: string): void => options.invariants.addViolation(text);
    const { windowBytes } = { ...DEFAULT_LINK_LIMITS, ...shape.link };
    this.network = new Network(
      time,
      prng.fork(),
      (from, to, frame) => history.add(`${from} -> ${to} ${frame.length}`, frame),
      () => new WireChecker(windowBytes, { onViolation, tried: this.coverage.tried }),
    );
    this.times = new TaskTimes(time);
    this.#pauses = new PauseChecker({ onViolation, tried: this.coverage.tried });
    this.#order = new OrderChecker(onViolation);
    this.#sessions = new SessionChecker({ onViolation, tried: this.coverage.tried });
    this.tokens = shape.tokens ? new SimulatedTokens(prng.fork()) : null;
    const keptMin = shape.recordsMax ?? Infinity;
    this.#subscriptions = new Subscriptions(
      prng.fork(),
      onViolation,
      () => this.host(HUB).store.nextPosition - keptMin,
    );
    this.#operator = shape.operator ? this.#createOperator() : null;
    this.#sightings = new Sightings(() => this.sources);
    this.lost = new LostHost(shape.losesHost, () => this.sources);
    const edges = Array.from({ length: shape.edges }, (_, index) => `edge-${index + 1}`);
    this.#hosts = new Map([HUB, ...edges].map((name) => [name, this.#createHost(name)]));
    this.sources = workload.sources(edges);
    this.rivals = shape.rivals
      ? new Rivals({
          time,
          prng: prng.fork(),
          shape,
          hosts: () => this.#remaining,
          sources: () => this.sources,
          onViolation,
          tried: this.coverage.tried,
        })
      : null;
    this.#operators = new OperatorsSources({
      time,
      history,
      shape,
      hub: () => this.host(HUB).node,
      nodeOf: (name) => this.host(name).node,
      sources: () => this.sources,
      policyOf: (source) => workload.policyOf(source, this.#memberNames),
      tried: this.coverage.tried,
      onGiven: (host, sourceId) => this.#pauses.captured(host, sourceId),
    });
  }

  get hostNames(): readonly string[] {
    return [...this.#hosts.keys()];
  }

  /** Others that have a path to the hub. */
  get besides(): readonly string[] {
    return this.#operator === null ? [] : [OPERATOR];
  }

  /** Those that are members of the cluster now. */
  get nodes(): readonly SluiceNode[] {
    return [...this.#hosts.values()].flatMap(({ node }) => (node === null ? [] : [node]));
  }

  /** A hub that is awake lists no member whose process ended some time ago. */
  checkMembers(): void {
    const { time, invariants } = this.#options;
    for (const text of goneMembers(this.host(HUB), [...this.#hosts.values()], time.nowMs))
      invariants.addViolation(`members: ${text}`);
  }

  /** What is held for ever, a sentence each: once everything has ended, nothing is to be. */
  left(): readonly string[] {
    return [
      ...this.#subscriptions.left(this.host(HUB).store.nextPosition),
      ...leftOnHosts(this.#remaining, this.host(HUB).node),
    ];
  }

  /** Deliveries of tasks after their first one, of the sources that have ended. */
  get redelivered(): number {
    return this.#redelivered;
  }

  /** @throws RangeError where none is called `name` */
  host(name: string): SimulatedHost {
    const host = this.#hosts.get(name);
    if (host === undefined) throw new RangeError(`No host is called "${name}"`);
    return host;
  }

  /** Starts a host where it is down, and not lost for good. */
  start(name: string): void {
    if (!this.lost.mayStart(name)) return this.#options.history.add(`${name} is lost`);
    this.host(name).start((node, process) => {
      this.#options.history.add(`${name} is a member`);
      if (name === HUB) this.#sessions.follow(node);
      for (const source of this.sources) {
        if (source.host === name && !source.ordered && source.ended === null)
          this.#addSource(source, node, process);
      }
    });
  }

  kill(name: string): void {
    this.host(name).kill();
    this.lost.killed(name);
  }

  startAll(): void {
    this.#operator?.start();
    this.#operators.follow();
    for (const name of this.#hosts.keys()) this.start(name);
  }

  /** Has a host finish what it has and leave, where it is a member; its sources end with it, but for those that operators have added. */
  readonly drain = (name: string): void => drainHost(this.host(name), this.sources);

  killAll(): void {
    this.#operator?.kill();
    for (const host of this.#hosts.values()) host.kill();
  }

  /** Has a hostile member join, for which nobody answers. @returns ends it */
  letHostileIn(seed: number): () => void {
    const { time, shape } = this.#options;
    const { network, tokens } = this;
    return letHostileIn({ time, network, tokens, sightings: this.#sightings, link: shape.link }, seed);
  }

  /** Has the scheduler publish another table, by another policy for one source; nothing where the hub is down. */
  swapTable(): void {
    const { prng, history, workload } = this.#options;
    const policyOf = (source: SimulatedSource): PolicySpec => workload.anyPolicy(source, this.#memberNames);
    swapTableAt(this.host(HUB).node, { prng, history, sources: this.sources, policyOf });
  }

  /** Drains live sources, which do not end by themselves. */
  drainLive(): void {
    this.#operators.endLive();
    drainLive(this.sources, (host) => this.host(host).node, this.#options.time);
  }

  /** Nobody pauses a source from now on. */
  calm(): void {
    this.#calm = true;
  }

  /** Has every source go on that is paused. */
  continueAll(): void {
    const { shape, history, time } = this.#options;
    if (!shape.steers.includes("pause")) return;
    keepContinuing(() => this.host(HUB).node, { sources: this.sources, history, time });
  }

  #createHost(name: string): SimulatedHost {
    const { time, prng, bug, serviceFaults, invariants, shape, workload } = this.#options;
    const failures = watchFailures(isInjected, (text) => invariants.addViolation(`${name}: ${text}`));
    return new SimulatedHost({
      name,
      time,
      prng: prng.fork(),
      network: this.network,
      services: workload.servicesOf(name),
      shape,
      order: this.#order,
      times: this.times,
      tokens: this.tokens,
      subscriptions: this.#subscriptions,
      stagedSource: (asked, host, process) => this.#operators.staged(asked, host, process),
      isOwn: (sourceId) => this.sources.some(({ id, host }) => id === sourceId && host === name),
      isPrompt: (sourceId) =>
        !shape.faults.includes("failingActor") &&
        this.sources.some(({ id, camera }) => id === sourceId && camera.frames !== null),
      ...hostFindings(shape, (text) => invariants.addViolation(text)),
      tried: this.coverage.tried,
      faults: serviceFaults,
      bug,
      onEvent: (host, event) => this.#onEvent(host, event),
      onSchedule: (event) => {
        if (event.type === "tableAcknowledged")
          this.host(event.node).checkers.epochs.acknowledged(event.epoch);
      },
      watch: [this.#sightings.decorate, failures, this.coverage.decorate, this.#pauses.decorate],
    });
  }

  #createOperator(): SimulatedOperator {
    const { time, prng, history, shape, invariants, workload } = this.#options;
    const own = prng.fork();
    return new SimulatedOperator({
      time,
      prng: own,
      network: this.network,
      history,
      link: shape.link,
      token: this.tokens?.tokenOf(OPERATOR, "operator", time.nowMs) ?? null,
      onViolation: (text) => invariants.addViolation(text),
      orders: createOrders({
        prng: own,
        sources: () => this.sources,
        drawPolicy: (source) => workload.anyPolicy(source, this.#memberNames),
        steers: shape.steers,
        isCalm: () => this.#calm,
      }),
    });
  }

  #addSource(source: SimulatedSource, node: SluiceNode, process: SimulatedProcess): void {
    const policyOf = (added: SimulatedSource): PolicySpec =>
      this.#options.workload.policyOf(added, this.#memberNames);
    const onGiven = (sourceId: string): void => this.#pauses.captured(node.name, sourceId);
    void addSource(source, { node, process }, { ...this.#options, policyOf, onGiven });
  }

  get #remaining(): readonly SimulatedHost[] {
    return [...this.#hosts.values()].filter(({ name }) => !this.lost.isLost(name));
  }

  get #memberNames(): readonly string[] {
    return [...this.#hosts.values()].flatMap(({ name, node }) => (node === null ? [] : [name]));
  }

  #onEvent(host: string, event: NodeEvent): void {
    const { history, invariants } = this.#options;
    if (event.type === "sourceResumed") {
      history.add(`${event.sourceId} is resumed on ${host}: ${event.error?.message ?? "well"}`);
      this.#operators.resumed(event.sourceId);
      if (event.error === null) this.coverage.tried("source an operator's that its node goes on with");
    }
    if (event.type !== "sourceEnded") return;
    const { ledger, error, goesOn = false } = event;
    history.add(`${ledger.sourceId} ended on ${host}`);
    this.#operators.ended(ledger, goesOn);
    this.#redelivered += ledger.redelivered;
    if (error !== null) invariants.addViolation(`${ledger.sourceId} failed: ${errorText(error)}`);
    invariants.checkLedger(ledger);
  }
}
