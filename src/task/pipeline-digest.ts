/** What a pipeline is known by where all of it is not wanted. */

import { createHash } from "node:crypto";
import type { Pipeline } from "./pipeline.js";

/** Tells a definition from every other one, on whatever node it is computed: 64 hex digits. */
export function pipelineDigest(pipeline: Pipeline): string {
  return createHash("sha256").update(JSON.stringify(pipeline, sorted)).digest("hex");
}

/** In place of an object one whose keys are in order. */
function sorted(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
