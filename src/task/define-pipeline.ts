/** From what a user writes to a pipeline that is valid by construction; an error names what is wrong and how to fix it. */

import { SluiceError } from "./errors.js";
import { connectedParts, findCycle, topologicalOrder } from "./graph.js";
import { parsePipelineId, parseStageId, type StageId } from "./identity.js";
import { NAME, NAME_RULE, PIPELINE_LIMITS } from "./limits.js";
import { suggestName } from "./nearest-name.js";
import { QUEUE_POLICIES, type Pipeline, type QueuePolicy, type Stage, type Variant } from "./pipeline.js";
import type { DataType, ServiceDeclaration } from "./service.js";

/** What a user writes. */
export interface PipelineDefinition {
  readonly id: string;
  /** 1 or more. Default 1. */
  readonly version?: number | undefined;
  /** 1 to 64, in any order. */
  readonly stages: readonly StageDefinition[];
  /** 1 to 3,600,000. Default 10,000. */
  readonly joinTimeoutMs?: number | undefined;
  /** 1 to 86,400,000, or null for none. Default null. */
  readonly deadlineMs?: number | null | undefined;
}

/** A stage as a program or a file writes it. */
export interface StageDefinition {
  readonly id: string;
  readonly service: string;
  /** Ids of the predecessors. Default none. */
  readonly after?: readonly string[] | undefined;
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
  /** 1 to 16 ways to run it: what each has over `parameters`, by name. The first runs unless a configuration names another. */
  readonly variants?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
  readonly queue?:
    | {
        /** Default `block`. */
        readonly policy?: QueuePolicy | undefined;
        /** Tasks, 1 to 65,536. Default 16. */
        readonly capacity?: number | undefined;
      }
    | undefined;
}

const { stagesMax, variantsMax, queueCapacityMax, joinTimeoutMsMax, deadlineMsMax } = PIPELINE_LIMITS;

/**
 * Checks a definition against the known services and makes the pipeline of it.
 *
 * @throws SluiceError `pipeline-invalid`; `details.stage` is the stage at fault where it is one
 */
export function definePipeline(
  definition: PipelineDefinition,
  services: ReadonlyMap<string, ServiceDeclaration>,
): Pipeline {
  const id = parsePipelineId(definition.id);
  const fail = (problem: string, stage?: string): never => {
    throw new SluiceError(`Cannot define pipeline "${id}" as ${problem}`, {
      code: "pipeline-invalid",
      details: stage === undefined ? { pipeline: id } : { pipeline: id, stage },
    });
  };
  const whole = (name: string, value: number, max: number, stage?: string): number =>
    Number.isInteger(value) && value >= 1 && value <= max
      ? value
      : fail(`its ${name} must be a whole number from 1 to ${max}: got ${value}`, stage);

  const graph = checkGraph(definition.stages, fail);
  const definitions = new Map(definition.stages.map((stage) => [stage.id, stage]));
  const serviceOf = (stage: StageId): ServiceDeclaration => {
    const name = definitions.get(stage)?.service ?? "";
    return (
      services.get(name) ??
      fail(
        `stage "${stage}" runs service "${name}", which is not known${suggestName(name, services.keys())}`,
        stage,
      )
    );
  };

  const stages = topologicalOrder(graph).map((stage): Stage => {
    const {
      parameters = {},
      variants: named,
      queue: { policy = "block", capacity = 16 } = {},
    } = definitions.get(stage) ?? {};
    const service = serviceOf(stage);
    const variants = named === undefined ? [] : variantsOf(stage, service, { parameters, named }, fail);
    const predecessors = graph.get(stage) ?? [];
    const given = predecessors.map((predecessor) => ({ predecessor, output: serviceOf(predecessor).output }));
    checkInputs(stage, service, given, fail);
    if (!QUEUE_POLICIES.includes(policy)) {
      fail(
        `the queue of stage "${stage}" has no policy "${policy}": wanted ${listed(QUEUE_POLICIES)}`,
        stage,
      );
    }
    return {
      id: stage,
      service: service.name,
      predecessors,
      successors: [...graph.keys()].filter((other) => graph.get(other)?.includes(stage)),
      inputs: service.inputs,
      output: service.output,
      stateful: service.stateful,
      ...loadOf(stage, service, variants[0]?.parameters ?? parameters, fail),
      ...(variants.length > 0 && { variants }),
      queue: {
        policy,
        capacity: whole(`queue capacity of stage "${stage}"`, capacity, queueCapacityMax, stage),
      },
    };
  });

  const { version = 1, joinTimeoutMs = 10_000, deadlineMs = null } = definition;
  return {
    id,
    version: whole("version", version, Number.MAX_SAFE_INTEGER),
    stages,
    joinTimeoutMs: whole("joinTimeoutMs", joinTimeoutMs, joinTimeoutMsMax),
    deadlineMs: deadlineMs === null ? null : whole("deadlineMs", deadlineMs, deadlineMsMax),
  };
}

