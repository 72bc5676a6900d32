/**
 * Who may tell what to whom across nodes, and of what form it must be: for the actors of a node as data, everything else by
 * rule.
 *
 * What is not allowed is denied. An edge hands tasks on and speaks to the cloud for itself; only the cloud publishes tables
 * and settles tasks; an operator asks and orders, and touches no task.
 */

import { z } from "../../runtime/parse.js";
import { QUERY_RECORDS_MAX } from "../../task/limits.js";
import { isCount, isName } from "../../task/value-checks.js";
import { fields, nodeOf, wanted, type Fields } from "./checks.js";
import {
  bounded,
  configuration,
  count,
  DEMAND_MAX,
  name,
  nodeDescription,
  objective,
  pipeline,
  policy,
  ref,
  sample,
  stageFailure,
  sourceRequest,
  space,
  table,
} from "./forms.js";
import { MONITOR } from "./monitor-rules.js";
import { GUARDIAN } from "./guardian-rules.js";
import { nodeEventRules, SUBSCRIBER } from "./operator-rules.js";
import { form, type Rule, type Rules } from "./rules.js";
import {
  checkClosing,
  checkDropRecord,
  checkOutcome,
  checkPins,
  checkTask,
  checkTaskId,
  isDelivery,
  isInstant,
} from "./task-check.js";

const CLOUD = ["cloud"] as const;
const NODES = ["cloud", "edge"] as const;
const OPERATOR = ["operator"] as const;
const ORDERS = ["cloud", "operator"] as const;

const reply = form(z.object({ replyTo: ref }));

const CONTROLLER: Rules = {
  submit: {
    from: NODES,
    check: ({ task, forwarded, sentAtMs }) => {
      wanted(forwarded === undefined || isCount(forwarded), "forwarded");
      wanted(sentAtMs === undefined || isInstant(sentAtMs), "when it was sent");
      checkTask(task);
    },
  },
  abandon: {
    from: CLOUD,
    check: ({ id, delivery, pipelineId, pipelineVersion, pins }) => {
      checkTaskId(id);
      wanted(isDelivery(delivery), "the number of its delivery");
      wanted(isName(pipelineId) && isCount(pipelineVersion), "a pipeline");
      checkPins(pins);
    },
  },
  installTable: { from: CLOUD, check: form(z.object({ table, replyTo: ref })) },
  reportQueues: { from: ORDERS, check: reply },
};

const SCHEDULER: Rules = {
  registerNode: {
    from: NODES,
    costly: true,
    check: form(
      z.object({
        node: nodeDescription,
        controller: ref,
      }),
    ),
    about: ({ node, controller }, from) => {
      const { name: registered, role } = fields(node, "a node");
      // A role is declared once, at the handshake.
      wanted(role !== "cloud" || from.roles.includes("cloud"), "the role that it joined with");
      // Its name and its controller are of one node, or it speaks for nobody.
      return nodeOf(Object(controller).address) === registered ? registered : null;
    },
  },
  removeNode: {
    from: NODES,
    costly: true,
    check: form(z.object({ node: name })),
    about: ({ node }) => node,
  },
  registerSource: {
    from: NODES,
    costly: true,
    check: form(
      z.object({
        source: z.object({
          id: name,
          node: name,
          pipeline,
          configuration,
          policy,
          space: space.optional(),
          slo: objective.optional(),
        }),
        isNew: z.boolean().optional(),
        replyTo: ref.optional(),
      }),
    ),
    about: ({ source }) => fields(source, "a source")["node"],
  },
  removeSource: {
    from: ["cloud", "edge", "operator"],
    costly: true,
    check: form(
      z.object({
        sourceId: name,
        node: name.optional(),
        suspended: z.boolean().optional(),
        replyTo: ref.optional(),
      }),
    ),
    // Without a node it removes a source of that name wherever it is.
    about: ({ node }) => node ?? "any node",
    forAll: ORDERS,
  },
  freeVersion: {
    from: ORDERS,
    costly: true,
    check: form(z.object({ pipelineId: name, version: count, replyTo: ref })),
  },
  setPolicy: { from: ORDERS, check: form(z.object({ sourceId: name, policy, replyTo: ref.optional() })) },
  stageUnavailable: {
    from: NODES,
    costly: true,
    check: form(z.object({ node: name, failure: stageFailure })),
    about: ({ node }) => node,
  },
  resourcesSampled: {
    from: NODES,
    check: form(z.object({ sample })),
    about: (message) => fields(message["sample"], "a sample")["node"],
  },
  tableInstalled: {
    from: NODES,
    check: form(z.object({ node: name, epoch: bounded })),
    about: ({ node }) => node,
  },
  tableRefused: {
    from: NODES,
    check: form(z.object({ node: name, epoch: bounded, heldEpoch: bounded, heldTerm: bounded })),
    about: ({ node }) => node,
  },
  reportTable: { from: ORDERS, check: reply },
  reportChanges: {
    from: ORDERS,
    check: form(z.object({ sourceId: name, sinceMs: z.number(), replyTo: ref })),
  },
  reportNodes: { from: ORDERS, check: reply },
  reportPolicies: { from: ORDERS, check: reply },
};

/** A subscriber is one of who speaks for it. */
const subscriberOf = ({ subscriber }: Fields): unknown => nodeOf(Object(subscriber).address);

const DISTRIBUTOR: Rules = {
  store: { from: NODES, check: ({ task }) => checkTask(task) },
  recordDrop: {
    from: NODES,
    check: ({ drop }) => checkDropRecord(drop),
    about: ({ drop }) => fields(drop, "a drop")["node"],
  },
  recordClosing: {
    from: NODES,
    check: ({ closing }) => checkClosing(closing),
    about: ({ closing }) => nodeOf(fields(closing, "the end of an incarnation")["origin"]),
  },
  subscribe: {
    from: OPERATOR,
    check: form(
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
    check: form(z.object({ subscriber: ref, count: z.number().int().min(0).max(DEMAND_MAX) })),
    about: subscriberOf,
  },
  unsubscribe: { from: OPERATOR, check: form(z.object({ subscriber: ref })), about: subscriberOf },
  query: {
    from: OPERATOR,
    check: form(
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
  reportTotals: { from: OPERATOR, check: reply },
  reportStatement: { from: OPERATOR, check: reply },
};

const AGENT: Rules = {
  addSource: { from: ORDERS, check: form(z.object({ definition: sourceRequest, replyTo: ref })) },
  drainSource: { from: ORDERS, check: form(z.object({ sourceId: name, replyTo: ref })) },
  freeName: { from: ORDERS, check: form(z.object({ name, replyTo: ref })) },
  reportSources: { from: ORDERS, check: reply },
  drain: { from: ORDERS, check: reply },
  watchEvents: {
    from: ORDERS,
    check: form(z.object({ listener: ref })),
    about: ({ listener }) => nodeOf(Object(listener).address),
    forAll: [],
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
  // Nobody outside may send these anything.
  processors: {},
  listener: {},
  "schedule-listener": {},
  "outcome-listener": {},
};

/** Of a generator: the distributor says what became of its tasks, and any node which ones did not get on. */
function generatorRules(sourceId: string): Rules {
  const ofTheSource = ({ id }: Fields): void => wanted(checkTaskId(id).sourceId === sourceId, "its own task");
  const settled: Rule = {
    from: CLOUD,
    check: (message) => {
      ofTheSource(message);
      checkOutcome(message["outcome"]);
    },
  };
  return { taskSettled: settled, undelivered: { from: NODES, check: ofTheSource } };
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
