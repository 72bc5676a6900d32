/** What whoever runs a cluster does from one of its nodes: follow its results, steer its sources, read the table. */

import type { FenceReport } from "../scheduling/fences.js";
import type { ActorRef } from "../runtime/actor-ref.js";
import type { ActorSystem } from "../runtime/system.js";
import { askNode } from "../actors/guard/ask-node.js";
import {
  CHANGES_REPORTED,
  HOST_REPLY,
  ORDER_REPLY,
  POLICIES_REPORTED,
  POLICY_REPLY,
  RELOAD_REPLY,
  SCHEDULED_SOURCES,
  SOURCE_REMOVED,
  TABLE_REPORTED,
  VERSION_FREED,
} from "../actors/guard/replies.js";
import { createFollower, subscribeTo } from "./follower.js";
import { createObserver, type ObserverMessage } from "./observer.js";
import { givePatiently } from "./patient-order.js";
import { secretName } from "./secret-name.js";
import type { RunSummary } from "./run-statistics.js";
import type { DistributorMessage, SubscriptionEvent } from "../actors/protocol/distributor.js";
import type {
  ChangesReported,
  OrderReply,
  ScheduledSources,
  SchedulerMessage,
  TableReported,
} from "../actors/protocol/scheduler.js";
import type { Configuration } from "../task/configuration.js";
import type { SourceReport } from "../task/reports.js";
import type { Hosting, HostingReport } from "../task/hosting.js";
import type { PolicySpec, SourceRequest } from "../task/requests.js";
import { pipelineKeyText, type NodeName, type PipelineId, type SourceId } from "../task/identity.js";
import type { Pipeline } from "../task/pipeline.js";
import type { Cluster } from "../transport/cluster/cluster.js";

/** A run that is summed up while it goes on. */
export interface ObservedRun {
  /** Its figures so far. */
  report(): Promise<RunSummary>;
}

/** What can be ordered and watched in a cluster, from within or from outside. */
export interface Control {
  /**
   * Sums up a run while it goes on: totals, latencies, where stages ran, what was found.
   *
   * @param pipelines those whose stages are to be told apart
   * @param fromPosition where the run begins in the store. Default: from one of the cluster's own nodes the next record, from
   *   elsewhere the first that the store has; `statement` says which position comes next
   */
  observe(pipelines: readonly Pipeline[], fromPosition?: number): ObservedRun;
  /**
   * Hands every record from `fromPosition` on to `listener`, as fast as that takes them; null follows every source. Where the way to
   * the hub is lost, it goes on behind the last record once there is one again.
   *
   * @returns ends it
   */
  follow(
    fromPosition: number,
    sourceId: SourceId | null,
    listener: (event: SubscriptionEvent) => void,
  ): () => void;
  /** @throws SluiceError `policy-invalid` with the text of what is wrong */
  setPolicy(sourceId: SourceId, policy: PolicySpec): Promise<void>;
  /**
   * Has a source capture nothing until `continueSource`, whatever its node or the hub does meanwhile: what is under way ends, a camera
   * is let go of, and what it does not give is stored as a gap with the reason.
   *
   * @param reason for people; default none
   * @throws SluiceError `source-missing`
   */
  pauseSource(sourceId: SourceId, reason?: string): Promise<void>;
  /** A paused source goes on where it was; one that is not paused is left as it is. @throws SluiceError `source-missing` */
  continueSource(sourceId: SourceId): Promise<void>;
  /**
   * Sets knobs of a source's configuration, besides those that were set before: they hold whatever its policy decides, until they are
   * given back to it with null.
   *
   * @throws SluiceError `configuration-invalid`, `source-missing`
   */
  configureSource(sourceId: SourceId, knobs: Partial<Configuration> | null): Promise<void>;
  /** The policies that may be set, by name. */
  policies(): Promise<readonly string[]>;
  /**
   * Has the hub read its own file of policies again.
   *
   * @returns all that may be set now, by name
   * @throws SluiceError `policy-invalid` where it has none or cannot use it: the policies in force stay
   */
  reloadPolicies(): Promise<readonly string[]>;
  /** The policies that failed of late, and how long each is not asked. */
  policyFences(): Promise<readonly FenceReport[]>;
  /**
   * Frees the name of a source for another node: the scheduler decides no more for the one that has it.
   *
   * @returns the node that had it, here or away; null where none had
   */
  freeSource(sourceId: SourceId): Promise<NodeName | null>;
  /**
   * Frees a version of a pipeline: whoever registers it next says which pipeline it is.
   *
   * @returns the node whose it was; null where it was none's
   */
  freeVersion(pipelineId: PipelineId, version: number): Promise<NodeName | null>;
  /**
   * Has one of several nodes capture a source, which the scheduler chooses, and another one where that is gone: the source goes on there
   * under an incarnation of its own, a recording behind the last task that is stored. It ends by itself, or by `drainSource`
   * of the agent of the node that has it; `endHosting` alone leaves it to that node.
   *
   * @returns the first node; null where no candidate is there, so that it waits for one
   * @throws SluiceError `source-invalid` where the name is taken, or every candidate that is there refuses it, with the reason of the last
   */
  hostSource(request: SourceRequest, hosting: Hosting): Promise<NodeName | null>;
  /** No other node takes the source over any more. @throws SluiceError `source-missing` where none is ordered so */
  endHosting(sourceId: SourceId): Promise<void>;
  /** `sources` and `hosted` by one question, as of one moment. */
  scheduled(): Promise<ScheduledSources>;
  /** Who captures the sources that any of several nodes may. */
  hosted(): Promise<Readonly<Record<string, HostingReport>>>;
  /** Every source that the scheduler knows: what was decided and said of it, and how it goes. */
  sources(): Promise<Readonly<Record<string, SourceReport>>>;
  /** The routing table in force, why it is so, and which node has which. */
  table(): Promise<TableReported>;
  /** How the plan of a source has changed since then (ms since the Unix epoch), and why: the newest 64 changes that the hub remembers. */
  explain(sourceId: SourceId, sinceMs?: number): Promise<ChangesReported>;
}

