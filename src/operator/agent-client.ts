/** What a program asks of a node elsewhere, through that node's agent. */

import type { ActorRef } from "../runtime/actor-ref.js";
import { replyInvalid } from "../runtime/errors.js";
import type { KeptLetter } from "../runtime/kept-letters.js";
import type { ActorSystem } from "../runtime/system.js";
import { askNode } from "../actors/guard/ask-node.js";
import {
  ACTORS_REPORTED,
  AGENT_REPLY,
  DEAD_LETTERS_REPORTED,
  PIPELINE_REPLY,
  SOURCES_REPORTED,
  type ReplyForm,
} from "../actors/guard/replies.js";
import type {
  ActorsReported,
  AgentMessage,
  AgentReply,
  PipelineReported,
  SourcesReported,
} from "../actors/protocol/agent.js";
import type { NodeEvent } from "../actors/protocol/generator.js";
import type { SchedulerMessage } from "../actors/protocol/scheduler.js";
import type { PipelineText, SourceRequest } from "../task/requests.js";
import type { Cluster } from "../transport/cluster/cluster.js";
import type { NodeName, SourceId } from "../task/identity.js";
import { createEventListener, ownLedgers } from "./own-word.js";
import { givePatiently } from "./patient-order.js";
import { secretName } from "./secret-name.js";

/**
 * What a node can be asked and ordered by an operator. An order that may not have reached the node, or whose answer may be lost, is given
 * again once the node is back within 10 s, and done once.
 */
export interface AgentClient {
  /** Starts a source on the node. @throws an error with a code where the node refuses it */
  addSource(request: SourceRequest): Promise<void>;
  /**
   * Has a source of the node walk another pipeline, or another version of its own, from its next task on. Where it is refused, the
   * source goes on as before.
   *
   * @throws SluiceError `pipeline-invalid`, `configuration-invalid`, `policy-invalid`, `source-missing`, `source-invalid`
   */
  movePipeline(id: SourceId, pipeline: PipelineText): Promise<void>;
  /** Resolves once the source captures no more and every task of it is settled. */
  drainSource(id: SourceId): Promise<void>;
  /** Of the hub: frees the name of a node. @throws TransportError `name-unknown` where nobody has it */
  freeName(name: NodeName): Promise<void>;
  /** Drains all sources of the node; it leaves the cluster afterwards. */
  drain(): Promise<void>;
  /** The sources of its own that run on the node now, with their ledgers. */
  sources(): Promise<SourcesReported>;
  /**
   * The text of the pipeline that a source of the node walks, and the services that stages may be made of there.
   *
   * @throws SluiceError `source-missing`, or `source-invalid` where a program started it
   */
  pipelineOf(id: SourceId): Promise<PipelineReported>;
  /** The actors of the node now: how much waits for each, how often each has started again, how many messages were lost. */
  actors(): Promise<ActorsReported>;
  /** The newest messages of the node that were not handled, as short texts without what is secret, newest first. */
  deadLetters(): Promise<readonly KeptLetter[]>;
  /**
   * Hands `listener` every event of the node and its own sources from now on, through whatever cuts it off: what happened meanwhile it is
   * told once the node is back, the last 256 events, and `eventsMissed` of how many there were before those.
   *
   * @param options `unchecked`: at once, also what it says of sources that are another node's. Default: those are left out
   * @returns ends it
   */
  watchEvents(listener: (event: NodeEvent) => void, options?: { readonly unchecked?: boolean }): () => void;
}

/** Of one order, however often it is given. */
interface By {
  readonly order: string;
  readonly replyTo: ActorRef<AgentReply>;
}

/** A drain may take as long as its tasks do. */
const DRAIN_TIMEOUT_MS = 10 * 60_000;
/** For the node to read what waits before it, each text for 10 s of a processor at most, to open the source, and to have it accepted. */
const SOURCE_TIMEOUT_MS = 3 * 60_000;

