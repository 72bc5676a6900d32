/** Messages as prng makes them: each begins as a true one, and has some of its fields replaced by what cannot be there. */

import { lie, type RefTo } from "../../../src/simulation/hostile/lie.js";
import type { Prng } from "../../../src/simulation/prng.js";
import { abandonOf, begun, CONFIGURATION, dropOf, finished, request, sourceOf } from "../kit/tasks.js";

type Fields = Readonly<Record<string, unknown>>;

interface Shape {
  readonly path: string;
  readonly message: (own: string, ref: RefTo) => Fields;
}

const id = { sourceId: "fuzzed", incarnation: 1, sequence: 3 };

export const EDGE_SHAPES: readonly Shape[] = [
  { path: "/controller", message: () => ({ type: "submit", forwarded: 1, task: begun(id) }) },
  { path: "/controller", message: () => ({ type: "submit", task: finished(id, { cameFrom: "sift" }) }) },
  { path: "/controller", message: () => abandonOf(id) },
  { path: "/distributor", message: () => ({ type: "store", task: finished(id) }) },
  { path: "/distributor", message: () => ({ type: "recordDrop", drop: dropOf(id) }) },
  {
    path: "/monitor",
    message: (own, ref) => ({ type: "ping", sentAtMs: 1, replyTo: ref(`sluice://${own}/x`) }),
  },
  { path: "/monitor", message: (own) => ({ type: "pong", node: own, sentAtMs: 1 }) },
  {
    path: "/scheduler",
    message: (own, ref) => ({
      type: "registerNode",
      node: { name: own, role: "edge", services: ["find"] },
      controller: ref(`sluice://${own}/controller`),
    }),
  },
  {
    path: "/scheduler",
    message: (own, ref) => ({
      type: "registerSource",
      source: sourceOf(own, "fuzzed"),
      replyTo: ref(`sluice://${own}/x`),
    }),
  },
  { path: "/scheduler", message: (own) => ({ type: "tableInstalled", node: own, epoch: 1 }) },
  {
    path: "/scheduler",
    message: (own) => ({ type: "tableRefused", node: own, epoch: 1, heldEpoch: 1, heldTerm: 1 }),
  },
  {
    path: "/scheduler",
    message: (own) => ({
      type: "sourceOpened",
      sourceId: "fuzzed",
      node: own,
      native: { width: 640, height: 360, fps: 25 },
    }),
  },
  { path: "/scheduler", message: (own) => ({ type: "removeSource", sourceId: "fuzzed", node: own }) },
  { path: "/source-honest", message: () => ({ type: "undelivered", id }) },
];

export const OPERATOR_SHAPES: readonly Shape[] = [
  {
    path: "/controller",
    message: (own, ref) => ({ type: "reportQueues", replyTo: ref(`sluice://${own}/x`) }),
  },
  { path: "/scheduler", message: (own, ref) => ({ type: "reportTable", replyTo: ref(`sluice://${own}/x`) }) },
  {
    path: "/scheduler",
    message: (own, ref) => ({
      type: "setPolicy",
      sourceId: "nothing",
      policy: { name: "fixed", parameters: { placement: { find: "cloud" } } },
      replyTo: ref(`sluice://${own}/x`),
    }),
  },
  {
    path: "/distributor",
    message: (own, ref) => ({ type: "query", query: { limit: 1 }, replyTo: ref(`sluice://${own}/x`) }),
  },
  {
    path: "/distributor",
    message: (own, ref) => ({
      type: "subscribe",
      subscriber: ref(`sluice://${own}/x`),
      fromPosition: 0,
      demand: 1,
    }),
  },
  {
    path: "/distributor",
    message: (own, ref) => ({ type: "demand", subscriber: ref(`sluice://${own}/x`), count: 1 }),
  },
  {
    path: "/agent",
    message: (own, ref) => ({
      type: "addSource",
      // One that nothing can be, so that no fuzzed order starts anything.
      definition: request({ source: "nothing:", configuration: CONFIGURATION }),
      replyTo: ref(`sluice://${own}/x`),
    }),
  },
  {
    path: "/agent",
    message: (own, ref) => ({ type: "drainSource", sourceId: "nothing", replyTo: ref(`sluice://${own}/x`) }),
  },
  {
    path: "/scheduler",
    message: (own, ref) => ({
      type: "pauseSource",
      sourceId: "nothing",
      reason: "fuzzed",
      replyTo: ref(`sluice://${own}/x`),
    }),
  },
  {
    path: "/scheduler",
    message: (own, ref) => ({
      type: "configureSource",
      sourceId: "nothing",
      knobs: { ...CONFIGURATION, variants: { a: "small" } },
      replyTo: ref(`sluice://${own}/x`),
    }),
  },
  {
    path: "/agent",
    message: (own, ref) => ({ type: "freeName", name: "nobody", replyTo: ref(`sluice://${own}/x`) }),
  },
  {
    path: "/scheduler",
    message: (own, ref) => ({
      type: "freeVersion",
      pipelineId: "nothing",
      version: 1,
      replyTo: ref(`sluice://${own}/x`),
    }),
  },
  {
    path: "/agent",
    message: (own, ref) => ({ type: "watchEvents", listener: ref(`sluice://${own}/x`), again: false }),
  },
];

/** A message of one of these shapes, with none to three of its fields replaced. */
export function mutated(prng: Prng, { message }: Shape, own: string, ref: RefTo): unknown {
  let value: unknown = message(own, ref);
  const changes = prng.pick([0, 1, 1, 1, 2, 3]);
  for (let n = 0; n < changes; n += 1) value = lie(prng, value, ref);
  return value;
}
