/**
 * Who may tell what to whom across nodes, and of what form it must be: for the actors of a node as data, everything else by
 * rule.
 *
 * What is not allowed is denied. An edge hands tasks on and speaks to the cloud for itself; only the cloud publishes tables
 * and settles tasks; an operator asks and orders, and touches no task.
 */

import { z } from "../../runtime/parse.js";
import { QUERY_RECORDS_MAX, TEXT_LIMITS } from "../../task/limits.js";
import { isCount, isName } from "../../task/value-checks.js";
import type { TaskId } from "../../task/identity.js";
import type { AlarmsMessage } from "../protocol/alarms.js";
import type { AgentMessage } from "../protocol/agent.js";
import type { ControllerMessage } from "../protocol/controller.js";
import type { DistributorMessage } from "../protocol/distributor.js";
import { fields, nodeOf, wanted, type Fields } from "./checks.js";
import { DEMAND_MAX, count, eventPlace, name, ref, replied, table } from "./forms.js";
import { orderId, pipelineText, sourceRequest, takeover } from "./order-forms.js";
import { PROBED, probeOrder } from "./probe-forms.js";
import { pictureLook } from "./picture-forms.js";
import { MODELS } from "./model-rules.js";
import { MONITOR } from "./monitor-rules.js";
import { SCHEDULER } from "./scheduler-rules.js";
import { GUARDIAN } from "./guardian-rules.js";
import { nodeEventRules, pictureRules, SUBSCRIBER } from "./operator-rules.js";
import { form, type Known, type Rules } from "./rules.js";
import { readClosing, readDropRecord, readOutcome, readPins, readTask, readTaskId } from "./read-task.js";
import { isDelivery, isInstant } from "./read-contents.js";

const CLOUD = ["cloud"] as const;
const NODES = ["cloud", "edge"] as const;
const OPERATOR = ["operator"] as const;
const ORDERS = ["cloud", "operator"] as const;
/** Who may look, and thereby changes nothing. */
const LOOKS = ["operator", "viewer"] as const;

type Of<Message, Type> = Extract<Message, { readonly type: Type }>;

const CONTROLLER: Rules = {
  submit: {
    from: NODES,
    read: ({ type, task, forwarded, sentAtMs }): Known<Of<ControllerMessage, "submit">> => {
      wanted(forwarded === undefined || isCount(forwarded), "forwarded");
      wanted(sentAtMs === undefined || isInstant(sentAtMs), "when it was sent");
      return {
        type,
        task: readTask(task),
        ...(forwarded !== undefined && { forwarded }),
        ...(sentAtMs !== undefined && { sentAtMs }),
      };
    },
  },
  abandon: {
    from: CLOUD,
    read: ({ type, id, delivery, pipelineId, pipelineVersion, pins }) => {
      wanted(isDelivery(delivery), "the number of its delivery");
      wanted(isName(pipelineId) && isCount(pipelineVersion), "a pipeline");
      return {
        type,
        id: readTaskId(id),
        delivery,
        pipelineId,
        pipelineVersion,
        pins: readPins(pins),
      } satisfies Known<Of<ControllerMessage, "abandon">>;
    },
  },
  installTable: {
    from: CLOUD,
    read: form<Of<ControllerMessage, "installTable">, "table.pipelines.stages.variant">()(
      z.object({ table, replyTo: ref }),
    ),
  },
  reportQueues: { from: ORDERS, read: form<Of<ControllerMessage, "reportQueues">>()(replied) },
};

/** A subscriber is one of who speaks for it. */
const subscriberOf = ({ subscriber }: Fields): unknown => nodeOf(Object(subscriber).address);