/** For several nodes to be asked in turn, each to read and open the source. */
const HOST_MS = 120_000;
/** A hub gives its file of policies 20 s to be read. */
const RELOAD_MS = 25_000;

/**
 * What a node may order and watch in its own cluster.
 *
 * @param cloud the node that has the scheduler and the store
 * @param fromPosition gives the position in the store that a run that is observed begins at
 * @param cluster tells when this node is back at its hub, so that what is followed goes on; null of the hub itself
 */
export function createControl(
  system: ActorSystem,
  cloud: NodeName,
  fromPosition: () => number,
  cluster: Pick<Cluster, "subscribe" | "members" | "connected"> | null = null,
): Control {
  const scheduler = system.resolve<SchedulerMessage>(`sluice://${cloud}/scheduler`);
  const distributor = system.resolve<DistributorMessage>(`sluice://${cloud}/distributor`);
  async function order(toOrder: (replyTo: ActorRef<OrderReply>) => SchedulerMessage): Promise<void> {
    const reply = await patiently(() => askNode(system, scheduler, ORDER_REPLY, toOrder));
    if (reply.type === "orderRefused") throw reply.error;
  }

  /** Only for what is the same said twice. */
  function patiently<Reply>(give: () => Promise<Reply>): Promise<Reply> {
    return cluster === null ? give() : givePatiently({ system, cluster, node: cloud }, HOST_MS, give);
  }

  /** Has the actor subscribe again each time that this node is back. @returns ends that */
  function again(subscriber: ActorRef<{ readonly type: "subscribeAgain" }>): () => void {
    if (cluster === null) return () => {};
    return cluster.subscribe((event) => {
      if (event.type === "joined") subscriber.tell({ type: "subscribeAgain" });
    });
  }

  const scheduled = (): Promise<ScheduledSources> =>
    askNode(system, scheduler, SCHEDULED_SOURCES, (replyTo) => ({ type: "reportSources", replyTo }));

  return {
    observe(pipelines, from = fromPosition()) {
      const ref: ActorRef<ObserverMessage> = system.spawn(
        createObserver({
          distributor,
          fromPosition: from,
          pipelines: new Map(
            pipelines.map((pipeline) => [pipelineKeyText(pipeline.id, pipeline.version), pipeline]),
          ),
        }),
        { name: secretName(system, "observer") },
      );
      again(ref);
      return {
        report: () =>
          system.ask<ObserverMessage, RunSummary>(ref, (replyTo) => ({ type: "reportRun", replyTo })),
      };
    },

    follow(from, sourceId, listener) {
      const followed = { fromPosition: from, sourceId };
      const subscriber = system.spawn(createFollower(distributor, listener, followed), {
        name: secretName(system, "follower"),
      });
      distributor.tell(subscribeTo(followed, subscriber));
      const stop = again(subscriber);
      return () => {
        stop();
        distributor.tell({ type: "unsubscribe", subscriber });
        void system.stop(subscriber);
      };
    },

    async setPolicy(sourceId, policy) {
      const reply = await patiently(() =>
        askNode(system, scheduler, POLICY_REPLY, (replyTo) => ({
          type: "setPolicy",
          sourceId,
          policy,
          replyTo,
        })),
      );
      if (reply.type === "policyRefused") throw reply.error;
    },

    pauseSource: (sourceId, reason = "") =>
      order((replyTo) => ({ type: "pauseSource", sourceId, reason, replyTo })),
    continueSource: (sourceId) => order((replyTo) => ({ type: "continueSource", sourceId, replyTo })),
    configureSource: (sourceId, knobs) =>
      order((replyTo) => ({ type: "configureSource", sourceId, knobs, replyTo })),

    async policies() {
      const { names } = await askNode(system, scheduler, POLICIES_REPORTED, (replyTo) => ({
        type: "reportPolicies",
        replyTo,
      }));
      return names;
    },

    async reloadPolicies() {
      const reply = await askNode(
        system,
        scheduler,
        RELOAD_REPLY,
        (replyTo) => ({ type: "reloadPolicies", replyTo }),
        { timeoutMs: RELOAD_MS },
      );
      if (reply.type === "reloadRefused") throw reply.error;
      return reply.names;
    },

    async policyFences() {
      const { fences } = await askNode(system, scheduler, POLICIES_REPORTED, (replyTo) => ({
        type: "reportPolicies",
        replyTo,
      }));
      return fences;
    },

    async freeSource(sourceId) {
      const { node } = await askNode(system, scheduler, SOURCE_REMOVED, (replyTo) => ({
        type: "removeSource",
        sourceId,
        replyTo,
      }));
      return node;
    },

    async freeVersion(pipelineId, version) {
      const { node } = await askNode(system, scheduler, VERSION_FREED, (replyTo) => ({
        type: "freeVersion",
        pipelineId,
        version,
        replyTo,
      }));
      return node;
    },

    async hostSource(asked, hosting) {
      const definition = { ...asked, order: asked.order ?? secretName(system, "order") };
      const reply = await patiently(() =>
        askNode(
          system,
          scheduler,
          HOST_REPLY,
          (replyTo) => ({ type: "hostSource", definition, hosting, replyTo }),
          { timeoutMs: HOST_MS },
        ),
      );
      if (reply.type === "hostRefused") throw reply.error;
      return reply.node;
    },
    async endHosting(sourceId) {
      const reply = await askNode(system, scheduler, ORDER_REPLY, (replyTo) => ({
        type: "endHosting",
        sourceId,
        replyTo,
      }));
      if (reply.type === "orderRefused") throw reply.error;
    },
    scheduled,
    hosted: async () => (await scheduled()).hosted,
    sources: async () => (await scheduled()).sources,

    explain: (sourceId, sinceMs = 0) =>
      askNode(system, scheduler, CHANGES_REPORTED, (replyTo) => ({
        type: "reportChanges",
        sourceId,
        sinceMs,
        replyTo,
      })),

    table: () => askNode(system, scheduler, TABLE_REPORTED, (replyTo) => ({ type: "reportTable", replyTo })),
  };
}
