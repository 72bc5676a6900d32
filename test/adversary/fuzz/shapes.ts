/** Messages as prng makes them: each begins as a true one, and has some of its fields replaced by what cannot be there. */

import { lie, type RefTo } from "../../../src/simulation/hostile/lie.js";
import type { Prng } from "../../../src/simulation/prng.js";
import {
  abandonOf,
  begun,
  closingOf,
  CONFIGURATION,
  dropOf,
  finished,
  request,
  sampleOf,
  sourceOf,
} from "../kit/tasks.js";

type Fields = Readonly<Record<string, unknown>>;

interface Shape {
  readonly path: string;
  readonly message: (own: string, ref: RefTo) => Fields;
}

const STAGE = { pipelineId: "honest", pipelineVersion: 1, stage: "find" };
const id = { sourceId: "fuzzed", incarnation: 1, sequence: 3 };

export const EDGE_SHAPES: readonly Shape[] = [
  asked("/models", { type: "findModel", file: "nothing.onnx" }),
  asked("/models", { type: "readModel", file: "nothing.onnx", sha256: "0".repeat(64), offset: 0 }),
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
  { path: "/source-fuzzed", message: () => ({ type: "undelivered", id }) },
  { path: "/distributor", message: (own) => ({ type: "recordClosing", closing: ownClosing(own) }) },
  {
    path: "/monitor",
    message: (own, ref) => ({
      type: "probe",
      sentAtMs: 1,
      bytes: new Uint8Array(16),
      replyTo: ref(`sluice://${own}/x`),
    }),
  },
  { path: "/monitor", message: (own) => ({ type: "probed", node: own, sentAtMs: 1 }) },
  { path: "/scheduler", message: (own) => ({ type: "removeNode", node: own }) },
  { path: "/scheduler", message: (own) => ({ type: "resourcesSampled", sample: sampleOf(own) }) },
  {
    path: "/scheduler",
    message: (own) => ({ type: "stagesLoaded", node: own, stages: [{ ...STAGE, variant: "small" }] }),
  },
  {
    path: "/scheduler",
    message: (own) => ({
      type: "stageUnavailable",
      node: own,
      failure: { stage: STAGE, reason: "there is no model", retryInMs: 1_000 },
    }),
  },
];

function ownClosing(own: string): Fields {
  return closingOf(id, { origin: `sluice://${own}/source-${id.sourceId}` });
}

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
    path: "/monitor",
    message: (own, ref) => ({ type: "ping", sentAtMs: 1, replyTo: ref(`sluice://${own}/x`) }),
  },
  {
    path: "/agent",
    message: (own, ref) => ({
      type: "openProbe",
      probe: { like: "nothing", perSecond: 1, tasks: 1, arrivals: "constant", cpuShareMax: 1 },
      listener: ref(`sluice://${own}/x`),
      replyTo: ref(`sluice://${own}/x`),
    }),
  },
  {
    path: "/agent",
    message: (own, ref) => ({ type: "watchEvents", listener: ref(`sluice://${own}/x`), after: null }),
  },
  {
    path: "/distributor",
    message: (own, ref) => ({ type: "unsubscribe", subscriber: ref(`sluice://${own}/x`) }),
  },
  asked("/distributor", { type: "reportTotals" }),
  asked("/distributor", { type: "reportStatement" }),
  asked("/scheduler", { type: "continueSource", sourceId: "nothing" }),
  asked("/scheduler", { type: "removeSource", sourceId: "nothing" }),
  asked("/scheduler", {
    type: "hostSource",
    definition: request({ source: "nothing:", configuration: CONFIGURATION }),
    hosting: { candidates: ["nobody"], choice: "fixed" },
  }),
  asked("/scheduler", { type: "endHosting", sourceId: "nothing" }),
  asked("/scheduler", { type: "reportNodes" }),
  asked("/scheduler", { type: "reportSources" }),
  asked("/scheduler", { type: "reportPolicies" }),
  asked("/scheduler", { type: "reportOwners", sources: ["nothing"] }),
  asked("/scheduler", { type: "reloadPolicies" }),
  asked("/scheduler", { type: "reportChanges", sourceId: "nothing", sinceMs: 0 }),
  asked("/agent", {
    type: "movePipeline",
    sourceId: "nothing",
    pipeline: { text: "pipeline: p\nstages:\n  - id: a\n    service: find\n", name: "p.yaml" },
  }),
  asked("/agent", { type: "reportSources" }),
  asked("/agent", { type: "reportActors" }),
  asked("/agent", { type: "reportPipeline", sourceId: "nothing" }),
  asked("/agent", { type: "reportDeadLetters" }),
  asked("/alarms", { type: "reportAlarms" }),
  asked("/alarms", { type: "acknowledgeAlarms", alarm: "nothing", about: "nobody" }),
  asked("/guardian", { type: "spawn", behaviour: "nothing", args: 1, options: { name: "fuzzed" } }),
  asked("/guardian", { type: "stop", address: "sluice://cloud/guardian/fuzzed" }),
];

/** What nobody says by chance, and why. */
export const UNSAID: ReadonlyMap<string, string> = new Map([
  ["/agent drain", "it ends the node, as an operator may"],
]);

/** What an operator may say of whom, and gets an answer to. */
function asked(path: string, fields: Fields): Shape {
  return { path, message: (own, ref) => ({ ...fields, replyTo: ref(`sluice://${own}/x`) }) };
}

/** A message of one of these shapes, with none to three of its fields replaced. */
export function mutated(prng: Prng, { message }: Shape, own: string, ref: RefTo): unknown {
  let value: unknown = message(own, ref);
  const changes = prng.pick([0, 1, 1, 1, 2, 3]);
  for (let n = 0; n < changes; n += 1) value = lie(prng, value, ref);
  return value;
}
