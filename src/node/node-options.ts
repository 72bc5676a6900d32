/** What a node is started with. */

import type { Clock } from "../runtime/clock.js";
import type { Logger } from "../runtime/log.js";
import { isLoopback } from "../transport/carriers/ws.js";
import type { HttpService } from "../transport/carrier.js";
import type { ClusterEvent, Role } from "../transport/cluster/cluster.js";
import { TransportError } from "../transport/errors.js";
import type { LinkLimits } from "../transport/link/link-limits.js";
import type { TokenAuthority } from "../transport/security/token-authority.js";
import type { ControllerLimits } from "../actors/controller/spawn.js";
import type { FlushOptions } from "../actors/distributor/spawn.js";
import type { RetentionOptions } from "../actors/protocol/distributor.js";
import type { DeliveryLimits } from "../actors/generator/spawn.js";
import type { ProcessorLimits } from "../actors/processor/spawn.js";
import type { NodeEvent } from "../actors/protocol/generator.js";
import type { SchedulerEvent } from "../actors/protocol/scheduler.js";
import type { DecisionLimits } from "../scheduling/ask-policy.js";
import type { BoundPolicy } from "../scheduling/policy.js";
import type { MoveLimits } from "../scheduling/move-budget.js";
import type { ChangeLimits } from "../storage/hub/plan-changes.js";
import type { FetchOptions } from "./models/fetched-models.js";
import type { Store } from "../storage/results/store.js";
import type { TaskOutcome } from "../task/reports.js";
import type { ServiceDeclaration } from "../task/service.js";
import { DEFAULT_SOURCE_POLICY, type SourcePolicy } from "../actors/generator/source-policy.js";

/** Where a node listens, and its certificate. */
export interface ListenAddress {
  /** `ws://HOST:PORT` or `wss://HOST:PORT`; port 0 takes any free one. */
  readonly url: string;
  /** Of `wss`, PEM text. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Of a hub: serves HTTP at the same address. Default: each is refused. */
  readonly http?: HttpService;
}

/** What others may have a node load, so that the models of all its stages find room. */
export interface PlacementLimits {
  /** Stages at once. Default of an edge: as many as may have a worker each. */
  readonly stagesMax: number;
  /** What they may take of the node's memory together, in bytes, about: by their model files. Default of an edge: half of it. */
  readonly memoryBytesMax: number;
}

/** Bounds of the components of a node. */
export interface NodeLimits {
  readonly placement?: Partial<PlacementLimits>;
  readonly controller?: Partial<ControllerLimits>;
  readonly processor?: Partial<ProcessorLimits>;
}

