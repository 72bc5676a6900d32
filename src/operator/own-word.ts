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
import type { NodeEvent } from "../actors/protocol/generator.js";
import type { OwnersReported, SchedulerMessage } from "../actors/protocol/scheduler.js";
import type { NodeName, SourceId } from "../task/identity.js";
import type { LedgerReported } from "../task/reports.js";

type Owners = OwnersReported["owners"];
type SourceEvent = Exclude<NodeEvent, { readonly type: "stageFailed" }>;

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

/** Ends of sources that are known to have been told: as many as an agent keeps. */
const ENDS_MAX = 256;
/** Events whose source is asked for at a time; what comes beyond is not told. */
const ASKING_MAX = 256;

interface OwnerKnown {
  readonly type: "ownerKnown";
  readonly event: SourceEvent;
  readonly result: AskResult<OwnersReported>;
}

type Ctx = Context<NodeEvent | OwnerKnown>;

interface State {
  /** Incarnations that the end of was told, the newest last: a node that is watched again tells them again. */
  readonly ended: Set<string>;
  asking: number;
}

/**
 * Hands on what the node tells of its own sources, in order.
 *
 * @param scheduler knows whose they are; null: whoever listens does, and is told at once
 */
export function createEventListener(
  node: NodeName,
  scheduler: ActorRef<SchedulerMessage> | null,
  listener: (event: NodeEvent) => void,
): Behaviour<State, NodeEvent | OwnerKnown> {
  function tell({ ended }: State, event: NodeEvent, { log }: Ctx): void {
    if (!isNews(ended, event)) return;
    try {
      listener(event);
    } catch (thrown) {
      // A fault of the program: what comes next is told all the same.
      log.error("The listener of events threw", { event: event.type, error: errorText(thrown) });
    }
  }

  function onSourceEvent(state: State, event: SourceEvent, ctx: Ctx): void {
    if (scheduler === null) {
      tell(state, event, ctx);
      return;
    }
    if (state.asking >= ASKING_MAX) {
      ctx.log.warn("An event of a node is not told, as it tells too many", { node, event: event.type });
      return;
    }
    state.asking += 1;
    ctx.ask<SchedulerMessage, OwnersReported>(
      scheduler,
      (replyTo) => ({ type: "reportOwners", sources: [event.sourceId], replyTo }),
      (result) => ({ type: "ownerKnown", event, result }),
    );
  }

  function onOwnerKnown(state: State, { event, result }: OwnerKnown, ctx: Ctx): void {
    state.asking -= 1;
    const known = result.ok ? readReply(OWNERS_REPORTED, result.reply) : null;
    if (known?.ok !== true) {
      const { type, sourceId } = event;
      const text = "An event of a node is not told, as it is not known whose source it is of";
      ctx.log.warn(text, { node, event: type, source: sourceId });
      return;
    }
    if (isOwn(known.reply.owners, event.sourceId, node)) tell(state, event, ctx);
  }

  return {
    start: () => ({ ended: new Set(), asking: 0 }),
    receive(state, message, ctx) {
      if (message.type === "ownerKnown") onOwnerKnown(state, message, ctx);
      else if (message.type !== "stageFailed") onSourceEvent(state, message, ctx);
      else if (message.node === node) tell(state, message, ctx);
      return state;
    },
  };
}

/** False of an end that was told before. */
function isNews(ended: Set<string>, event: NodeEvent): boolean {
  if (event.type !== "sourceEnded") return true;
  const incarnation = `${event.sourceId}/${event.ledger.incarnation}`;
  if (ended.has(incarnation)) return false;
  ended.add(incarnation);
  const [oldest] = ended;
  if (ended.size > ENDS_MAX && oldest !== undefined) ended.delete(oldest);
  return true;
}