const DISTRIBUTOR: Rules = {
  store: { from: NODES, read: ({ type, task }) => ({ type, task: readTask(task) }) },
  recordDrop: {
    from: NODES,
    read: ({ type, drop }) => ({ type, drop: readDropRecord(drop) }),
    about: ({ drop }) => fields(drop, "a drop")["node"],
  },
  recordClosing: {
    from: NODES,
    read: ({ type, closing }) => ({ type, closing: readClosing(closing) }),
    about: ({ closing }) => nodeOf(fields(closing, "the end of an incarnation")["origin"]),
  },
  subscribe: {
    from: OPERATOR,
    read: form<Of<DistributorMessage, "subscribe">>()(
      z.object({
        subscriber: ref,
        fromPosition: count,
        sourceId: name.optional(),
        demand: z.number().int().min(0).max(DEMAND_MAX),
      }),
    ),
    about: subscriberOf,
  },
  demand: {
    from: OPERATOR,
    read: form<Of<DistributorMessage, "demand">>()(
      z.object({ subscriber: ref, count: z.number().int().min(0).max(DEMAND_MAX) }),
    ),
    about: subscriberOf,
  },
  unsubscribe: {
    from: OPERATOR,
    read: form<Of<DistributorMessage, "unsubscribe">>()(z.object({ subscriber: ref })),
    about: subscriberOf,
  },
  query: {
    from: LOOKS,
    read: form<Of<DistributorMessage, "query">>()(
      z.object({
        query: z.object({
          sourceId: name.optional(),
          sinceMs: z.number().optional(),
          untilMs: z.number().optional(),
          newestFirst: z.boolean().optional(),
          beforePosition: count.optional(),
          afterPosition: count.optional(),
          fromPosition: count.optional(),
          limit: z.number().int().min(1).max(QUERY_RECORDS_MAX).optional(),
        }),
        replyTo: ref,
      }),
    ),
  },
  reportTotals: { from: LOOKS, read: form<Of<DistributorMessage, "reportTotals">>()(replied) },
  reportStatement: { from: LOOKS, read: form<Of<DistributorMessage, "reportStatement">>()(replied) },
};

const AGENT: Rules = {
  addSource: {
    from: ORDERS,
    read: form<Of<AgentMessage, "addSource">>()(z.object({ definition: sourceRequest, replyTo: ref })),
  },
  takeSource: {
    from: CLOUD,
    read: form<Of<AgentMessage, "takeSource">>()(
      z.object({
        definition: sourceRequest,
        appointment: count,
        takeover: takeover.nullable(),
        replyTo: ref,
      }),
    ),
  },
  movePipeline: {
    from: ORDERS,
    costly: true,
    read: form<Of<AgentMessage, "movePipeline">>()(
      z.object({ sourceId: name, pipeline: pipelineText, order: orderId.optional(), replyTo: ref }),
    ),
  },
  drainSource: {
    from: ORDERS,
    read: form<Of<AgentMessage, "drainSource">>()(
      z.object({ sourceId: name, order: orderId.optional(), replyTo: ref }),
    ),
  },
  freeName: {
    from: ORDERS,
    read: form<Of<AgentMessage, "freeName">>()(z.object({ name, order: orderId.optional(), replyTo: ref })),
  },
  watchPictures: {
    from: CLOUD,
    read: form<Of<AgentMessage, "watchPictures">>()(
      z.object({ sourceId: name, look: pictureLook, watcher: ref }),
    ),
    about: ({ watcher }) => nodeOf(Object(watcher).address),
    forAll: [],
  },
  openProbe: {
    from: OPERATOR,
    costly: true,
    read: form<Of<AgentMessage, "openProbe">>()(z.object({ probe: probeOrder, listener: ref, replyTo: ref })),
    about: ({ listener }) => nodeOf(Object(listener).address),
    forAll: [],
  },
  reportSources: { from: ["cloud", ...LOOKS], read: form<Of<AgentMessage, "reportSources">>()(replied) },
  reportPipeline: {
    from: ORDERS,
    read: form<Of<AgentMessage, "reportPipeline">>()(z.object({ sourceId: name, replyTo: ref })),
  },
  reportActors: { from: ["cloud", ...LOOKS], read: form<Of<AgentMessage, "reportActors">>()(replied) },
  // What was said to somebody may be more than a viewer is to know.
  reportDeadLetters: { from: ORDERS, read: form<Of<AgentMessage, "reportDeadLetters">>()(replied) },
  drain: {
    from: ORDERS,
    read: form<Of<AgentMessage, "drain">>()(z.object({ order: orderId.optional(), replyTo: ref })),
  },
  watchEvents: {
    from: ORDERS,
    read: form<Of<AgentMessage, "watchEvents">>()(z.object({ listener: ref, after: eventPlace.nullable() })),
    about: ({ listener }) => nodeOf(Object(listener).address),
    forAll: [],
  },
};

