/** What a program asks of a node elsewhere, through that node's agent. */

import type { ActorRef } from "../runtime/actor-ref.js";
import type { Behaviour } from "../runtime/behaviour.js";
import { errorText } from "../runtime/errors.js";
import type { ActorSystem } from "../runtime/system.js";
import { askNode } from "../actors/guard/ask-node.js";
import { AGENT_REPLY, SOURCES_REPORTED } from "../actors/guard/replies.js";
import type { AgentMessage, AgentReply, SourcesReported } from "../actors/protocol/agent.js";
import type { NodeEvent } from "../actors/protocol/generator.js";
import type { PipelineText, SourceRequest } from "../task/requests.js";
import type { Cluster } from "../transport/cluster/cluster.js";
import type { NodeName, SourceId } from "../task/identity.js";
import { secretName } from "./secret-name.js";

/** What a node can be asked and ordered by an operator. */
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
  /** The sources that run on the node now, with their ledgers. */
  sources(): Promise<SourcesReported>;
  /**
   * Hands `listener` every event of the node from now on, through whatever cuts it off: of what happened meanwhile it is told how
   * sources have ended. @returns ends it
   */
  watchEvents(listener: (event: NodeEvent) => void): () => void;
}

/** A drain may take as long as its tasks do. */
const DRAIN_TIMEOUT_MS = 10 * 60_000;
/** Ends of sources that are known to have been told: as many as an agent keeps. */
const ENDS_MAX = 256;
/** For the node to open the source and the scheduler to accept it. */
const SOURCE_TIMEOUT_MS = 30_000;

/**
 * A way to ask and to order the agent of a node.
 *
 * @param system asks for the caller: of an operator, or of a node that may order others
 * @param cluster tells when the node comes, and comes again
 */
export function createAgentClient(
  system: ActorSystem,
  node: NodeName,
  cluster: Pick<Cluster, "subscribe">,
): AgentClient {
  const agent = system.resolve<AgentMessage>(`sluice://${node}/agent`);

  async function order(
    toRequest: (replyTo: ActorRef<AgentReply>) => AgentMessage,
    timeoutMs: number,
  ): Promise<void> {
    const reply = await askNode(system, agent, AGENT_REPLY, toRequest, { timeoutMs });
    if (reply.type === "refused") throw reply.error;
  }

  return {
    addSource: (definition) =>
      order((replyTo) => ({ type: "addSource", definition, replyTo }), SOURCE_TIMEOUT_MS),
    movePipeline: (sourceId, pipeline) =>
      order((replyTo) => ({ type: "movePipeline", sourceId, pipeline, replyTo }), DRAIN_TIMEOUT_MS),
    drainSource: (sourceId) =>
      order((replyTo) => ({ type: "drainSource", sourceId, replyTo }), DRAIN_TIMEOUT_MS),
    freeName: (name) => order((replyTo) => ({ type: "freeName", name, replyTo }), SOURCE_TIMEOUT_MS),
    drain: () => order((replyTo) => ({ type: "drain", replyTo }), DRAIN_TIMEOUT_MS),
    sources: () =>
      askNode(system, agent, SOURCES_REPORTED, (replyTo) => ({ type: "reportSources", replyTo })),
    watchEvents(listener) {
      const ref = system.spawn(forward(listener), { name: secretName(system, `events-of-${node}`) });
      let again = false;
      const unsubscribe = cluster.subscribe((event) => {
        if (event.type !== "memberUp" || event.member.name !== node) return;
        agent.tell({ type: "watchEvents", listener: ref, again });
        again = true;
      });
      return () => {
        unsubscribe();
        void system.stop(ref);
      };
    },
  };
}

/** Its state is which incarnations it has told the end of, the newest last: a node that is watched again tells them again. */
function forward(listener: (event: NodeEvent) => void): Behaviour<Set<string>, NodeEvent> {
  return {
    start: () => new Set(),
    receive(ended, event, ctx) {
      if (event.type === "sourceEnded") {
        const incarnation = `${event.sourceId}/${event.ledger.incarnation}`;
        if (ended.has(incarnation)) return ended;
        ended.add(incarnation);
        forgetOldest(ended);
      }
      try {
        listener(event);
      } catch (thrown) {
        // A fault of the program: what comes next is told all the same.
        ctx.log.error("The listener of events threw", { event: event.type, error: errorText(thrown) });
      }
      return ended;
    },
  };
}

function forgetOldest(ended: Set<string>): void {
  const [oldest] = ended;
  if (ended.size > ENDS_MAX && oldest !== undefined) ended.delete(oldest);
}
