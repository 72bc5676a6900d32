/** A pipeline while it is drawn, and the text of it. */

import {
  definePipeline,
  type PipelineDefinition,
  type StageDefinition,
} from "../../src/task/define-pipeline.js";
import type { ServiceOffer } from "../../src/actors/protocol/agent.js";
import type { Pipeline } from "../../src/task/pipeline.js";
import type { ServiceDeclaration } from "../../src/task/service.js";

/** Of a pipeline with its stages; the others of its fields stay as its text has them. */
export interface Draft {
  readonly id: string;
  readonly version: number;
  readonly stages: readonly StageDefinition[];
}

export type Services = ReadonlyMap<string, ServiceOffer>;

/** What a node would say of it. */
interface Verdict {
  /** Null where all of it is well. */
  readonly problem: string | null;
  /** Of the stage at fault; null where it is none. */
  readonly stage: string | null;
}

/** The next version of a pipeline, with the same stages. */
export function draftOf({ id, version, stages }: Pipeline): Draft {
  return {
    id,
    version: version + 1,
    stages: stages.map(({ id: stage, service, predecessors, parameters, variants, queue }) => ({
      id: stage,
      service,
      after: predecessors,
      ...(variants === undefined
        ? Object.keys(parameters).length > 0 && { parameters }
        : { variants: Object.fromEntries(variants.map((variant) => [variant.name, variant.parameters])) }),
      ...((queue.policy !== "block" || queue.capacity !== 16) && { queue }),
    })),
  };
}

/** By the check that nodes make. */
export function verdictOf(draft: Draft, services: Services): Verdict {
  // What is checked needs no code of the service.
  const declared = new Map<string, ServiceDeclaration>(
    [...services].map(([name, offer]) => [name, { ...offer, module: "" }]),
  );
  const definition: PipelineDefinition = draft;
  try {
    definePipeline(definition, declared);
    return { problem: null, stage: null };
  } catch (thrown) {
    const { message = "", details } = thrown as {
      readonly message?: string;
      readonly details?: { readonly stage?: string };
    };
    return { problem: message, stage: details?.stage ?? null };
  }
}

/** What an edge would carry that the stage at its end reads; null where it reads nothing of it. */
export function carried(draft: Draft, services: Services, from: string, to: string): string | null {
  const serviceOf = (id: string): ServiceOffer | undefined =>
    services.get(draft.stages.find((stage) => stage.id === id)?.service ?? "");
  const output = serviceOf(from)?.output;
  return output !== undefined && serviceOf(to)?.inputs.includes(output) === true ? output : null;
}

/** Draws the edge, or takes it away where there is one. */
export function withEdge(draft: Draft, from: string, to: string): Draft {
  return withStage(draft, to, ({ after = [], ...stage }) => ({
    ...stage,
    after: after.includes(from) ? after.filter((id) => id !== from) : [...after, from],
  }));
}

function withStage(draft: Draft, id: string, change: (stage: StageDefinition) => StageDefinition): Draft {
  return { ...draft, stages: draft.stages.map((stage) => (stage.id === id ? change(stage) : stage)) };
}

/** Of another service its parameters mean nothing. */
export function withService(draft: Draft, id: string, service: string): Draft {
  return withStage(draft, id, ({ id: stage, after }) => ({ id: stage, service, after }));
}

export function withoutStage(draft: Draft, id: string): Draft {
  return {
    ...draft,
    stages: draft.stages
      .filter((stage) => stage.id !== id)
      .map(({ after = [], ...stage }) => ({ ...stage, after: after.filter((before) => before !== id) })),
  };
}

/**
 * The text with the stages and the version of the draft; all else in it stays.
 *
 * @throws Error where the text has no stages in lines of their own
 */
export function textOf(draft: Draft, text: string): string {
  const blocks = blocksOf(text);
  if (!blocks.some(({ key }) => key === "stages")) {
    throw new Error(
      "This pipeline is written in another way than in lines, so that it cannot be drawn: change its text",
    );
  }
  const version = `version: ${draft.version}\n`;
  const hasVersion = blocks.some(({ key }) => key === "version");
  return blocks
    .map(({ key, lines }) => {
      if (key === "stages") return `stages:\n${draft.stages.map(stageText).join("")}`;
      if (key === "version") return version;
      return key === "pipeline" && !hasVersion ? `${lines}${version}` : lines;
    })
    .join("");
}

interface Block {
  /** Null of what stands before the first one. */
  readonly key: string | null;
  readonly lines: string;
}

/** The text in parts, one for each key that begins a line, with its comments above it. */
function blocksOf(text: string): readonly Block[] {
  const blocks: { key: string | null; lines: string }[] = [{ key: null, lines: "" }];
  let above = "";
  for (const line of text.split("\n").map((each) => `${each}\n`)) {
    const key = /^"?([A-Za-z]\w*)"?\s*:/.exec(line)?.[1];
    if (key !== undefined) {
      blocks.push({ key: null, lines: above }, { key, lines: line });
      above = "";
    } else if (/^(?:#.*)?\s*$/.test(line)) {
      above += line;
    } else {
      const last = blocks.at(-1);
      if (last !== undefined) last.lines += above + line;
      above = "";
    }
  }
  blocks.push({ key: null, lines: above.replace(/\n$/, "") });
  return blocks;
}

function stageText({ id, service, after = [], parameters, variants, queue }: StageDefinition): string {
  const line = (key: string, value: unknown): string => `    ${key}: ${flow(value)}\n`;
  return [
    `  ${scalar(id)}:\n`,
    line("service", service),
    after.length > 0 ? line("after", after.length === 1 ? after[0] : after) : "",
    parameters === undefined ? "" : line("parameters", parameters),
    variants === undefined ? "" : line("variants", variants),
    queue === undefined ? "" : line("queue", queue),
  ].join("");
}

/** JSON is YAML; a text that can be nothing else needs no quotes. */
function flow(value: unknown): string {
  return typeof value === "string" ? scalar(value) : JSON.stringify(value);
}

function scalar(text: string): string {
  const isPlain = /^[A-Za-z][\w-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text);
  return isPlain ? text : JSON.stringify(text);
}
