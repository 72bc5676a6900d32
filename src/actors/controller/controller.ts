/**
 * The router of a node: looks at a task's stage cursor and the newest routing table, and gives the task to the local
 * processor of that stage, to another node's controller, or to the distributor.
 *
 * C1 An admitted task is in one place: in the inbox of a stage, at a join, parked for its pipeline, or handed on.
 * C2 Nothing ends here in silence: every drop goes to the distributor as a record with its reason.
 * C3 A table is swapped between two messages, only ever for a newer one; a task not yet with a processor follows the
 *    newest, and each hop carries the epoch that it was routed by.
 * C4 The branches of a task meet, and its stateful stages run, at the nodes fixed at its creation, whatever tables come in
 *    between.
 * C5 A task is given to a processor once, until a processor that has started again is given it again.
 * C6 Inboxes, joins and parked tasks are bounded; what does not fit is dropped as `overflow` (C2).
 * C7 A stage is loaded where a table deploys it, and given up where none does any more, once its tasks are done and a hold is over.
 *    The scheduler is told what is loaded with each answer to a table, and whenever that changes; and again what failed.
 * C8 A task that is none of its pipeline's goes no step on it: it is dropped (C2).
 * C9 A task for which the node of its source does not vouch, as far as this node can tell, meets no branch of another one, takes
 *    no room and ends nothing: it is dropped, and the distributor refuses it (C2).
 * C10 A stage whose service cannot be loaded here is excluded for a while: its tasks go to another place, or wait for the next
 *    table to name one, and are dropped only where that has none either.
 */

import type { Behaviour } from "../../runtime/behaviour.js";
import { stageKeyText } from "../../task/identity.js";
import { originNode } from "../../task/origin.js";
import type { Task } from "../../task/task.js";
import { abandon, dropForged, dropOverdueJoins, dropTask } from "./end-task.js";
import { noteFailure, noteSuccess } from "./failed-stages.js";
import { reportLoaded } from "./loaded-stages.js";
import { onModelChanged } from "./models-in-use.js";
import { closeInbox, retireIdle, settleAt } from "./local-stages.js";
import { dropOverdueParked } from "./park.js";
import { completeTask, submit } from "./route-task.js";
import { announce, taskCount, tasksOf } from "./stage-inbox.js";
import {
  DEFAULT_LIMITS,
  type ControllerOptions,
  type ControllerRetained,
  type Message,
  type MessageOf,
  type Router,
} from "./state.js";
import { attachGenerator, detachGenerator, installTable, retireUnused } from "./swap-table.js";

/** The behaviour of a node's router. */
export function createController(
  options: ControllerOptions,
  retained: ControllerRetained,
): Behaviour<Router, Message> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  return {
    start(ctx) {
      ctx.every("tick", limits.tickMs, { type: "tick" });
      return { ...options, retained, limits, ctx };
    },

    receive(router, message) {
      handle(router, message);
      reportLoaded(router);
      return router;
    },
  };
}

function handle(router: Router, message: Message): void {
  switch (message.type) {
    case "submit":
      onSubmit(router, message);
      return;
    case "stageCompleted":
      completeTask(router, message);
      return;
    case "stageDropped":
      dropTask(router, message);
      return;
    case "answerLost":
      settleAt(router, message.task, message);
      return;
    case "processorStarted":
      onProcessorStarted(router, message);
      return;
    case "processorLoaded":
      onProcessorLoaded(router, message);
      return;
    case "modelChanged":
      onModelChanged(router, message);
      return;
    case "processorFailed":
      onProcessorFailed(router, message);
      return;
    case "installTable":
      installTable(router, message);
      return;
    case "attachGenerator":
      attachGenerator(router, message);
      return;
    case "detachGenerator":
      detachGenerator(router, message.sourceId);
      return;
    case "abandon":
      abandon(router, message);
      return;
    case "reportQueues":
      onReportQueues(router, message);
      return;
    case "tick":
      dropOverdueJoins(router);
      dropOverdueParked(router);
      retireUnused(router);
      retireIdle(router);
      return;
    default:
      router.ctx.unhandled(message);
      return;
  }
}

/** A task that no stage and no other node has had comes from a generator, and generators submit to their own node alone. */
function onSubmit(router: Router, message: MessageOf<"submit">): void {
  const { task } = message;
  const forwarded = message.forwarded ?? null;
  const own = forwarded === null && task.cameFrom === null;
  router.retained.counts[own ? "admitted" : "received"] += 1;
  if (isVouched(router, task)) submit(router, task, forwarded, message.sentAtMs);
  else dropForged(router, task);
}

/** A task of a source of this node is this node's; of others it knows what it was told. */
function isVouched({ node, vouched, retained }: Router, task: Task): boolean {
  const from = originNode(task.id.sourceId, task.origin);
  if (from === null || (from !== node && retained.generators.has(task.id.sourceId))) return false;
  return vouched === undefined || vouched(from, task);
}

function onProcessorStarted(
  router: Router,
  { stage, processor, incarnation }: MessageOf<"processorStarted">,
): void {
  const inbox = router.retained.inboxes.get(stageKeyText(stage));
  if (inbox === undefined) router.processors.tell({ type: "retireProcessor", stage });
  else {
    router.retained.loadedChanged ||= inbox.loaded;
    announce(inbox, { ref: processor, incarnation });
  }
}

function onProcessorLoaded(router: Router, { stage, incarnation }: MessageOf<"processorLoaded">): void {
  const inbox = router.retained.inboxes.get(stageKeyText(stage));
  if (inbox?.processor?.incarnation !== incarnation) return;
  inbox.loaded = true;
  router.retained.counts.loaded += 1;
  noteSuccess(router, stage);
  router.retained.loadedChanged = true;
}

/** The stage has no place here for a while, and what waited for it goes elsewhere. */
function onProcessorFailed(router: Router, { stage, error }: MessageOf<"processorFailed">): void {
  noteFailure(router, stage, error);
  const inbox = router.retained.inboxes.get(stageKeyText(stage));
  if (inbox === undefined) return;
  const tasks = tasksOf(inbox);
  closeInbox(router, inbox);
  for (const task of tasks) submit(router, task, null);
}

function onReportQueues(router: Router, { replyTo }: MessageOf<"reportQueues">): void {
  const queued: Record<string, number> = {};
  for (const [text, inbox] of router.retained.inboxes) queued[text] = taskCount(inbox);
  replyTo.tell({
    type: "queuesReported",
    node: router.node,
    epoch: router.retained.table?.epoch ?? 0,
    sources: router.retained.table?.sources.size ?? 0,
    queued,
    joining: router.retained.joins.joining,
    parked: router.retained.parked.length,
    counts: { ...router.retained.counts },
  });
}
