/** What an edge may say of itself, as it is before there is a lie in it. */

import type { Prng } from "../prng.js";
import { HUB } from "../host-names.js";
import type { RefTo } from "./lie.js";

type Said = readonly [target: string, message: Readonly<Record<string, unknown>>];

export function selfMessages({
  prng,
  name,
  ref,
  nowMs,
}: {
  readonly prng: Prng;
  readonly name: string;
  readonly ref: RefTo;
  readonly nowMs: number;
}): readonly Said[] {
  const scheduler = `${HUB}/scheduler`;
  const other = prng.pick(["cloud", "edge-1", "edge-2", name]);
  const component = prng.pick(["controller", "scheduler", "distributor", "monitor", "agent"]);
  return [
    [`${other}/monitor`, { type: "ping", sentAtMs: nowMs, replyTo: ref(`sluice://${HUB}/${component}`) }],
    [`${other}/monitor`, { type: "pong", node: name, sentAtMs: prng.between(0, 1e12) }],
    [
      scheduler,
      {
        type: "registerNode",
        // It offers nothing, so nothing of others is placed on it.
        node: { name, role: "edge", services: [] },
        controller: ref(`sluice://${name}/controller`),
      },
    ],
    [scheduler, { type: "removeNode", node: prng.pick([name, "edge-1"]) }],
    [
      scheduler,
      { type: "registerSource", source: ownSource(prng, name), replyTo: ref(`sluice://${name}/x`) },
    ],
    [scheduler, { type: "registerSource", source: { ...ownSource(prng, name), id: "cam-1" } }],
    [scheduler, { type: "removeSource", sourceId: "cam-1", node: prng.pick([name, "edge-1"]) }],
    [
      scheduler,
      {
        type: "sourceOpened",
        sourceId: prng.pick(["cam-1", `${name}-1`]),
        node: name,
        native: { width: prng.between(1, 65_536), height: 1, fps: null },
      },
    ],
    [scheduler, { type: "tableInstalled", node: name, epoch: prng.between(0, 2 ** 30) }],
    [
      scheduler,
      {
        type: "tableRefused",
        node: name,
        epoch: prng.between(0, 100),
        heldEpoch: prng.between(0, 2 ** 47),
        heldTerm: prng.between(0, 2 ** 47),
      },
    ],
    [scheduler, { type: "resourcesSampled", sample: sample(prng, name, nowMs) }],
    [`${other}/agent`, { type: "drain", replyTo: ref(`sluice://${name}/x`) }],
    [`${other}/controller`, { type: "reportQueues", replyTo: ref(`sluice://${name}/x`) }],
    [`${HUB}/distributor`, { type: "query", query: {}, replyTo: ref(`sluice://${name}/x`) }],
  ];
}

function ownSource(prng: Prng, name: string): Readonly<Record<string, unknown>> {
  const stages = Array.from({ length: prng.between(1, 8) }, (_, at) => `s${at}`);
  return {
    id: `${name}-${prng.between(1, 300)}`,
    node: name,
    pipeline: {
      id: `of-${name}-${prng.between(1, 3)}`,
      version: 1,
      stages: stages.map((id, at) => ({
        id,
        service: prng.pick(["find", "follow", "nothing"]),
        predecessors: at === 0 ? [] : [`s${at - 1}`],
        successors: at + 1 < stages.length ? [`s${at + 1}`] : [],
        inputs: ["frame"],
        output: "boxes",
        stateful: prng.happens(0.3),
        parameters: {},
        queue: { policy: "block", capacity: 4 },
      })),
      joinTimeoutMs: 1_000,
      deadlineMs: null,
    },
    configuration: { width: 640, height: 360, fps: 10, framesPerTask: 1, encoding: "jpeg", quality: 85 },
    policy: { name: prng.pick(["edge-only", "cloud-only", "dynamic", "nothing"]), parameters: {} },
  };
}

function sample(prng: Prng, node: string, nowMs: number): Readonly<Record<string, unknown>> {
  return {
    node,
    atMs: nowMs,
    cpuShare: prng.next(),
    cpuCount: 1,
    memoryUsedBytes: 0,
    memoryTotalBytes: 1,
    residentBytes: 0,
    loopStallMs: 0,
    queued: {},
    links: { cloud: { rttMs: prng.pick([-1, 0, 1e300]), bandwidthMbps: null } },
  };
}
