/**
 * The agent of a node: does what an operator asks of the node, and reports what happens on it.
 *
 * AG1 A request is answered once, when it is done or has failed; one that cannot be read is refused with the reason.
 *     One that is given again by the same order, as its answer may be lost, is not done again: it is answered as it was or will be.
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
  PipelineReply,
  PipelineReported,
  WatcherMessage,
} from "../../actors/protocol/agent.js";
import type { PictureMessage } from "../../actors/protocol/pictures.js";
import type { PictureLook } from "../../task/picture.js";
import type { NodeEvent } from "../../actors/protocol/generator.js";
import type { LedgerReported } from "../../task/reports.js";
import type { PipelineText, SourceRequest } from "../../task/requests.js";
import type { NodeName, SourceId } from "../../task/identity.js";
import type { OpenProbe } from "../open-probe.js";

export type TakeSource = Extract<AgentMessage, { readonly type: "takeSource" }>;

export interface AgentPorts {
  readonly addSource: (request: SourceRequest) => Promise<void>;
  readonly takeSource: (order: Pick<TakeSource, "definition" | "appointment" | "takeover">) => Promise<void>;
  readonly movePipeline: (id: SourceId, pipeline: PipelineText) => Promise<void>;
  readonly drainSource: (id: SourceId) => Promise<void>;
  /** Of a hub: the name of a node is for whoever joins with it next. */
  readonly freeName: (name: NodeName) => Promise<void>;
  readonly watchPictures: (id: SourceId, look: PictureLook, watcher: ActorRef<PictureMessage>) => void;
  readonly openProbe: OpenProbe;
  readonly ledgers: () => Promise<readonly LedgerReported[]>;
  /** Of a source that an operator started here, and what its stages may be made of. */
  readonly pipelineOf: (id: SourceId) => Promise<Pick<PipelineReported, "text" | "pipeline" | "services">>;
  readonly actors: () => Omit<ActorsReported, "type" | "node">;
  /** Newest first. */
  readonly deadLetters: () => readonly KeptLetter[];
  /** Drains every source of the node and has it leave. */
  readonly drain: () => Promise<void>;
}

type Private =
  | { readonly type: "done"; readonly given: Given; readonly result: AskResult<void> }
  | {
      readonly type: "ledgersGathered";
      readonly replyTo: Extract<AgentMessage, { readonly type: "reportSources" }>["replyTo"];
      readonly result: AskResult<readonly LedgerReported[]>;
    }
  | {
      readonly type: "pipelineRead";
      readonly replyTo: ActorRef<PipelineReply>;
      readonly result: AskResult<Awaited<ReturnType<AgentPorts["pipelineOf"]>>>;
    }
  | { readonly type: "watcherGone"; readonly address: string }
  | { readonly type: "nodeEvent"; readonly event: NodeEvent };
export type Message = AgentMessage | Private;

/** Something that was ordered. */
interface Given {
  /** Who waits for its answer: whoever gave it last. */
  replyTo: ActorRef<AgentReply>;
  /** Null until it is done or has failed. */
  reply: AgentReply | null;
}

interface State {
  /** By order, the newest last. */
  readonly given: Map<string, Given>;
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
/** Orders whose answers are kept for whoever gives them again. */
const GIVEN_MAX = 256;
/** Events that are kept for whoever was cut off. */
const EVENTS_MAX = 256;

export function createAgent(node: NodeName, ports: AgentPorts): Behaviour<State, Message> {
  return {
    start: (ctx) => ({
      given: new Map(),
      run: Math.floor(ctx.now()),
      events: [],
      count: 0,
      watchers: new Map(),
    }),
    receive(state, message, ctx) {
      handle(state, message, ctx);
      return state;
    },
  };

  function handle(state: State, message: Message, ctx: Context<Message>): void {
    switch (message.type) {
      case "addSource": {
        const { definition, replyTo } = message;
        const { order } = definition;
        answer(state, { order, replyTo }, () => ports.addSource(definition), ctx);
        return;
      }
      case "takeSource":
        answer(state, message, () => ports.takeSource(message), ctx);
        return;
      case "movePipeline":
        answer(state, message, () => ports.movePipeline(message.sourceId, message.pipeline), ctx);
        return;
      case "drainSource":
        answer(state, message, () => ports.drainSource(message.sourceId), ctx);
        return;
      case "freeName":
        answer(state, message, () => ports.freeName(message.name), ctx);
        return;
      case "drain":
        answer(state, message, () => ports.drain(), ctx);
        return;
      case "watchPictures":
        ports.watchPictures(message.sourceId, message.look, message.watcher);
        return;
      case "openProbe":
        answer(state, message, () => ports.openProbe(message.probe, message.listener), ctx);
        return;
      case "reportSources": {
        const { replyTo } = message;
        ctx.pipe(ports.ledgers(), (result) => ({ type: "ledgersGathered", replyTo, result }));
        return;
      }
      case "reportPipeline": {
        const { replyTo } = message;
        ctx.pipe(ports.pipelineOf(message.sourceId), (result) => ({ type: "pipelineRead", replyTo, result }));
        return;
      }
      case "pipelineRead":
        message.replyTo.tell(
          message.result.ok
            ? { type: "pipelineReported", node, ...message.result.reply }
            : { type: "pipelineRefused", node, error: message.result.error },
        );
        return;
      case "reportActors":
        message.replyTo.tell({ type: "actorsReported", node, ...ports.actors() });
        return;
      case "reportDeadLetters":
        message.replyTo.tell({ type: "deadLettersReported", node, letters: ports.deadLetters() });
        return;
      case "watchEvents":
        onWatchEvents(state, node, message, ctx);
        return;
      case "done": {
        const { given, result } = message;
        given.reply = result.ok ? { type: "done" } : { type: "refused", error: result.error };
        given.replyTo.tell(given.reply);
        return;
      }
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

  function answer(
    { given }: State,
    { order, replyTo }: Asked,
    work: () => Promise<void>,
    ctx: Context<Message>,
  ): void {
    const before = order === undefined ? undefined : given.get(order);
    if (before !== undefined) {
      before.replyTo = replyTo;
      if (before.reply !== null) replyTo.tell(before.reply);
      return;
    }
    const now: Given = { replyTo, reply: null };
    if (order !== undefined) keep(given, order, now);
    ctx.pipe(work(), (result) => ({ type: "done", given: now, result }));
  }
}

/** What is asked, as far as its answer is concerned. */
interface Asked {
  readonly order?: string | undefined;
  readonly replyTo: ActorRef<AgentReply>;
}

/** The oldest are forgotten: what was ordered is answered all the same. */
function keep(given: State["given"], order: string, now: Given): void {
  given.set(order, now);
  if (given.size <= GIVEN_MAX) return;
  const [oldest] = given.keys();
  if (oldest !== undefined) given.delete(oldest);
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
