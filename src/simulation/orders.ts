/** What the operator of a simulated cluster has its nodes do. */

import type { Operator } from "../operator/operator.js";
import { parseNodeName, parseSourceId, type NodeName } from "../task/identity.js";
import type { Configuration } from "../task/configuration.js";
import type { PolicySpec } from "../task/requests.js";
import { DRAWN_GATE } from "./camera.js";
import { HUB } from "./host-names.js";
import type { Prng } from "./prng.js";
import { FRAMES_ORDERED_MAX, RATES_ORDERED, type Steer } from "./shape.js";
import type { SimulatedSource } from "./simulated-source.js";

/** What is asked of which node. */
export interface Order {
  readonly node: NodeName;
  readonly what: string;
  readonly answer: Promise<unknown>;
}

/** @returns null where there is nothing to ask now */
export type Orders = (operator: Operator) => Order | null;

/** Of runs, those in which a source is drained. */
const DRAINS_SHARE = 0.3;

interface OrdersOptions {
  readonly prng: Prng;
  readonly sources: () => readonly SimulatedSource[];
  readonly drawPolicy: (source: SimulatedSource) => PolicySpec;
  readonly steers: readonly Steer[];
  /** Whether sources are about to end: none is paused any more. */
  readonly isCalm: () => boolean;
}

/** Sets policies, steers sources as `steers` says, and in some runs drains one of them. */
export function createOrders({
  prng,
  sources,
  drawPolicy,
  steers,
  isCalm,
}: OrdersOptions): readonly Orders[] {
  let drains = prng.happens(DRAINS_SHARE);
  return [
    (operator) => {
      const source = prng.pick(sources());
      const answer = operator.setPolicy(parseSourceId(source.id), drawPolicy(source));
      return { node: parseNodeName(HUB), what: "a policy", answer };
    },
    ...steers.flatMap((steer) => STEERING[steer](prng, () => prng.pick(sources()), isCalm)),
    (operator) => {
      const source = prng.pick(sources());
      if (!drains || source.ended !== null || source.candidates.length > 0) return null;
      drains = false;
      source.drained = true;
      const node = parseNodeName(source.host);
      const answer = operator.agent(node).drainSource(parseSourceId(source.id));
      return { node, what: "a drain", answer: answer.then(() => endWhereLeft(source)) };
    },
  ];
}

/** Of a node that was about to go on with it another time: it has ended for good without another ledger. */
function endWhereLeft(source: SimulatedSource): void {
  source.ended ??= source.left;
}

type Steering = (prng: Prng, source: () => SimulatedSource, isCalm: () => boolean) => readonly Orders[];

const STEERING: Readonly<Record<Steer, Steering>> = {
  pause: (_prng, source, isCalm) => {
    const pause: Orders = (operator) =>
      isCalm() ? null : atHub("a pause", operator.pauseSource(parseSourceId(source().id), "drawn"));
    const end: Orders = (operator) =>
      atHub("the end of a pause", operator.continueSource(parseSourceId(source().id)));
    // Most that end are of sources that are not paused.
    return [pause, pause, end];
  },
  configure: (prng, source) => [
    (operator) =>
      atHub("a configuration", operator.configureSource(parseSourceId(source().id), drawKnobs(prng))),
  ],
  fps: (prng, source) => [
    (operator) =>
      atHub(
        "a rate",
        operator.configureSource(parseSourceId(source().id), { fps: prng.pick(RATES_ORDERED) }),
      ),
  ],
};

function atHub(what: string, answer: Promise<unknown>): Order {
  return { node: parseNodeName(HUB), what, answer };
}

/** Some are of the capture itself, which is opened again for them; null gives all back to the policy. */
function drawKnobs(prng: Prng): Partial<Configuration> | null {
  return prng.pick([
    null,
    { framesPerTask: prng.between(1, FRAMES_ORDERED_MAX) },
    { quality: prng.pick([50, 70, 90]) },
    { motionGate: prng.happens(0.7) ? DRAWN_GATE : null },
    { width: 320, height: 180, framesPerTask: prng.between(1, FRAMES_ORDERED_MAX) },
  ]);
}
