/** What the scheduler takes from other nodes: of nodes what is of themselves, and of operators what they order and ask. */

import { z } from "../../runtime/parse.js";
import { PIPELINE_LIMITS } from "../../task/limits.js";
import { MODEL_LIMITS } from "../../task/offers.js";
import type { SchedulerMessage } from "../protocol/scheduler.js";
import { fields, nodeOf, wanted } from "./checks.js";
import {
  bounded,
  configuration,
  count,
  knobs,
  modelInUse,
  LEDGERS_MAX,
  name,
  native,
  nodeDescription,
  objective,
  pauseReason,
  pipeline,
  policy,
  QUEUES_MAX,
  ref,
  replied,
  sample,
  space,
  stageFailure,
  stageKey,
} from "./forms.js";
import { hosting, sourceRequest } from "./order-forms.js";
import { form, type Rules } from "./rules.js";

type Of<Type> = Extract<SchedulerMessage, { readonly type: Type }>;

/** What no node says of a source: an operator has said it. */
type OfOperators = "source.ordered" | "source.pause" | `source.ordered.${string}` | `source.pause.${string}`;

const NODES = ["cloud", "edge"] as const;
const ORDERS = ["cloud", "operator"] as const;
/** Who may look, and thereby changes nothing. */
const LOOKS = [...ORDERS, "viewer"] as const;

export const SCHEDULER: Rules = {
  registerNode: {
    from: NODES,
    costly: true,
    read: form<Of<"registerNode">>()(
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
    // That a process is gone, its own hub alone says.
    read: form<Of<"removeNode">, "gone">()(z.object({ node: name })),
    about: ({ node }) => node,
  },
  registerSource: {
    from: NODES,
    costly: true,
    read: form<Of<"registerSource">, "source.pipeline.stages.variant" | OfOperators>()(
      z.object({
        source: z.object({
          id: name,
          node: name,
          pipeline,
          configuration,
          policy,
          space: space.optional(),
          slo: objective.optional(),
          standby: z.number().int().min(0).max(PIPELINE_LIMITS.standbyMax).optional(),
          native: native.optional(),
          shadow: policy.optional(),
          framesMin: count.optional(),
        }),
        isNew: z.boolean().optional(),
        runs: z.literal(true).optional(),
        appointment: count.optional(),
        replyTo: ref.optional(),
      }),
    ),
    about: ({ source }) => fields(source, "a source")["node"],
  },
  sourceOpened: {
    from: NODES,
    read: form<Of<"sourceOpened">>()(z.object({ sourceId: name, node: name, native })),
    about: ({ node }) => node,
  },
  removeSource: {
    from: ["cloud", "edge", "operator"],
    costly: true,
    read: form<Of<"removeSource">>()(
      z.object({
        sourceId: name,
        node: name.optional(),
        suspended: z.boolean().optional(),
        failed: z.boolean().optional(),
        replyTo: ref.optional(),
      }),
    ),
    // Without a node it removes a source of that name wherever it is.
    about: ({ node }) => node ?? "any node",
    forAll: ORDERS,
  },
  hostSource: {
    from: ORDERS,
    costly: true,
    read: form<Of<"hostSource">>()(z.object({ definition: sourceRequest, hosting, replyTo: ref })),
  },
  endHosting: {
    from: ORDERS,
    read: form<Of<"endHosting">>()(z.object({ sourceId: name, replyTo: ref })),
  },
  freeVersion: {
    from: ORDERS,
    costly: true,
    read: form<Of<"freeVersion">>()(z.object({ pipelineId: name, version: count, replyTo: ref })),
  },
  setPolicy: {
    from: ORDERS,
    read: form<Of<"setPolicy">>()(z.object({ sourceId: name, policy, replyTo: ref.optional() })),
  },
  pauseSource: {
    from: ORDERS,
    read: form<Of<"pauseSource">>()(
      z.object({ sourceId: name, reason: pauseReason, replyTo: ref.optional() }),
    ),
  },
  continueSource: {
    from: ORDERS,
    read: form<Of<"continueSource">>()(z.object({ sourceId: name, replyTo: ref.optional() })),
  },
  configureSource: {
    from: ORDERS,
    read: form<Of<"configureSource">>()(
      z.object({ sourceId: name, knobs: knobs.nullable(), replyTo: ref.optional() }),
    ),
  },
  stageUnavailable: {
    from: NODES,
    costly: true,
    read: form<Of<"stageUnavailable">>()(z.object({ node: name, failure: stageFailure })),
    about: ({ node }) => node,
  },
  stagesLoaded: {
    from: NODES,
    read: form<Of<"stagesLoaded">>()(
      z.object({
        node: name,
        stages: z.array(stageKey).max(QUEUES_MAX),
        models: z.array(modelInUse).max(MODEL_LIMITS.inUseMax).optional(),
      }),
    ),
    about: ({ node }) => node,
  },
  resourcesSampled: {
    from: NODES,
    read: form<Of<"resourcesSampled">>()(z.object({ sample })),
    about: (message) => fields(message["sample"], "a sample")["node"],
  },
  tableInstalled: {
    from: NODES,
    read: form<Of<"tableInstalled">>()(z.object({ node: name, epoch: bounded })),
    about: ({ node }) => node,
  },
  tableRefused: {
    from: NODES,
    read: form<Of<"tableRefused">>()(
      z.object({ node: name, epoch: bounded, heldEpoch: bounded, heldTerm: bounded }),
    ),
    about: ({ node }) => node,
  },
  reportTable: { from: LOOKS, read: form<Of<"reportTable">>()(replied) },
  reportChanges: {
    from: LOOKS,
    read: form<Of<"reportChanges">>()(z.object({ sourceId: name, sinceMs: z.number(), replyTo: ref })),
  },
  reportNodes: { from: LOOKS, read: form<Of<"reportNodes">>()(replied) },
  reportSources: { from: LOOKS, read: form<Of<"reportSources">>()(replied) },
  reportOwners: {
    from: LOOKS,
    read: form<Of<"reportOwners">>()(z.object({ sources: z.array(name).max(LEDGERS_MAX), replyTo: ref })),
  },
  reloadPolicies: { from: ORDERS, costly: true, read: form<Of<"reloadPolicies">>()(replied) },
  reportPolicies: { from: LOOKS, read: form<Of<"reportPolicies">>()(replied) },
};
