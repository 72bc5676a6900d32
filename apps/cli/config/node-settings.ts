/** What a configuration file says, as a node is started with it; what it does not say is absent, and keeps its default. */

import type { NodeOptions } from "../../../src/node/node-options.js";
import type { RetentionOptions } from "../../../src/actors/protocol/distributor.js";
import { DEFAULT_DELIVERY } from "../../../src/actors/generator/delivery/redelivery.js";
import { DEFAULT_PROCESSOR_LIMITS } from "../../../src/actors/processor/processor-limits.js";
import { DEFAULT_LINK_LIMITS } from "../../../src/transport/link/link-limits.js";
import type { HubFile } from "./hub-form.js";

/** Everything but what options of the command line say, too. */
export type FileSettings = Pick<
  NodeOptions,
  | "flush"
  | "planChanges"
  | "policyLimits"
  | "moveLimits"
  | "decisionMs"
  | "sampleMs"
  | "limits"
  | "delivery"
  | "link"
>;

export function nodeSettings(file: HubFile): FileSettings {
  const { results = {}, policies = {}, intervals = {}, delivery = {} } = file;
  return {
    flush: given({
      periodMs: results.period,
      recordsMax: results.records,
      bytesMax: results.bytes,
      pendingRecordsMax: results.waitingRecords,
      pendingBytesMax: results.waitingBytes,
    }),
    planChanges: given({ countMax: policies.changes, ageMsMax: policies.changesAge }),
    policyLimits: given({ decisionMs: policies.decision, stateBytes: policies.stateBytes }),
    moveLimits: given({ perSource: policies.moves, inAll: policies.movesInAll }),
    ...given({ decisionMs: intervals.decision, sampleMs: intervals.sample }),
    limits: {
      controller: controllerLimits(file),
      processor: processorLimits(file),
      placement: placementLimits(file),
    },
    delivery: given({
      timeoutMs: delivery.timeout,
      timeoutMsMax: delivery.timeoutMax,
      deliveriesMax: delivery.attempts,
      leftGraceMs: delivery.leftGrace,
      rate: { ...DEFAULT_DELIVERY.rate, ...given({ perSecond: delivery.rate, burst: delivery.burst }) },
    }),
    link: linkLimits(file),
  };
}

export function retentionOf({ retention = {} }: HubFile): RetentionOptions {
  return given({ ageMsMax: retention.age, recordsMax: retention.records, bytesMax: retention.bytes });
}

function controllerLimits({
  tasks = {},
}: HubFile): NonNullable<NonNullable<NodeOptions["limits"]>["controller"]> {
  return given({
    stageTasksMax: tasks.stage,
    joinTasksMax: tasks.joins,
    parkTasksMax: tasks.parked,
    parkMs: tasks.park,
    waitingBytesMax: tasks.bytes,
    stageHoldMs: tasks.hold,
    tickMs: tasks.tick,
  });
}

function processorLimits({
  workers = {},
}: HubFile): NonNullable<NonNullable<NodeOptions["limits"]>["processor"]> {
  return given({
    replicas: workers.replicas === "auto" ? undefined : workers.replicas,
    workersMax: workers.total,
    gapTimeoutMs: workers.gap,
    executeTimeoutMs: workers.execute,
    loadTimeoutMs: workers.load,
    loadAttempts: workers.loadAttempts,
    poisonAttempts: workers.poisonAttempts,
    sourcesMax: workers.sources,
    backoff: {
      ...DEFAULT_PROCESSOR_LIMITS.backoff,
      ...given({ minMs: workers.backoff, maxMs: workers.backoffMax }),
    },
  });
}

function placementLimits({
  workers = {},
}: HubFile): NonNullable<NonNullable<NodeOptions["limits"]>["placement"]> {
  return given({ stagesMax: workers.stages, memoryBytesMax: workers.memory });
}

function linkLimits({ links = {} }: HubFile): NonNullable<NodeOptions["link"]> {
  return given({
    budgetBytes: links.memory,
    windowBytes: links.window,
    chunkBytes: links.chunk,
    inlineBytes: links.inline,
    queueBytes: links.queue,
    controlBytes: links.control,
    messageBytes: links.message,
    assemblies: links.assemblies,
    assemblyMs: links.assembly,
    socketBytes: links.socket,
    stuckMs: links.stuck,
    drainMs: links.drain,
    controlRate: {
      ...DEFAULT_LINK_LIMITS.controlRate,
      ...given({ perSecond: links.controlRate, burst: links.controlBurst }),
    },
    heartbeatMs: links.heartbeat,
    silenceMs: links.silence,
  });
}

type Given<Fields> = { readonly [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };

/** Those that have a value. */
function given<Fields extends Readonly<Record<string, unknown>>>(fields: Fields): Given<Fields> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Given<Fields>;
}
