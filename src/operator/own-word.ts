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
import type { EventPlace, WatcherMessage } from "../actors/protocol/agent.js";
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

type Ctx = Context<WatcherMessage | OwnerKnown>;

/** How far a listener has come in what a node tells. */
export interface Heard {
  /** The last event that was told, or what was there before the first. */
  told: EventPlace | null;
  /** Whether the agent of now tells this listener, and nothing before that is missing. */
  isWhole: boolean;
  /** Called where something is missing: the node is to tell it again, from `told` on. */
  onGap: () => void;
}

export function createHeard(): Heard {
  return { told: null, isWhole: false, onGap: () => {} };
}

interface State {
  /** The last event that was told, or whose source is asked for. */
  taken: EventPlace | null;
  asking: number;
}

/**
 * Hands on what the node tells of its own sources, each event once and in order: one that cannot be told, as it is not known whose
 * source it is of, and all behind it wait to be told again by the node.
 *
 * @param scheduler knows whose they are; null: whoever listens does, and is told at once
 */
export function createEventListener(
  node: NodeName,
  scheduler: ActorRef<SchedulerMessage> | null,
  listener: (event: NodeEvent) => void,
  heard: Heard,
): Behaviour<State, WatcherMessage | OwnerKnown> {
  function tell({ at, ...event }: Event, { log }: Ctx, isTold: boolean): void {
    heard.told = at;
    if (!isTold) return;
    try {
      listener(event);
    } catch (thrown) {
      // A fault of the program: what comes next is told all the same.
      log.error("The listener of events threw", { event: event.type, error: errorText(thrown) });
    }
  }

  function gap(state: State): void {
    state.taken = heard.told;
    heard.isWhole = false;
    heard.onGap();
  }

  function onEvent(state: State, event: Event, ctx: Ctx): void {
    if (!isNext(state.taken, event)) {
      // It was told before, or something before it is missing.
      if (isBehind(state.taken, event)) gap(state);
      return;
    }
    if (state.asking >= ASKING_MAX) {
      gap(state);
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
    if (!isNext(heard.told, event)) return;
    const known = result.ok ? readReply(OWNERS_REPORTED, result.reply) : null;
    if (known?.ok !== true) gap(state);
    else if ("sourceId" in event) tell(event, ctx, isOwn(known.reply.owners, event.sourceId, node));
    else tell(event, ctx, event.node === node);
  }

  function onWatching(state: State, at: EventPlace): void {
    if (state.taken === null || (state.taken.run !== at.run && at.number === 0)) {
      state.taken = at;
      heard.told = at;
    }
    heard.isWhole = state.taken.run === at.run && state.taken.number >= at.number;
  }

  return {
    start: () => ({ taken: heard.told, asking: 0 }),
    receive(state, message, ctx) {
      if (message.type === "ownerKnown") onOwnerKnown(state, message, ctx);
      else if (message.type === "watching") onWatching(state, message.at);
      else onEvent(state, message, ctx);
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
