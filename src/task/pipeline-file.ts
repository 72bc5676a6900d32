/**
 * The door to yaml: a pipeline file, which is outside data until everything in it has been checked.
 *
 * Every error is one line, `file:line: problem`. The core schema of YAML 1.2 and nothing else: no tag runs, no merge key
 * hides, no alias multiplies.
 */

import { Buffer } from "node:buffer";
import { isMap, isScalar, isSeq, LineCounter, parseDocument, visit, type Document } from "yaml";
import { CodedError, errorText } from "../runtime/errors.js";
import { parseWith, z } from "../runtime/parse.js";
import { SluiceError } from "./errors.js";
import type { PolicySpec } from "./requests.js";
import { parseConfiguration, type Configuration } from "./configuration.js";
import { definePipeline } from "./define-pipeline.js";
import { PIPELINE_LIMITS } from "./limits.js";
import { QUEUE_POLICIES, type Pipeline } from "./pipeline.js";
import type { ServiceDeclaration } from "./service.js";

export interface PipelineFile {
  readonly pipeline: Pipeline;
  /** What the file asks for, over the default. */
  readonly configuration: Configuration;
  /** Null where the file names none. */
  readonly policy: PolicySpec | null;
}

const { fileBytesMax } = PIPELINE_LIMITS;
const ALIASES_MAX = 100;

const Parameters = z.record(z.string(), z.unknown(), "wanted parameters by name");

const StageForm = z.strictObject({
  service: z.string("wanted the name of a service"),
  after: z.preprocess(
    (value) => (typeof value === "string" ? [value] : value),
    z.array(z.string(), "wanted the name of a stage or a list of them").optional(),
  ),
  parameters: Parameters.optional(),
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
  policy: z
    .preprocess(
      (value) => (typeof value === "string" ? { name: value } : value),
      z.strictObject({ name: z.string("wanted the name of a policy"), parameters: Parameters.optional() }),
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

  const { value, lineOf } = parseYaml(text, fail);
  const parsed = parseWith(FileForm, value);
  if (!parsed.ok) return fail(parsed.problem, lineOf(parsed.path));
  const form = parsed.value;

  /** Runs a check of the inside, whose errors know a stage or a knob but no line. */
  const located = <Value>(
    check: () => Value,
    pathOf: (details: CodedError<string>["details"]) => Path,
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
  const { policy } = form;
  return {
    pipeline,
    configuration,
    policy: policy === undefined ? null : { name: policy.name, parameters: policy.parameters ?? {} },
  };
}

type Path = readonly PropertyKey[];
type Fail = (problem: string, line: number | null, cause?: unknown) => never;

interface ParsedYaml {
  readonly value: unknown;
  /** The line, from 1 on, of what `path` leads to, as far as the file goes along; null for the whole file. */
  readonly lineOf: (path: Path) => number | null;
}

function parseYaml(text: string, fail: Fail): ParsedYaml {
  const bytes = Buffer.byteLength(text);
  if (bytes > fileBytesMax) {
    fail(`Cannot read ${bytes} bytes as a pipeline: wanted at most ${fileBytesMax}`, null);
  }
  try {
    const lineCounter = new LineCounter();
    const document = parseDocument(text, {
      schema: "core",
      version: "1.2",
      resolveKnownTags: false,
      merge: false,
      stringKeys: true,
      prettyErrors: false,
      lineCounter,
    });
    const [problem] = [...document.errors, ...document.warnings];
    if (problem !== undefined) {
      const reason = problem.code === "MULTIPLE_DOCS" ? "wanted one document" : problem.message;
      fail(`Cannot read this as YAML: ${reason}`, lineCounter.linePos(problem.pos[0]).line, problem);
    }
    visit(document, {
      Pair(_, { key }) {
        if (!isScalar(key) || key.value !== "__proto__") return;
        fail('"__proto__" is no name', lineCounter.linePos(key.range?.[0] ?? 0).line);
      },
    });
    const value: unknown = document.toJS({ maxAliasCount: ALIASES_MAX });
    return { value, lineOf: (path) => lineAlong(document, lineCounter, path) };
  } catch (error) {
    if (error instanceof SluiceError) throw error;
    // The parser throws what it has no place for: aliases without an end, or nesting deeper than the stack.
    return fail(`Cannot read this as YAML: ${errorText(error)}`, null, error);
  }
}

function lineAlong(document: Document, lineCounter: LineCounter, path: Path): number | null {
  let offset: number | null = null;
  let node: unknown = document.contents;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (pair === undefined) break;
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      if (isScalar(node)) offset = node.range?.[0] ?? offset;
    } else {
      break;
    }
  }
  return offset === null ? null : lineCounter.linePos(offset).line;
}