/**
 * A way to ask and to order the agent of a node.
 *
 * @param system asks for the caller: of an operator, or of a node that may order others
 * @param cluster tells when the node comes, and comes again; its hub knows whose each source is
 */
export function createAgentClient(
  system: ActorSystem,
  node: NodeName,
  cluster: Pick<Cluster, "hub" | "subscribe" | "members" | "connected">,
): AgentClient {
  const agent = system.resolve<AgentMessage>(`sluice://${node}/agent`);
  const scheduler = system.resolve<SchedulerMessage>(`sluice://${cluster.hub}/scheduler`);

  async function order(
    toRequest: (replyTo: ActorRef<AgentReply>) => AgentMessage,
    timeoutMs: number,
  ): Promise<void> {
    const reply = await givePatiently({ system, cluster, node }, timeoutMs, (leftMs) =>
      askNode(system, agent, AGENT_REPLY, toRequest, { timeoutMs: leftMs }),
    );
    if (reply.type === "refused") throw reply.error;
  }

  /** What the node says of itself. */
  async function own<Reply extends { readonly node: NodeName }>(
    form: ReplyForm<Reply>,
    toRequest: (replyTo: ActorRef<Reply>) => AgentMessage,
  ): Promise<Reply> {
    const reply = await askNode(system, agent, form, toRequest);
    if (reply.node !== node) throw replyInvalid(agent.address, `it is of "${reply.node}"`);
    return reply;
  }

  const newOrder = (): string => secretName(system, "order");

  function give(toRequest: (by: By) => AgentMessage, timeoutMs: number): Promise<void> {
    const id = newOrder();
    return order((replyTo) => toRequest({ order: id, replyTo }), timeoutMs);
  }

  return {
    addSource(asked) {
      const definition = { ...asked, order: asked.order ?? newOrder() };
      return order((replyTo) => ({ type: "addSource", definition, replyTo }), SOURCE_TIMEOUT_MS);
    },
    movePipeline: (sourceId, pipeline) =>
      give((by) => ({ type: "movePipeline", sourceId, pipeline, ...by }), DRAIN_TIMEOUT_MS),
    drainSource: (sourceId) => give((by) => ({ type: "drainSource", sourceId, ...by }), DRAIN_TIMEOUT_MS),
    freeName: (name) => give((by) => ({ type: "freeName", name, ...by }), SOURCE_TIMEOUT_MS),
    drain: () => give((by) => ({ type: "drain", ...by }), DRAIN_TIMEOUT_MS),
    async sources() {
      const reply = await own(SOURCES_REPORTED, (replyTo) => ({ type: "reportSources", replyTo }));
      return { ...reply, ledgers: await ownLedgers(system, scheduler, node, reply.ledgers) };
    },
    async pipelineOf(sourceId) {
      const reply = await own(PIPELINE_REPLY, (replyTo) => ({ type: "reportPipeline", sourceId, replyTo }));
      if (reply.type === "pipelineRefused") throw reply.error;
      return reply;
    },
    actors: () => own(ACTORS_REPORTED, (replyTo) => ({ type: "reportActors", replyTo })),
    async deadLetters() {
      const reply = await own(DEAD_LETTERS_REPORTED, (replyTo) => ({ type: "reportDeadLetters", replyTo }));
      return reply.letters;
    },
    watchEvents(listener, { unchecked = false } = {}) {
      const ref = system.spawn(
        createEventListener({
          node,
          agent,
          isMember: () => cluster.members.has(node),
          scheduler: unchecked ? null : scheduler,
          listener,
        }),
        { name: secretName(system, `events-of-${node}`) },
      );
      const unsubscribe = cluster.subscribe((event) => {
        if (event.type === "memberUp" && event.member.name === node) ref.tell({ type: "nodeUp" });
      });
      return () => {
        unsubscribe();
        void system.stop(ref);
      };
    },
  };
}
