/** What a pipeline is known by where all of it is not wanted. */

import { createHash } from "node:crypto";
import type { Pipeline } from "./pipeline.js";
import { textOf } from "./same-data.js";

/** Tells a definition from every other one, on whatever node it is computed: 64 hex digits. */
export function pipelineDigest(pipeline: Pipeline): string {
  return createHash("sha256").update(textOf(pipeline)).digest("hex");
}