const ALARMS: Rules = {
  reportAlarms: { from: LOOKS, read: form<Of<AlarmsMessage, "reportAlarms">>()(replied) },
  acknowledgeAlarms: {
    from: OPERATOR,
    read: form<Of<AlarmsMessage, "acknowledgeAlarms">>()(
      z.object({ alarm: name, about: z.string().max(TEXT_LIMITS.name).optional(), replyTo: ref }),
    ),
  },
};

/** By the name of the actor. An actor of a node that is not here is a program's own. */
const RULES: Readonly<Record<string, Rules>> = {
  controller: CONTROLLER,
  scheduler: SCHEDULER,
  distributor: DISTRIBUTOR,
  monitor: MONITOR,
  agent: AGENT,
  guardian: GUARDIAN,
  alarms: ALARMS,
  models: MODELS,
  // Nobody outside may send these anything.
  processors: {},
  listener: {},
  "schedule-listener": {},
  "outcome-listener": {},
};

/** The actors of a node that others may know of, by name: besides these there are the generators of its sources. */
export const COMPONENTS: readonly string[] = Object.keys(RULES);

/** Of a generator: the distributor says what became of its tasks, and any node which ones did not get on. */
function generatorRules(sourceId: string): Rules {
  const ownId = (id: unknown): Known<TaskId> => {
    const known = readTaskId(id);
    wanted(known.sourceId === sourceId, "its own task");
    return known;
  };
  return {
    taskSettled: {
      from: CLOUD,
      read: ({ type, id, outcome }) => ({ type, id: ownId(id), outcome: readOutcome(outcome) }),
    },
    undelivered: { from: NODES, read: ({ type, id }) => ({ type, id: ownId(id) }) },
  };
}

/** What a path takes: messages by their rules, or whatever there is. */
export type Access = { readonly rules: Rules } | { readonly rules: null; readonly from: "anybody" | "nodes" };

const NOTHING: Access = { rules: {} };

/** @param of what kind the node is: an operator has no components, and no actors for others */
export function accessTo(path: string, of: "node" | "operator"): Access {
  const [, first = "", ...below] = path.split("/");
  // Only who was asked gets here, and whoever asked parses the answer.
  if (first === "$ask") return { rules: null, from: "anybody" };
  if (first.startsWith("follower$") || first.startsWith("observer$")) {
    return below.length === 0 ? { rules: SUBSCRIBER } : NOTHING;
  }
  if (first.startsWith("pictures-of-")) return below.length === 0 ? { rules: pictureRules(first) } : NOTHING;
  if (first.startsWith("probe-of-")) return below.length === 0 ? { rules: PROBED } : NOTHING;
  if (first.startsWith("events-of-")) return below.length === 0 ? { rules: nodeEventRules(first) } : NOTHING;
  if (of === "operator") return NOTHING;
  if (first.startsWith("source-")) {
    return below.length === 0 ? { rules: generatorRules(first.slice("source-".length)) } : NOTHING;
  }
  const rules = Object.hasOwn(RULES, first) ? RULES[first] : undefined;
  if (rules !== undefined && below.length === 0) return { rules };
  // Below the guardian is what other nodes have had spawned here.
  if (rules !== undefined && first !== "guardian") return NOTHING;
  return { rules: null, from: "nodes" };
}
