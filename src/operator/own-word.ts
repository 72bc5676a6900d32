/**
 * What a node says of sources, as far as they are its own: whose a source is, the hub knows, and no other node speaks for it. One that
 * was moved to another node is that one's from then on.
 */

import type { ActorRef } from "../runtime/actor-ref.js";
import type { AskResult, Behaviour, Context } from "../runtime/behaviour.js";
import { errorText } from "../runtime/errors.js";
import type { ActorSystem } from "../runtime/system.js";
import { askNode } from "../actors/guard/ask-node.js";
import { OWNERS_REPORTED, readReply } from "../actors/guard/replies.js";
import type { AgentMessage, EventPlace, WatcherMessage } from "../actors/protocol/agent.js";
import type { NodeEvent } from "../actors/protocol/generator.js";
import type { OwnersReported, SchedulerMessage } from "../actors/protocol/scheduler.js";
import type { NodeName, SourceId } from "../task/identity.js";
import type { LedgerReported } from "../task/reports.js";

type Owners = OwnersReported["owners"];
type Event = Exclude<WatcherMessage, { readonly type: "watching" }>;

/** @throws RuntimeError where the scheduler does not answer */
export async function ownLedgers(
  system: ActorSystem,
  scheduler: ActorRef<SchedulerMessage>,
  node: NodeName,
  ledgers: readonly LedgerReported[],
): Promise<readonly LedgerReported[]> {
  if (ledgers.length === 0) return ledgers;
  const sources = ledgers.map(({ sourceId }) => sourceId);
  const { owners } = await askNode(system, scheduler, OWNERS_REPORTED, (replyTo) => ({
    type: "reportOwners",
    sources,
    replyTo,
  }));
  return ledgers.filter(({ sourceId }) => isOwn(owners, sourceId, node));
}

/** Of a source that nobody ever had there is nothing to lie about. */
function isOwn(owners: Owners, source: SourceId, node: NodeName): boolean {
  return !Object.hasOwn(owners, source) || owners[source] === node;
}

/** Events whose source is asked for at a time; what comes beyond is asked for again. */
const ASKING_MAX = 256;

interface OwnerKnown {
  readonly type: "ownerKnown";
  readonly event: Event;
  readonly result: AskResult<OwnersReported>;
}

/** What a listener of events receives: from the node, of itself, and of the cluster. */
export type ListenerMessage =
  | WatcherMessage
  | OwnerKnown
  /** The node is a member, perhaps another time. */
  | { readonly type: "nodeUp" }
  | { readonly type: "watchAgain" };

type Ctx = Context<ListenerMessage>;

/** A node that does not say that it tells its events is asked again after this, in ms. */
const WATCH_AGAIN_MS = 1_000;

interface State {
  /** The last event that was told, or whose source is asked for. */
  taken: EventPlace | null;
  asking: number;
  /** Whether the agent of now tells this listener, and nothing before that is missing. */
  isWhole: boolean;
  /** Whether a timer will have the node asked. */
  asksAgain: boolean;
}

export interface EventListenerOptions {
  readonly node: NodeName;
  readonly agent: ActorRef<AgentMessage>;
  /** Whether the node is a member now. */
  readonly isMember: () => boolean;
  /** Knows whose sources are; null: whoever listens does, and is told at once. */
  readonly scheduler: ActorRef<SchedulerMessage> | null;
  readonly listener: (event: NodeEvent) => void;
}

/**
 * Hands on what the node tells of its own sources, each event once and in order: one that cannot be told, as it is not known whose
 * source it is of, and all behind it wait to be told again by the node.
 * It asks the node until all is heard: one is a member before it has an agent.
 */
