/**
 * Stores finished tasks and gaps, notifies their generators once they are durable, and serves them to queries and
 * subscribers.
 *
 * DI1 A generator is notified that a task is settled only after its record is durable, and again for every repeated
 *     delivery.
 * DI2 A task is stored once, as a result or as a gap: the first outcome stands, and what contradicts it is counted.
 * DI3 At most one batch is being written; meanwhile arrivals wait for the next one. A failed batch is tried again, with
 *     backoff, until it is stored: it stays first.
 * DI4 What waits is bounded. Beyond the bound a delivery is left unacknowledged and counted, so the windows of the
 *     sources hold them back.
 * DI5 The scheduler is notified of each settled task once.
 * DI6 A subscriber is pushed every record from its position on, once, in order, and never more than it asked for.
 * DI7 Retention deletes nothing that waits to be stored, and in bounded steps.
 * DI8 What the node that captured a task does not vouch for, or a node to which its source does not belong, is refused and
 *     counted before anything of it counts: it is neither stored nor settled, and nobody abandons a task for it. So it is
 *     with the end of an incarnation.
 * DI10 A source that another node is to capture is sealed: what its nodes before have made and not had stored until then is a gap,
 *     and each of their incarnations is closed. What they still deliver is settled as `superseded`, and nothing of it is stored.
 * DI11 What a synthetic source of this node has made is told to it as it comes, once it is vouched for: nothing of it is stored, counted
 *     as settled, told to the scheduler or pushed to a subscriber.
 * DI9 A restart loses neither what waits nor a subscriber nor a seal: a write or a seal that was under way is done again.
 *
 * `storedAtMs` is taken as the batch is handed to the store: of the write itself no record can know. `settledAtMs`,
 * which the scheduler learns by, is taken when the write is durable.
 */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Behaviour, Context } from "../../runtime/behaviour.js";
import { SluiceError } from "../../task/errors.js";
import { controllerAddress, type ControllerMessage } from "../protocol/controller.js";
import type { QueryReply, StatementReply } from "../protocol/distributor.js";
import type { GeneratorMessage } from "../protocol/generator.js";
import type { SyntheticMessage } from "../protocol/synthetic.js";
import type { ResultQuery } from "../../task/record.js";
import { isSynthetic } from "../../task/synthetic.js";
import {
  nodesWaitingFor,
  type Closing,
  type DropRecord,
  type Hop,
  type Outcome,
  type Task,
} from "../../task/task.js";
import { advanceSeals, endForFormer, onSealSource, onTailRead, resumeSeals } from "./seal-source.js";
import { isOwnSynthetic, standingOf, standingOfClosing } from "./check-voucher.js";
import { armRetention, onExpireEnded, onRetain, onRetentionDue } from "./expire-records.js";
import { pendingClosing, pendingDrop, pendingTask } from "./pending.js";
import {
  onDemand,
  onReadDue,
  onSliceRead,
  onSubscribe,
  onSubscriberGone,
  onUnsubscribe,
  resumeSubscribers,
} from "./serve-subscribers.js";
import {
  withDefaults,
  type DistributorOptions,
  type DistributorRetained,
  type Message,
  type MessageOf,
  type State,
  warn,
} from "./state.js";
import { onFlushDue, onSettled, onStored, onStoreFailed, resumeWriting } from "./write-batches.js";

const QUERIES_MAX = 16;
const SUPERSEDED: Outcome = { status: "dropped", reason: "superseded" };

/** The behaviour of a node's distributor. */
export function createDistributor(
  options: DistributorOptions,
  retained: DistributorRetained,
): Behaviour<State, Message> {
  const given = withDefaults(options);
  return {
    start(ctx) {
      const state: State = { given, retained, queries: 0, expiring: false };
      armRetention(state, ctx);
      resumeSubscribers(state, ctx);
      resumeWriting(state, ctx);
      return resumeSeals(state, ctx);
    },
    receive(state, message, ctx) {
      switch (message.type) {
        case "store":
          return onStore(state, message.task, ctx);
        case "recordDrop":
          return onRecordDrop(state, message.drop, ctx);
        case "recordClosing":
          return onRecordClosing(state, message.closing, ctx);
        case "sealSource":
          return onSealSource(state, message, ctx);
        case "tailRead":
          return onTailRead(state, message, ctx);
        case "subscribe":
          return onSubscribe(state, message, ctx);
        case "demand":
          return onDemand(state, message, ctx);
        case "unsubscribe":
          return onUnsubscribe(state, message.subscriber, ctx);
        case "query":
          return onQuery(state, message.query, message.replyTo, ctx);
        case "retain":
          return onRetain(state, message.retention, ctx);
        case "reportTotals":
          return onReportTotals(state, message);
        case "reportStatement":
          return onReportStatement(state, message.replyTo, ctx);
        case "flushDue":
          return onFlushDue(state, ctx);
        case "appendEnded":
          return message.result.ok
            ? advanceSeals(onStored(state, message.batch, message.result.reply, ctx), ctx)
            : onStoreFailed(state, message.batch, message.result.error, ctx);
        case "sliceRead":
          return onSliceRead(state, message, ctx);
        case "readDue":
          return onReadDue(state, message.subscription, ctx);
        case "subscriberGone":
          return onSubscriberGone(state, message.address, ctx);
        case "queryEnded":
          return onQueryEnded(state, message);
        case "statementRead":
          return onStatementRead(state, message);
        case "retentionDue":
          return onRetentionDue(state, ctx);
        case "expireEnded":
          return onExpireEnded(state, message.result, ctx);
        default:
          ctx.unhandled(message);
          return state;
      }
    },
  };
}

