/** Sources that operators ordered from any of several nodes, as they lie in the hub's state. */

import { z } from "../../runtime/parse.js";
import { CANDIDATES_MAX, HOST_CHOICES } from "../../task/hosting.js";
import { LIVE_POLICIES } from "../../task/requests.js";
import { nodeName } from "./forms.js";

const policy = z.object({ name: z.string(), parameters: z.record(z.string(), z.unknown()) });
const count = z.number().int().min(0);

export const hostedForm = z.object({
  candidates: z.union([z.array(nodeName).max(CANDIDATES_MAX), z.literal("any")]),
  choice: z.enum(HOST_CHOICES),
  request: z.object({
    id: z.string(),
    source: z.string(),
    pipeline: z.string(),
    pipelineName: z.string(),
    configuration: z.record(z.string(), z.unknown()),
    policy: policy.extend({ shadow: policy.exactOptional() }).nullable(),
    paced: z.boolean(),
    limit: z.number().nullable(),
    window: z.object({ tasks: z.number(), bytes: z.number() }).exactOptional(),
    livePolicy: z.enum(LIVE_POLICIES).exactOptional(),
    order: z.string().exactOptional(),
  }),
  host: nodeName.nullable(),
  lastHost: nodeName.nullable(),
  sealed: z.boolean(),
  fromPosition: count.nullable(),
  position: z
    .object({ frame: count, sourceUs: z.number(), ptsUs: z.number(), spacingUs: z.number().nullable() })
    .nullable(),
  lastTaskAtMs: z.number().nullable(),
  tasksBefore: count,
  reason: z.string(),
  history: z.array(z.object({ atMs: z.number(), node: nodeName, why: z.string() })),
});