export function createEventListener({
  node,
  agent,
  isMember,
  scheduler,
  listener,
}: EventListenerOptions): Behaviour<State, ListenerMessage> {
  /** The last event that was told, or what was there before the first; outlives a failure. */
  let told: EventPlace | null = null;

  function watch(state: State, ctx: Ctx): void {
    if (state.isWhole || !isMember()) return;
    agent.tell({ type: "watchEvents", listener: ctx.self, after: told });
    watchLater(state, ctx);
  }

  function watchLater(state: State, ctx: Ctx): void {
    if (state.asksAgain) return;
    state.asksAgain = true;
    ctx.after("watch", WATCH_AGAIN_MS, { type: "watchAgain" });
  }

  function tell({ at, ...event }: Event, { log }: Ctx, isTold: boolean): void {
    told = at;
    if (!isTold) return;
    try {
      listener(event);
    } catch (thrown) {
      // A fault of the program: what comes next is told all the same.
      log.error("The listener of events threw", { event: event.type, error: errorText(thrown) });
    }
  }

  /** Something is missing: the node is to tell it again, behind what was told. */
  function gap(state: State, ctx: Ctx): void {
    state.taken = told;
    state.isWhole = false;
    watchLater(state, ctx);
  }

  function onEvent(state: State, event: Event, ctx: Ctx): void {
    if (!isNext(state.taken, event)) {
      // It was told before, or something before it is missing.
      if (isBehind(state.taken, event)) gap(state, ctx);
      return;
    }
    if (state.asking >= ASKING_MAX) {
      gap(state, ctx);
      return;
    }
    state.taken = event.at;
    if (scheduler === null) tell(event, ctx, true);
    // One of the node itself waits for those of sources before it.
    else if (!("sourceId" in event) && state.asking === 0) tell(event, ctx, event.node === node);
    else ask(state, event, scheduler, ctx);
  }

  function ask(state: State, event: Event, of: ActorRef<SchedulerMessage>, ctx: Ctx): void {
    state.asking += 1;
    ctx.ask<SchedulerMessage, OwnersReported>(
      of,
      (replyTo) => ({ type: "reportOwners", sources: "sourceId" in event ? [event.sourceId] : [], replyTo }),
      (result) => ({ type: "ownerKnown", event, result }),
    );
  }

  function onOwnerKnown(state: State, { event, result }: OwnerKnown, ctx: Ctx): void {
    state.asking -= 1;
    // One before it could not be told: this one comes again behind it.
    if (!isNext(told, event)) return;
    const known = result.ok ? readReply(OWNERS_REPORTED, result.reply) : null;
    if (known?.ok !== true) gap(state, ctx);
    else if ("sourceId" in event) tell(event, ctx, isOwn(known.reply.owners, event.sourceId, node));
    else tell(event, ctx, event.node === node);
  }

  function onWatching(state: State, at: EventPlace): void {
    if (state.taken === null || (state.taken.run !== at.run && at.number === 0)) {
      state.taken = at;
      told = at;
    }
    state.isWhole = state.taken.run === at.run && state.taken.number >= at.number;
  }

  return {
    start(ctx) {
      const state: State = { taken: told, asking: 0, isWhole: false, asksAgain: false };
      // Again, after a failure; the first time it is told of the member.
      if (told !== null) watch(state, ctx);
      return state;
    },
    receive(state, message, ctx) {
      if (message.type === "ownerKnown") onOwnerKnown(state, message, ctx);
      else if (message.type === "watching") onWatching(state, message.at);
      else if (message.type === "nodeUp") {
        state.isWhole = false;
        watch(state, ctx);
      } else if (message.type === "watchAgain") {
        state.asksAgain = false;
        watch(state, ctx);
      } else onEvent(state, message, ctx);
      return state;
    },
  };
}

function isNext(last: EventPlace | null, { at, type }: Event): boolean {
  if (last === null) return false;
  const before = last.run === at.run ? last.number : 0;
  return at.number === before + 1 || (type === "eventsMissed" && at.number > before);
}

function isBehind(last: EventPlace | null, { at }: Event): boolean {
  return last !== null && (last.run !== at.run || at.number > last.number);
}