function onStore(state: State, task: Task, ctx: Context<Message>): State {
  if (isSynthetic(task.id.sourceId)) {
    if (isOwnSynthetic(state, task, ctx)) endSynthetic(task, { status: "stored" }, task.hops, ctx);
    return state;
  }
  const standing = standingOf(state, task, ctx);
  if (standing === "holder") return onSettled(state, pendingTask(task), ctx);
  if (standing === "former") endForFormer(state, task, SUPERSEDED, ctx);
  return state;
}

function onRecordDrop(state: State, drop: DropRecord, ctx: Context<Message>): State {
  if (isSynthetic(drop.id.sourceId)) {
    if (!isOwnSynthetic(state, drop, ctx)) return state;
    abandonElsewhere(drop, ctx);
    endSynthetic(drop, { status: "dropped", reason: drop.reason }, [], ctx);
    return state;
  }
  const standing = standingOf(state, drop, ctx);
  if (standing === "none") return state;
  if (standing === "holder" && drop.disowned === true) return deliverAgain(state, drop, ctx);
  abandonElsewhere(drop, ctx);
  if (standing === "holder") return onSettled(state, pendingDrop(drop), ctx);
  if (standing === "former") endForFormer(state, drop, SUPERSEDED, ctx);
  return state;
}

/**
 * Whoever still waits for a task that was dropped is told here, as only the cloud's word counts there: also the node that dropped it, as
 * that may have done so without believing what it says.
 */
function abandonElsewhere(drop: DropRecord, ctx: Context<Message>): void {
  const { id, delivery, pipelineId, pipelineVersion, pins } = drop;
  for (const node of nodesWaitingFor(drop)) {
    const controller = ctx.resolve<ControllerMessage>(controllerAddress(node));
    controller.tell({ type: "abandon", id, delivery, pipelineId, pipelineVersion, pins });
  }
}

/** A task that measures the cluster is at its end: whoever made it is told, and nobody else. */
function endSynthetic(
  { id, origin }: Pick<Task, "id" | "origin">,
  outcome: Outcome,
  hops: readonly Hop[],
  ctx: Context<Message>,
): void {
  const source = ctx.resolve<SyntheticMessage>(origin);
  source.tell({ type: "syntheticEnded", id, outcome, hops });
}

/** A node that had the source before and does not know yet that another one has it takes nothing of that one: nobody is to lose it. */
function deliverAgain(state: State, { id, origin, node }: DropRecord, ctx: Context<Message>): State {
  warn(state, "Tasks are delivered again as a node took them for another's", { node, origin }, ctx);
  ctx.resolve<GeneratorMessage>(origin).tell({ type: "undelivered", id }, "control");
  return state;
}

function onRecordClosing(state: State, closing: Closing, ctx: Context<Message>): State {
  const standing = standingOfClosing(state, closing, ctx);
  if (standing === "holder") return onSettled(state, pendingClosing(closing), ctx);
  // It was closed as the source was taken over.
  if (standing === "former") endForFormer(state, closing, { status: "stored" }, ctx);
  return state;
}

function onQuery(
  state: State,
  query: ResultQuery,
  replyTo: ActorRef<QueryReply>,
  ctx: Context<Message>,
): State {
  if (!admitQuery(state, replyTo)) return state;
  ctx.pipe(state.given.store.query(query), (result) => ({ type: "queryEnded", replyTo, result }));
  return state;
}

function onQueryEnded(state: State, { replyTo, result }: MessageOf<"queryEnded">): State {
  state.queries -= 1;
  if (result.ok) replyTo.tell({ type: "records", ...result.reply });
  else replyTo.tell({ type: "queryFailed", error: result.error });
  return state;
}

function onReportTotals(state: State, { replyTo }: MessageOf<"reportTotals">): State {
  const { duplicates, contradictions, refused, unvouched, superseded, pending } = state.retained;
  replyTo.tell({
    type: "totalsReported",
    sources: state.given.store.totals(),
    pending: pending.size,
    duplicates,
    contradictions,
    refused,
    repairs: state.given.store.repairs,
    unvouched,
    superseded,
  });
  return state;
}

/** It reads the store as a query does, and counts as one. */
function onReportStatement(state: State, replyTo: ActorRef<StatementReply>, ctx: Context<Message>): State {
  if (!admitQuery(state, replyTo)) return state;
  ctx.pipe(state.given.store.statement(), (result) => ({ type: "statementRead", replyTo, result }));
  return state;
}

function onStatementRead(state: State, { replyTo, result }: MessageOf<"statementRead">): State {
  state.queries -= 1;
  if (result.ok) replyTo.tell({ type: "statementReported", statement: result.reply });
  else replyTo.tell({ type: "queryFailed", error: result.error });
  return state;
}

/** Takes a place among the queries that run. @returns false where all are taken, and whoever asks was told so */
function admitQuery(
  state: State,
  replyTo: ActorRef<{ readonly type: "queryFailed"; readonly error: Error }>,
): boolean {
  if (state.queries >= QUERIES_MAX) {
    const error = new SluiceError(
      `Cannot query the store of "${state.given.node}" as ${QUERIES_MAX} queries are running: try again after one has ended`,
      { code: "distributor-busy", retry: "backoff" },
    );
    replyTo.tell({ type: "queryFailed", error });
    return false;
  }
  state.queries += 1;
  return true;
}
