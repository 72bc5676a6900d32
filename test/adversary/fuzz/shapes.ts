/** Messages as prng makes them: each begins as a true one, and has some of its fields replaced by what cannot be there. */

import type { Prng } from "../../../src/simulation/prng.js";
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
function junk(prng: Prng, ref: Make): unknown {
  return prng.pick<() => unknown>([
    () => null,
    () => undefined,
    () => prng.pick([0, -1, 1.5, Number.NaN, Infinity, -0, 2 ** 53 - 1, 2 ** 53, -(2 ** 60), 1e300]),
    () =>
      prng.pick(["", "__proto__", "constructor", "$end", "../x", "a\u0000b", "\u001b[2J", "x".repeat(300)]),
    () => prng.happens(0.5),
    () => [],
    () => ({}),
    () => new Map(),
    () => new Set([1, "a"]),
    () => new Uint8Array(prng.between(0, 64)),
    () => nested(prng.between(1, 60)),
    () => Array.from({ length: prng.between(1, 400) }, () => 0),
    () => 12n ** BigInt(prng.between(0, 50)),
    () => Object.assign(new Error("made up"), { code: "made-up" }),
    () =>
      ref(
        `sluice://${prng.pick(["cloud", "edge-1", "nowhere", "fuzz-edge"])}/${prng.pick([
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
export function mutated(prng: Prng, { message }: Shape, own: string, ref: Make): unknown {
  let value: unknown = message(own, ref);
  const changes = prng.pick([0, 1, 1, 1, 2, 3]);
  for (let n = 0; n < changes; n += 1) value = replaced(prng, value, ref);
  return value;
}

/** `value` with one of its parts, or itself, replaced: the deeper the rarer. */
function replaced(prng: Prng, value: unknown, ref: Make): unknown {
  if (value instanceof Map && value.size > 0 && prng.happens(0.8)) {
    const copy = new Map<unknown, unknown>(value);
    const key = prng.pick([...copy.keys()]);
    if (prng.happens(0.3)) copy.set(junk(prng, ref), copy.get(key));
    else copy.set(key, replaced(prng, copy.get(key), ref));
    return copy;
  }
  if (Array.isArray(value) && value.length > 0 && prng.happens(0.8)) {
    const copy: unknown[] = [...(value as readonly unknown[])];
    const at = prng.between(0, copy.length - 1);
    copy[at] = replaced(prng, copy[at], ref);
    return copy;
  }
  if (isPlain(value) && prng.happens(0.9)) {
    const keys = Object.keys(value);
    if (keys.length === 0) return junk(prng, ref);
    const key = prng.pick(keys);
    if (prng.happens(0.1)) return { ...value, [`odd-${key}`]: junk(prng, ref) };
    return { ...value, [key]: replaced(prng, value[key], ref) };
  }
  return junk(prng, ref);
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let n = 0; n < depth; n += 1) value = n % 2 === 0 ? [value] : { value };
  return value;
}
