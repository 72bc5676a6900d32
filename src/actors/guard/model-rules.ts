/** Who may ask a hub for models, and of what form question and answer must be. */

import { z } from "../../runtime/parse.js";
import { TEXT_LIMITS } from "../../task/limits.js";
import { MODEL_LIMITS } from "../../task/offers.js";
import type { ModelPartReply, ModelReply, ModelsMessage } from "../protocol/models.js";
import { nodeOf, type Fields } from "./checks.js";
import { count, ref, sha256 } from "./forms.js";
import { refused, replyForm } from "./replies.js";
import { form, type Rules } from "./rules.js";

/** Of the description of a model, in characters. */
const DESCRIPTION_LENGTH_MAX = 262_144;

const NODES = ["cloud", "edge"] as const;

/** Whoever asks is answered itself: what a node may have on the way is counted by its name. */
const askerOf = ({ replyTo }: Fields): unknown => nodeOf(Object(replyTo).address);
const modelFile = z.string().max(TEXT_LIMITS.modelFile);

export const MODELS: Rules = {
  findModel: {
    from: NODES,
    costly: true,
    read: form<Extract<ModelsMessage, { readonly type: "findModel" }>>()(
      z.object({ file: modelFile, replyTo: ref }),
    ),
    about: askerOf,
    forAll: [],
  },
  readModel: {
    from: NODES,
    read: form<Extract<ModelsMessage, { readonly type: "readModel" }>>()(
      z.object({ file: modelFile, sha256, offset: count, replyTo: ref }),
    ),
    about: askerOf,
    forAll: [],
  },
};

export const MODEL_REPLY = replyForm<ModelReply>()(
  z.union([
    z.object({
      type: z.literal("modelFound"),
      bytes: count.max(MODEL_LIMITS.bytesMax),
      sha256,
      description: z.string().max(DESCRIPTION_LENGTH_MAX).nullable(),
    }),
    refused("modelRefused"),
  ]),
);
export const MODEL_PART_REPLY = replyForm<ModelPartReply>()(
  z.union([
    z.object({
      type: z.literal("modelPart"),
      data: z.custom<Uint8Array>(
        (value) => value instanceof Uint8Array && value.byteLength <= MODEL_LIMITS.partBytes,
        { message: `wanted at most ${MODEL_LIMITS.partBytes} bytes` },
      ),
    }),
    refused("modelRefused"),
  ]),
);
