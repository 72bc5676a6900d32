/** Reads what a service receives: the parameters of its stage, and the results of the stages before it. */

import { parseWith, type z } from "../runtime/parse.js";
import { SluiceError } from "../task/errors.js";
import type { DataType, Detection } from "../task/service.js";
import type { ServiceInput } from "./service.js";

/** @throws SluiceError `pipeline-invalid` that names each wrong parameter */
export function parseParameters<Schema extends z.ZodType>(
  service: string,
  schema: Schema,
  parameters: Readonly<Record<string, unknown>>,
): z.output<Schema> {
  const parsed = parseWith(schema, parameters);
  if (parsed.ok) return parsed.value;
  throw new SluiceError(`Cannot load service "${service}" as its parameters are wrong: ${parsed.problem}`, {
    code: "pipeline-invalid",
  });
}

/** The detections of all direct predecessors whose results are of `type`, a list for each frame. */
export function detectionsOf(input: ServiceInput, type: DataType): Detection[][] {
  const results = [...input.previous.values()].filter((result) => result.type === type);
  return Array.from({ length: input.frameCount }, (_, frame) =>
    results.flatMap((result) => result.frames[frame] ?? []),
  );
}
