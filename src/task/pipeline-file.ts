/**
 * A pipeline file, which is outside data until everything in it has been checked. Every error is one line,
 * `file:line: problem`.
 */

import { CodedError } from "../runtime/errors.js";
import { parseWith, z } from "../runtime/parse.js";
import { SluiceError } from "./errors.js";
import type { PolicySpec } from "./requests.js";
import {
  parseObjective,
  parseSpace,
  type ConfigurationSpace,
  type Objective,
} from "./configuration-space.js";
import { parseConfiguration, type Configuration } from "./configuration.js";
import { definePipeline } from "./define-pipeline.js";
import { PIPELINE_FILE_LIMITS, PIPELINE_LIMITS } from "./limits.js";
import { QUEUE_POLICIES, type Pipeline } from "./pipeline.js";
import type { ServiceDeclaration } from "./service.js";
import { variantProblem } from "./variants.js";
import { parseYaml } from "./yaml.js";

/** What a pipeline file says. */
export interface PipelineFile {
  readonly pipeline: Pipeline;
  /** What the file asks for, over the default. */
  readonly configuration: Configuration;
  /** Null where the file names none. */
  readonly policy: PolicySpec | null;
  /** What a policy may choose from; absent where the file says nothing of it. */
  readonly space?: ConfigurationSpace;
  /** What is wanted; absent where the file says nothing of it. */
  readonly slo?: Objective;
  /** Nodes that are to have its stages loaded besides those that run them; absent where the file says nothing of it. */
  readonly standby?: number;
}

const Parameters = z.record(z.string(), z.unknown(), "wanted parameters by name");

const StageForm = z.strictObject({
  service: z.string("wanted the name of a service"),
  after: z.preprocess(
    (value) => (typeof value === "string" ? [value] : value),
    z.array(z.string(), "wanted the name of a stage or a list of them").optional(),
  ),
  parameters: Parameters.optional(),
  variants: z.record(z.string(), Parameters, "wanted variants by name").optional(),
  queue: z
    .strictObject({
      policy: z.enum(QUEUE_POLICIES).optional(),
      capacity: z.number("wanted a number of tasks").optional(),
    })
    .optional(),
});

const FileForm = z.strictObject({
  pipeline: z.string("wanted the name of the pipeline"),
  version: z.number("wanted a whole number").optional(),
  stages: z.record(z.string(), StageForm, "wanted stages by name"),
  configuration: z.unknown().optional(),
  space: z.unknown().optional(),
  slo: z.unknown().optional(),
  standby: z.number("wanted a number of nodes").int().min(0).max(PIPELINE_LIMITS.standbyMax).optional(),
  policy: z
    .preprocess(
      (value) => (typeof value === "string" ? { name: value } : value),
      z.strictObject({
        name: z.string("wanted the name of a policy"),
        parameters: Parameters.optional(),
        shadow: z
          .preprocess(
            (value) => (typeof value === "string" ? { name: value } : value),
            z.strictObject({
              name: z.string("wanted the name of a policy"),
              parameters: Parameters.optional(),
            }),
          )
          .optional(),
      }),
    )
    .optional(),
  joinTimeoutMs: z.number("wanted a number of ms").optional(),
  deadlineMs: z.number("wanted a number of ms").nullish(),
});

/**
 * Reads the text of a pipeline file.
 *
 * @param fileName for the errors; nothing is opened
 * @throws SluiceError `pipeline-invalid`
 */
export function parsePipelineFile(
  text: string,
  fileName: string,
  services: ReadonlyMap<string, ServiceDeclaration>,
): PipelineFile {
  const fail = (problem: string, line: number | null, cause?: unknown): never => {
    const place = line === null ? fileName : `${fileName}:${line}`;
    throw new SluiceError(`${place}: ${problem.replaceAll(/\s*\n\s*/g, " ")}`, {
      code: "pipeline-invalid",
      details: { fileName, line },
      ...(cause !== undefined && { cause }),
    });
  };

  const read = parseYaml(text, PIPELINE_FILE_LIMITS);
  if (!read.ok) return fail(`Cannot read this as YAML: ${read.problem}`, read.line, read.cause);
  const { value, lineOf } = read;
  const parsed = parseWith(FileForm, value);
  if (!parsed.ok) return fail(parsed.problem, lineOf(parsed.path));
  const form = parsed.value;

  /** Runs a check of the inside, whose errors know a stage or a knob but no line. */
  const located = <Value>(
    check: () => Value,
    pathOf: (details: CodedError<string>["details"]) => readonly PropertyKey[],
  ): Value => {
    try {
      return check();
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      return fail(error.message, lineOf(pathOf(error.details)), error);
    }
  };

  const pipeline = located(
    () =>
      definePipeline(
        {
          id: form.pipeline,
          version: form.version,
          stages: Object.entries(form.stages).map(([id, stage]) => Object.assign(stage, { id })),
          joinTimeoutMs: form.joinTimeoutMs,
          deadlineMs: form.deadlineMs,
        },
        services,
      ),
    ({ stage }) => (typeof stage === "string" ? ["stages", stage] : ["pipeline"]),
  );
  const configuration = located(
    () => parseConfiguration(form.configuration === undefined ? {} : form.configuration),
    ({ knob }) => (typeof knob === "string" ? ["configuration", knob] : ["configuration"]),
  );
  const knobOf =
    (part: string) =>
    ({ knob }: CodedError<string>["details"]) =>
      typeof knob === "string" ? [part, knob] : [part];
  const { policy, slo } = form;
  const space = form.space === undefined ? undefined : located(() => parseSpace(form.space), knobOf("space"));
  for (const [part, named] of [
    ["configuration", configuration.variants],
    ["space", space?.variants],
  ] as const) {
    const problem = variantProblem(pipeline, named);
    if (problem !== null)
      fail(`Cannot use the variants of "${part}" as ${problem}`, lineOf([part, "variants"]));
  }
  return {
    pipeline,
    configuration,
    policy: policy === undefined ? null : policySpec(policy),
    ...(space !== undefined && { space }),
    ...(form.standby !== undefined && { standby: form.standby }),
    ...(slo !== undefined && { slo: located(() => parseObjective(slo), knobOf("slo")) }),
  };
}

type PolicyForm = NonNullable<z.output<typeof FileForm>["policy"]>;

function policySpec({ name, parameters = {}, shadow }: PolicyForm): PolicySpec {
  if (shadow === undefined) return { name, parameters };
  return { name, parameters, shadow: { name: shadow.name, parameters: shadow.parameters ?? {} } };
}
