/** Messages as chance makes them: each begins as a true one, and has some of its fields replaced by what cannot be there. */

import type { Chance } from "../../../src/simulation/chance.js";
import type { ActorRef } from "../../../src/index.js";
import { abandonOf, begun, CONFIGURATION, dropOf, finished, request, sourceOf } from "../kit/tasks.js";

type Fields = Readonly<Record<string, unknown>>;
type Make = (address: string) => ActorRef<unknown>;

interface Shape {
  readonly path: string;
  readonly message: (own: string, ref: Make) => Fields;
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
  { path: "/agent", message: (own, ref) => ({ type: "watchEvents", listener: ref(`sluice://${own}/x`) }) },
];

/** What is put in place of a field. */
function junk(chance: Chance, ref: Make): unknown {
  return chance.pick<() => unknown>([
    () => null,
    () => undefined,
    () => chance.pick([0, -1, 1.5, Number.NaN, Infinity, -0, 2 ** 53 - 1, 2 ** 53, -(2 ** 60), 1e300]),
    () =>
      chance.pick(["", "__proto__", "constructor", "$end", "../x", "a\u0000b", "\u001b[2J", "x".repeat(300)]),
    () => chance.happens(0.5),
    () => [],
    () => ({}),
    () => new Map(),
    () => new Set([1, "a"]),
    () => new Uint8Array(chance.between(0, 64)),
    () => nested(chance.between(1, 60)),
    () => Array.from({ length: chance.between(1, 400) }, () => 0),
    () => 12n ** BigInt(chance.between(0, 50)),
    () => Object.assign(new Error("made up"), { code: "made-up" }),
    () =>
      ref(
        `sluice://${chance.pick(["cloud", "edge-1", "nowhere", "fuzz-edge"])}/${chance.pick([
          "controller",
          "scheduler",
          "distributor",
          "monitor",
          "agent",
          "guardian",
          "processors",
          "listener",
          "source-honest",
          "$ask/7",
          "nobody",
        ])}`,
      ),
  ])();
}

/** A message of one of these shapes, with none to three of its fields replaced. */
export function mutated(chance: Chance, { message }: Shape, own: string, ref: Make): unknown {
  let value: unknown = message(own, ref);
  const changes = chance.pick([0, 1, 1, 1, 2, 3]);
  for (let n = 0; n < changes; n += 1) value = replaced(chance, value, ref);
  return value;
}

/** `value` with one of its parts, or itself, replaced: the deeper the rarer. */
function replaced(chance: Chance, value: unknown, ref: Make): unknown {
  if (value instanceof Map && value.size > 0 && chance.happens(0.8)) {
    const copy = new Map<unknown, unknown>(value);
    const key = chance.pick([...copy.keys()]);
    if (chance.happens(0.3)) copy.set(junk(chance, ref), copy.get(key));
    else copy.set(key, replaced(chance, copy.get(key), ref));
    return copy;
  }
  if (Array.isArray(value) && value.length > 0 && chance.happens(0.8)) {
    const copy: unknown[] = [...(value as readonly unknown[])];
    const at = chance.between(0, copy.length - 1);
    copy[at] = replaced(chance, copy[at], ref);
    return copy;
  }
  if (isPlain(value) && chance.happens(0.9)) {
    const keys = Object.keys(value);
    if (keys.length === 0) return junk(chance, ref);
    const key = chance.pick(keys);
    if (chance.happens(0.1)) return { ...value, [`odd-${key}`]: junk(chance, ref) };
    return { ...value, [key]: replaced(chance, value[key], ref) };
  }
  return junk(chance, ref);
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let n = 0; n < depth; n += 1) value = n % 2 === 0 ? [value] : { value };
  return value;
}
