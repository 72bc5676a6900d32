/**
 * The agent of a node: does what an operator asks of the node, and reports what happens on it.
 *
 * AG1 A request is answered once, when it is done or has failed; one that cannot be read is refused with the reason.
 * AG2 A watcher receives every event from then on, until it stops. One that comes back is told first all that has happened since
 *     what it was told last, as far as that is kept, and how much is not.
 */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { AskResult, Behaviour, Context } from "../../runtime/behaviour.js";
import type { KeptLetter } from "../../runtime/kept-letters.js";
import type {
  ActorsReported,
  AgentMessage,
  AgentReply,
  EventPlace,
  WatcherMessage,
} from "../../actors/protocol/agent.js";
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
  readonly actors: () => Omit<ActorsReported, "type" | "node">;
  /** Newest first. */
  readonly deadLetters: () => readonly KeptLetter[];
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
  /** Of this agent, as another one of the node counts anew. */
  readonly run: number;
  /** The last events, the newest last. */
  readonly events: Kept[];
  /** How many there were. */
  count: number;
  readonly watchers: Map<string, ActorRef<WatcherMessage>>;
}

type Kept = Exclude<WatcherMessage, { readonly type: "watching" }>;

/** Watchers at a time; one more is ignored. */
const WATCHERS_MAX = 256;
/** Events that are kept for whoever was cut off. */
const EVENTS_MAX = 256;

export function createAgent(node: NodeName, ports: AgentPorts): Behaviour<State, Message> {
  return {
    start: (ctx) => ({ run: Math.floor(ctx.now()), events: [], count: 0, watchers: new Map() }),
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
      case "reportActors":
        message.replyTo.tell({ type: "actorsReported", node, ...ports.actors() });
        return;
      case "reportDeadLetters":
        message.replyTo.tell({ type: "deadLettersReported", node, letters: ports.deadLetters() });
        return;
      case "watchEvents":
        onWatchEvents(state, node, message, ctx);
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

function onNodeEvent(state: State, event: NodeEvent): void {
  const { run, events, watchers } = state;
  state.count += 1;
  const kept: Kept = { ...event, at: { run, number: state.count } };
  events.push(kept);
  if (events.length > EVENTS_MAX) events.shift();
  for (const watcher of watchers.values()) watcher.tell(kept);
}

function onWatchEvents(
  state: State,
  node: NodeName,
  { listener, after }: Extract<AgentMessage, { readonly type: "watchEvents" }>,
  ctx: Context<Message>,
): void {
  const { address } = listener;
  if (state.watchers.size >= WATCHERS_MAX && !state.watchers.has(address)) return;
  if (after !== null) tellSince(state, node, listener, after);
  listener.tell({ type: "watching", at: { run: state.run, number: state.count } });
  state.watchers.set(address, listener);
  ctx.watch(listener, () => ({ type: "watcherGone", address }));
}

/** What another agent of the node has told before says nothing of this one's events. */
function tellSince(
  { run, events, count }: State,
  node: NodeName,
  listener: ActorRef<WatcherMessage>,
  after: EventPlace,
): void {
  const told = after.run === run ? Math.min(after.number, count) : 0;
  const missed = count - events.length - told;
  if (missed > 0) {
    listener.tell({ type: "eventsMissed", node, count: missed, at: { run, number: told + missed } });
  }
  for (const event of events) if (event.at.number > told) listener.tell(event);
}
