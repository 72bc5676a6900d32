/**
 * The agent of a node: does what an operator asks of the node, and reports what happens on it.
 *
 * AG1 A request is answered once, when it is done or has failed; one that cannot be read is refused with the reason.
 * AG2 A watcher receives every event from then on, until it stops. One that watches again is told first how the last sources have
 *     ended: it may have been cut off just then.
 */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { AskResult, Behaviour, Context } from "../../runtime/behaviour.js";
import type { AgentMessage, AgentReply } from "../../actors/protocol/agent.js";
import type { PictureMessage } from "../../actors/protocol/pictures.js";
import type { PictureLook } from "../../task/picture.js";
import type { NodeEvent } from "../../actors/protocol/generator.js";
import type { LedgerReported } from "../../task/reports.js";
import type { PipelineText, SourceRequest } from "../../task/requests.js";
import type { NodeName, SourceId } from "../../task/identity.js";

export type TakeSource = Extract<AgentMessage, { readonly type: "takeSource" }>;

export interface AgentPorts {
  readonly addSource: (request: SourceRequest) => Promise<void>;
  readonly takeSource: (order: Pick<TakeSource, "definition" | "appointment" | "takeover">) => Promise<void>;
  readonly movePipeline: (id: SourceId, pipeline: PipelineText) => Promise<void>;
  readonly drainSource: (id: SourceId) => Promise<void>;
  /** Of a hub: the name of a node is for whoever joins with it next. */
  readonly freeName: (name: NodeName) => Promise<void>;
  readonly watchPictures: (id: SourceId, look: PictureLook, watcher: ActorRef<PictureMessage>) => void;
  readonly ledgers: () => Promise<readonly LedgerReported[]>;
  /** Drains every source of the node and has it leave. */
  readonly drain: () => Promise<void>;
}

type Private =
  | { readonly type: "done"; readonly replyTo: ActorRef<AgentReply>; readonly result: AskResult<void> }
  | {
      readonly type: "ledgersGathered";
      readonly replyTo: Extract<AgentMessage, { readonly type: "reportSources" }>["replyTo"];
      readonly result: AskResult<readonly LedgerReported[]>;
    }
  | { readonly type: "watcherGone"; readonly address: string }
  | { readonly type: "nodeEvent"; readonly event: NodeEvent };
export type Message = AgentMessage | Private;

interface State {
  /** How the last sources have ended, the newest last. */
  readonly ends: NodeEvent[];
  readonly watchers: Map<string, ActorRef<NodeEvent>>;
}

/** Watchers at a time; one more is ignored. */
const WATCHERS_MAX = 256;
/** Ends of sources that are kept for whoever was cut off. */
const ENDS_MAX = 256;

export function createAgent(node: NodeName, ports: AgentPorts): Behaviour<State, Message> {
  return {
    start: () => ({ ends: [], watchers: new Map() }),
    receive(state, message, ctx) {
      handle(state, message, ctx);
      return state;
    },
  };

  function handle(state: State, message: Message, ctx: Context<Message>): void {
    switch (message.type) {
      case "addSource":
        answer(ports.addSource(message.definition), message.replyTo, ctx);
        return;
      case "takeSource":
        answer(ports.takeSource(message), message.replyTo, ctx);
        return;
      case "movePipeline":
        answer(ports.movePipeline(message.sourceId, message.pipeline), message.replyTo, ctx);
        return;
      case "drainSource":
        answer(ports.drainSource(message.sourceId), message.replyTo, ctx);
        return;
      case "freeName":
        answer(ports.freeName(message.name), message.replyTo, ctx);
        return;
      case "drain":
        answer(ports.drain(), message.replyTo, ctx);
        return;
      case "watchPictures":
        ports.watchPictures(message.sourceId, message.look, message.watcher);
        return;
      case "reportSources": {
        const { replyTo } = message;
        ctx.pipe(ports.ledgers(), (result) => ({ type: "ledgersGathered", replyTo, result }));
        return;
      }
      case "watchEvents":
        onWatchEvents(state, message, ctx);
        return;
      case "done":
        message.replyTo.tell(
          message.result.ok ? { type: "done" } : { type: "refused", error: message.result.error },
        );
        return;
      case "ledgersGathered":
        message.replyTo.tell({
          type: "sourcesReported",
          node,
          ledgers: message.result.ok ? message.result.reply : [],
        });
        return;
      case "watcherGone":
        state.watchers.delete(message.address);
        return;
      case "nodeEvent":
        onNodeEvent(state, message.event);
        return;
      default:
        ctx.unhandled(message);
    }
  }

  function answer(work: Promise<void>, replyTo: ActorRef<AgentReply>, ctx: Context<Message>): void {
    ctx.pipe(work, (result) => ({ type: "done", replyTo, result }));
  }
}

function onNodeEvent({ ends, watchers }: State, event: NodeEvent): void {
  if (event.type === "sourceEnded") {
    ends.push(event);
    if (ends.length > ENDS_MAX) ends.shift();
  }
  for (const watcher of watchers.values()) watcher.tell(event);
}

function onWatchEvents(
  state: State,
  { listener, again }: Extract<AgentMessage, { readonly type: "watchEvents" }>,
  ctx: Context<Message>,
): void {
  const { address } = listener;
  if (again) for (const event of state.ends) listener.tell(event);
  if (state.watchers.size >= WATCHERS_MAX) return;
  state.watchers.set(address, listener);
  ctx.watch(listener, () => ({ type: "watcherGone", address }));
}