/** What a worker is given of a stage: the model, where its service needs one, and the parameters. */
function loadOf(
  stage: StageId,
  { name, model }: ServiceDeclaration,
  parameters: Readonly<Record<string, unknown>>,
  fail: Fail,
): Pick<Variant, "model" | "parameters"> {
  if (model === undefined) return { parameters };
  const named = parameters[model.parameter];
  const file = typeof named === "string" ? named : model.file;
  if (file !== undefined) return { model: file, parameters };
  return fail(
    `stage "${stage}" must name the file of its model, as ${name} has none of its own: give it the parameter "${model.parameter}"`,
    stage,
  );
}

/** The variants of a stage, each with all of its parameters. */
function variantsOf(
  stage: StageId,
  service: ServiceDeclaration,
  {
    parameters,
    named,
  }: Required<Pick<StageDefinition, "parameters">> & {
    readonly named: NonNullable<StageDefinition["variants"]>;
  },
  fail: Fail,
): readonly Variant[] {
  const names = Object.keys(named);
  if (service.stateful) {
    fail(
      `stage "${stage}" must have no variants, as ${service.name} would forget what it knows at each change`,
      stage,
    );
  }
  if (names.length === 0 || names.length > variantsMax) {
    fail(`stage "${stage}" must have 1 to ${variantsMax} variants: got ${names.length}`, stage);
  }
  for (const name of names) {
    // An object has names that are numbers before all others, whatever order they were written in.
    if (NAME.test(name) && !/^\d+$/.test(name)) continue;
    fail(
      `variant "${name}" of stage "${stage}" must have a name of ${NAME_RULE}, and no number for a name`,
      stage,
    );
  }
  return Object.entries(named).map(([name, own]) => ({
    name,
    ...loadOf(stage, service, { ...parameters, ...own }, fail),
  }));
}

type Fail = (problem: string, stage?: string) => never;

/** Predecessors by stage, in the order given: named once each, acyclic and in one part. */
function checkGraph(
  stages: readonly StageDefinition[],
  fail: Fail,
): ReadonlyMap<StageId, readonly StageId[]> {
  if (stages.length === 0) fail("it has no stage");
  if (stages.length > stagesMax) fail(`it has ${stages.length} stages, more than ${stagesMax}`);
  const names = stages.map((stage) => stage.id);
  const graph = new Map<StageId, readonly StageId[]>();

  for (const { id, after = [] } of stages) {
    if (id.startsWith("$")) fail(`stage "${id}" has a reserved name: those with "$" are Sluice's own`, id);
    const stage = parseStageId(id);
    if (graph.has(stage)) fail(`stage "${id}" is defined twice`, id);
    const predecessors = new Set<StageId>();
    for (const name of after) {
      if (name === id) fail(`stage "${id}" comes after itself`, id);
      if (!names.includes(name)) {
        const others = names.filter((other) => other !== id);
        fail(`stage "${id}" comes after "${name}", which is no stage of it${suggestName(name, others)}`, id);
      }
      const predecessor = parseStageId(name);
      if (predecessors.has(predecessor)) fail(`stage "${id}" comes after "${name}" twice`, id);
      predecessors.add(predecessor);
    }
    graph.set(stage, [...predecessors]);
  }

  const cycle = findCycle(graph);
  if (cycle !== null) {
    fail(`its stages form a cycle: ${cycle.map((stage) => `"${stage}"`).join(" -> ")}`, cycle[0]);
  }
  const [part, other] = connectedParts(graph);
  if (part !== undefined && other !== undefined) {
    fail(`its stages must be connected: nothing links ${listed(other)} with ${listed(part)}`, other[0]);
  }
  return graph;
}

/** Frames come with every task; anything else that a stage reads must be what a direct predecessor gives. */
function checkInputs(
  stage: StageId,
  service: ServiceDeclaration,
  given: readonly { readonly predecessor: StageId; readonly output: DataType }[],
  fail: Fail,
): void {
  for (const input of service.inputs) {
    if (input === "frame" || given.some(({ output }) => output === input)) continue;
    const gives =
      given.length === 0
        ? "it comes after no stage"
        : `it comes after ${given.map(({ predecessor, output }) => `"${predecessor}", which gives "${output}"`).join(", and ")}`;
    fail(`stage "${stage}" (${service.name}) reads "${input}", but ${gives}`, stage);
  }
}

function listed(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}
