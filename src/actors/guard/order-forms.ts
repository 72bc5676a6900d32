/** What an order of an operator is made of, as schemas. */

import { z } from "../../runtime/parse.js";
import { CANDIDATES_MAX, HOST_CHOICES } from "../../task/hosting.js";
import { PIPELINE_FILE_LIMITS, TEXT_LIMITS, WINDOW_LIMITS } from "../../task/limits.js";
import { LIVE_POLICIES } from "../../task/requests.js";
import { bounded, count, instantMs, name, plain, policy, text } from "./forms.js";

export const pipelineText = z.object({
  text: z.string().max(PIPELINE_FILE_LIMITS.bytesMax),
  name: text,
});

/** By which an order is known that is given again. */
export const orderId = z.string().min(1).max(64);

export const sourceRequest = z.object({
  id: z.string().max(TEXT_LIMITS.unparsedName),
  source: text,
  pipeline: z.string().max(PIPELINE_FILE_LIMITS.bytesMax),
  pipelineName: text,
  configuration: plain,
  policy: policy.nullable(),
  paced: z.boolean(),
  limit: z.number().int().min(1).nullable(),
  window: z
    .object({
      tasks: z.number().int().min(1).max(WINDOW_LIMITS.tasksMax),
      bytes: z.number().int().min(1).max(WINDOW_LIMITS.bytesMax),
    })
    .optional(),
  livePolicy: z.enum(LIVE_POLICIES).optional(),
  order: orderId.optional(),
});

/** Which nodes may capture a source, and how one is chosen. */
export const hosting = z.object({
  candidates: z.union([z.array(name).min(1).max(CANDIDATES_MAX), z.literal("any")]),
  choice: z.enum(HOST_CHOICES),
});

export const takeover = z.object({
  incarnationAfter: bounded,
  position: z
    .object({ frame: count, sourceUs: z.number(), ptsUs: z.number(), spacingUs: z.number().nullable() })
    .nullable(),
  lastTaskAtMs: instantMs.nullable(),
  tasksBefore: bounded,
  reason: text,
});
