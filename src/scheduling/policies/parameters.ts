/** How a policy's parameters are checked, outside data that is refused field by field, and those that several have. */

import { parseWith, z } from "../../runtime/parse.js";
import { SluiceError } from "../../task/errors.js";
import type { PolicyParameter } from "../../task/requests.js";

/** Of those that go by what became of their tasks. */
export const FEEDBACK_PARAMETERS = {
  /** Wanted from source to stored, in ms. Default: the objective of the pipeline, or 1,000. */
  latencyMs: z.number().positive().optional(),
  /** Time in ms that what was decided stands at least, for what waited before it to be gone. Default 5,000. */
  dwellMsMin: z.number().min(0).default(5_000),
  /** Until what failed is tried again, in ms; twice as long each time, and sooner where links were known not to carry it. Default 60,000. */
  retryMs: z.number().positive().default(60_000),
};

/** Outcomes that a step up takes, 3 to 128. */
export const windowTasksOf = (tasks: number) => z.int().min(3).max(128).default(tasks);

/** Of those that have a gate. @see gateOf */
export const gateParameters = (unknownBandwidth: "cloud" | "edge") => ({
  /** Where a source runs while the bandwidth to the cloud was never measured. */
  unknownBandwidth: z.enum(["cloud", "edge"]).default(unknownBandwidth),
  /** Share by which bandwidth, time or capacity must be better to move for it, 0 to 1. Default 0.2. */
  improvementMin: z.number().min(0).max(1).default(0.2),
  /** Time in ms that a placement stands at least, unless it has become impossible. Default 10,000. */
  dwellMsMin: z.number().min(0).default(10_000),
});

const wordForm = z.string().or(z.number()).or(z.boolean());
const propertyForm = z.object({
  type: z.string().optional(),
  enum: z.array(wordForm).optional(),
  default: z.unknown().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
});
const objectForm = z.object({ properties: z.record(z.string(), propertyForm).default({}) });

const read = new WeakMap<z.ZodType, readonly PolicyParameter[]>();

/** What a form asks for, to give what the schema takes. It is read once asked: most processes never do. */
export function parametersOf(schema: z.ZodType): readonly PolicyParameter[] {
  const known = read.get(schema) ?? readParameters(schema);
  read.set(schema, known);
  return known;
}

function readParameters(schema: z.ZodType): readonly PolicyParameter[] {
  const { properties } = objectForm.parse(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }));
  return Object.entries(properties).map(([name, property]) => ({
    name,
    kind: kindOf(property),
    fallback: property.default === undefined ? null : JSON.stringify(property.default),
    // What zod has for "any whole number" is nothing to show.
    min: bound(property.minimum),
    max: bound(property.maximum),
    choices: (property.enum ?? []).map(String),
  }));
}

function kindOf(property: z.output<typeof propertyForm>): PolicyParameter["kind"] {
  if (property.enum !== undefined) return "choice";
  const { type } = property;
  return type === "number" || type === "integer" || type === "boolean" ? type : "json";
}

function bound(value: number | undefined): number | null {
  return value === undefined || Math.abs(value) >= Number.MAX_SAFE_INTEGER ? null : value;
}

/** @throws SluiceError `policy-invalid`, naming the policy and each wrong parameter */
export function parseParameters<Schema extends z.ZodType>(
  policy: string,
  schema: Schema,
  parameters: unknown,
): z.output<Schema> {
  const parsed = parseWith(schema, parameters);
  if (parsed.ok) return parsed.value;
  throw new SluiceError(`Cannot use policy "${policy}" as its parameters are wrong: ${parsed.problem}`, {
    code: "policy-invalid",
    details: { policy },
  });
}
