/** What a node touches of the world besides its clock and its store: production has its own, and a simulation another. */

import { systemClock, type Clock } from "../runtime/clock.js";
import { eventLoop, type Executor } from "../runtime/executor.js";
import { randomFirstId, unguessableId } from "../runtime/unguessable.js";
import type { ActorSystem } from "../runtime/system.js";
import type { Decorate } from "../runtime/system-options.js";
import type { Carrier } from "../transport/carrier.js";
import { createNameKey, type NameKey } from "../transport/security/name-key.js";
import { createWsCarrier } from "../transport/carriers/ws.js";
import type { Journals } from "../storage/journal/journal.js";
import { openHostMetrics, type HostMetrics } from "../actors/monitor/host-metrics.js";
import { startWorker } from "../actors/processor/worker-host.js";
import type { StartWorker } from "../actors/processor/worker-port.js";
import {
  openDecisionThread,
  type DecisionThread,
  type DecisionThreadOptions,
} from "../actors/scheduler/decision-thread.js";
import { createPipelineReader, type ReadPipeline } from "./agent/read-pipeline.js";
import { createPictureEncoder, type EncodePicture } from "./pictures/encoder-thread.js";
import type { LocalMembers } from "./local-members.js";
import type { SourceOptions } from "./sources.js";

export interface NodeWorld {
  readonly carrier: Carrier;
  readonly executor: Executor;
  readonly startWorker: StartWorker;
  readonly openHost: () => HostMetrics;
  /** Of the cloud: starts what asks policies. Null asks them on the scheduler's own thread. */
  readonly openDecisions: ((options: DecisionThreadOptions) => Promise<DecisionThread>) | null;
  /** Reads what operators send. */
  readonly readPipeline: ReadPipeline;
  /** Makes pictures for people. Null makes none. */
  readonly openPictures: ((clock: Clock) => EncodePicture) | null;
  /** What stands in for what an operator has asked for. Null opens just that. */
  readonly stagedSource: ((asked: SourceOptions) => SourceOptions) | null;
  /** Where the ids of this incarnation of the node begin. */
  readonly firstId: () => number;
  /** Ids of asks: who knows one may answer it. */
  readonly askId: () => number;
  /** Text that nobody can guess. Null takes it from the operating system. */
  readonly nonce: (() => string) | null;
  /** By which a node has its name that keeps no journal; null has the names that nobody has. */
  readonly nameKey: NameKey | null;
  /** Number of this process, for people. */
  readonly pid: number;
  /** Is given the node's system as soon as it is made; null for nobody. */
  readonly adopt: ((system: ActorSystem) => void) | null;
  /** Null spawns behaviours as they are. */
  readonly decorate: Decorate | null;
  /** Null opens the folder that the node names. */
  readonly journals: Journals | null;
  /** The nodes of this process that it is one of; null for a node that joins a hub, is one, or is alone. */
  readonly members: LocalMembers | null;
}

/** Sockets, worker threads and the machine's own figures. */
export function createRealWorld(): NodeWorld {
  return {
    carrier: createWsCarrier({ clock: systemClock }),
    executor: eventLoop,
    startWorker,
    openHost: openHostMetrics,
    openDecisions: openDecisionThread,
    readPipeline: createPipelineReader(),
    openPictures: createPictureEncoder,
    stagedSource: null,
    firstId: randomFirstId,
    askId: unguessableId,
    nonce: null,
    nameKey: createNameKey(),
    pid: process.pid,
    adopt: null,
    decorate: null,
    journals: null,
    members: null,
  };
}