/** What a node is made of. */
export interface NodeOptions {
  readonly name: string;
  /** Where others reach this node. Of a hub: where they join. */
  readonly listen?: string | ListenAddress;
  /** The hub to join, `ws://HOST:PORT` or `wss://HOST:PORT`. */
  readonly join?: string;
  /** `ID.SECRET`, made by the hub. */
  readonly token?: string;
  /** PEM text of certificate authorities besides the machine's, for a hub with a certificate of its own. */
  readonly authorities?: string;
  /** Of a hub: who may join. Null lets in whoever comes, and is for loopback alone; the default there. */
  readonly tokens?: TokenAuthority | null;
  /** Default `cloud` of a hub and `edge` of a node that joins. */
  readonly roles?: readonly Role[];
  /** Name of the cluster: a hub gives it, a node that joins insists on it. */
  readonly cluster?: string;
  /** Keeps trying where the hub cannot be reached at first. Default false. */
  readonly patient?: boolean;
  /** What this node can run, by name. Default: nothing. */
  readonly services?: ReadonlyMap<string, ServiceDeclaration>;
  /** Folder of the models that the user brought. Default: none. */
  readonly modelDir?: string | null;
  /** Of the node that is the cloud: folder of the models that nodes may fetch. Default: none. @see ModelLibrary */
  readonly modelLibrary?: string;
  /** Of any other: fetches models that its own folder lacks from the hub, into a folder, all together within so many bytes. Default: no. */
  readonly fetchedModels?: FetchOptions;
  /**
   * Of the node that is the cloud: where results go, and what a hub remembers of its nodes, their names, their sources and what
   * operators said. Opened and closed by whoever gives it. Default: memory alone, which is logged.
   */
  readonly store?: Store;
  /** Of the cloud: how results are gathered into durable writes. */
  readonly flush?: FlushOptions;
  /**
   * Of the cloud: policies besides the built-in ones, as functions of this program, which has to wait for them: none is asked on a
   * thread of its own then. @see bindPolicy
   */
  readonly policies?: readonly BoundPolicy[];
  /** Of the cloud: ES modules that export `policies`, which run on a thread of their own, under a time limit. */
  readonly policyFiles?: readonly string[];
  /** Of the cloud: how many changes of the plan of each source are kept in its store, and for how long. Default 256, for 30 days. */
  readonly planChanges?: Partial<ChangeLimits>;
  /** Of the cloud: how often policies may move stages, in a minute. Default 6 times a source, and 120 times in all. */
  readonly moveLimits?: Partial<MoveLimits>;
  /** Of the cloud: what policies may take. Default 200 ms a decision, and 64 KiB of state a source. */
  readonly policyLimits?: Partial<DecisionLimits>;
  /** Of the cloud: which records are deleted, and when. Default: none. */
  readonly retention?: RetentionOptions;
  /** Of the cloud: between decisions of the scheduler, in ms. Default 1,000. */
  readonly decisionMs?: number;
  /** Between samples of this node's resources, in ms; a link is probed once in ten of them. Default 1,000. */
  readonly sampleMs?: number;
  /** Bounds of the controller and of every processor; each has its default. */
  readonly limits?: NodeLimits;
  /** Of every source here: when its tasks are delivered again. */
  readonly delivery?: Partial<DeliveryLimits>;
  /**
   * Folder in which the tasks of this node's sources outlive it until they are stored; the sources that an operator asked
   * for go on with the node. Default: memory alone.
   */
  readonly journal?: string;
  /** Discards what the journal holds, whoever's it was. Default false: another node's, or another cluster's, is refused. */
  readonly forget?: boolean;
  /** What operators elsewhere may have this node open: over `DEFAULT_SOURCE_POLICY`, or "any" for all that its user may. */
  readonly sourcePolicy?: Partial<SourcePolicy> | "any";
  readonly link?: Partial<LinkLimits>;
  /** Hears of the sources and stages of this node. */
  readonly onEvent?: (event: NodeEvent) => void;
  /** Of the cloud: receives an event for each table that is published or acknowledged. */
  readonly onSchedule?: (event: SchedulerEvent) => void;
  /** Of the cloud: hears what became of each task, once it is stored. */
  readonly onOutcome?: (outcome: TaskOutcome) => void;
  /** Hears who comes and goes. */
  readonly onCluster?: (event: ClusterEvent) => void;
  /** A failure beyond all supervision: the node is of no more use. */
  readonly onFailure?: (error: Error) => void;
  /** An operator asked this node to drain; it has, and is about to leave. */
  readonly onDrained?: () => void;
  readonly version?: string;
  readonly clock?: Clock;
  /** From 0 to below 1. Default: `Math.random`. */
  readonly random?: () => number;
  readonly log?: Logger;
}

/** Null of a node that nobody else can reach. */
export function listenAddressOf({ listen }: NodeOptions): ListenAddress | null {
  return typeof listen === "string" ? { url: listen } : (listen ?? null);
}

export function sourcePolicyOf({ sourcePolicy }: NodeOptions): SourcePolicy | "any" {
  return sourcePolicy === "any" ? "any" : { ...DEFAULT_SOURCE_POLICY, ...sourcePolicy };
}

/** @throws TransportError `token-missing` where a hub would take in anybody from beyond its machine */
export function checkTokens(options: NodeOptions): void {
  const listen = listenAddressOf(options);
  if (listen === null || options.join !== undefined || (options.tokens ?? null) !== null) return;
  if (isLoopback(listen.url)) return;
  throw new TransportError(
    `Cannot listen at "${listen.url}" without tokens: beyond loopback whoever comes must prove one`,
    { code: "token-missing" },
  );
}
