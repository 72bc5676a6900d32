/** Who is who: branded ids, and the identity of a task. */

import type { Brand, NodeName } from "../runtime/brand.js";
import { SluiceError } from "./errors.js";
import { NAME, NAME_RULE } from "./limits.js";

export { parseNodeName } from "../runtime/address.js";
export type { NodeName };
/** The name of a source, checked by `parseSourceId`. */
export type SourceId = Brand<string, "SourceId">;
/** The name of a pipeline, checked. */
export type PipelineId = Brand<string, "PipelineId">;
/** Names a stage within one pipeline; the service that it runs is another thing and may occur twice. */
export type StageId = Brand<string, "StageId">;

/** A stage of one version of a pipeline, across nodes: what a node loads, and has an inbox for. */
export interface StageKey {
  readonly pipelineId: PipelineId;
  readonly pipelineVersion: number;
  readonly stage: StageId;
  /** Which of its variants; absent of a stage that has none. */
  readonly variant?: string;
}

/** Identity of a task, never used twice: a restarted source counts on under a higher `incarnation`. */
export interface TaskId {
  readonly sourceId: SourceId;
  readonly incarnation: number;
  /** Counts from 0 without gaps within an incarnation. */
  readonly sequence: number;
}

/** @throws SluiceError `source-invalid` */
export function parseSourceId(text: string): SourceId {
  if (NAME.test(text)) return text as SourceId; // a parser may brand
  throw new SluiceError(nameProblem("source", text), { code: "source-invalid" });
}

/** @throws SluiceError `pipeline-invalid` */
export function parsePipelineId(text: string): PipelineId {
  if (NAME.test(text)) return text as PipelineId;
  throw new SluiceError(nameProblem("pipeline", text), { code: "pipeline-invalid" });
}

/** @throws SluiceError `pipeline-invalid` */
export function parseStageId(text: string): StageId {
  if (NAME.test(text)) return text as StageId;
  throw new SluiceError(nameProblem("stage", text), { code: "pipeline-invalid" });
}

/** `source/incarnation/sequence`: unique, and within a source in the order of text as in the order of numbers. */
export function taskKey(id: TaskId): string {
  return `${id.sourceId}/${sortable(id.incarnation)}/${sortable(id.sequence)}`;
}

/** By source, then incarnation, then sequence. */
export function compareTaskIds(a: TaskId, b: TaskId): number {
  if (a.sourceId !== b.sourceId) return a.sourceId < b.sourceId ? -1 : 1;
  return a.incarnation - b.incarnation || a.sequence - b.sequence;
}

/** `pipeline@version`: what a pipeline is called in tables, where several versions of one stand side by side. */
export function pipelineKeyText(id: PipelineId, version: number): string {
  return `${id}@${version}`;
}

/** `pipeline@version/stage`, or `pipeline@version/stage:variant`: unique across the stages of all versions of all pipelines. */
export function stageKeyText({ pipelineId, pipelineVersion, stage, variant }: StageKey): string {
  const text = `${pipelineKeyText(pipelineId, pipelineVersion)}/${stage}`;
  return variant === undefined ? text : `${text}:${variant}`;
}

/** Decimal digits behind a letter that counts them (`a7`, `b42`), so that 42 sorts behind 7. */
function sortable(count: number): string {
  const digits = String(count);
  return String.fromCharCode(96 + digits.length) + digits;
}

function nameProblem(kind: string, text: unknown): string {
  const shown = typeof text === "string" ? JSON.stringify(text.slice(0, 80)) : typeof text;
  return `Cannot use ${shown} as the name of a ${kind}: it must be ${NAME_RULE}`;
}
