/** The routing table: what the scheduler decided, immutable, under a strictly increasing epoch. */

import type { Configuration } from "./configuration.js";
import { defaultNode } from "./default-placement.js";
import {
  pipelineKeyText,
  stageKeyText,
  type NodeName,
  type PipelineId,
  type SourceId,
  type StageId,
  type StageKey,
} from "./identity.js";
import { stageOf, type Pipeline } from "./pipeline.js";
import type { Pause } from "./requests.js";
import { plannedAs } from "./synthetic.js";
import type { Task } from "./task.js";
import { stageAs } from "./variants.js";

/** What is decided for one source. */
export interface SourceRoute {
  readonly pipelineId: PipelineId;
  readonly pipelineVersion: number;
  readonly configuration: Configuration;
  /** For each stage the nodes that may run it, most wanted first. */
  readonly placement: ReadonlyMap<StageId, readonly NodeName[]>;
  /** An operator or its policy has it capture nothing. Absent: it captures. */
  readonly pause?: Pause;
  /** Some stage of it has no node yet that has loaded it. Absent: each has one. */
  readonly loading?: true;
}

/** What nodes are to have loaded, whether tasks are routed there or not. */
export interface Deployment {
  readonly stage: StageKey;
  /** Each once. */
  readonly nodes: readonly NodeName[];
}

/** What is decided for every source, as all nodes hold it. */
export interface RoutingTable {
  /** The scheduler's own term: a table of an older term is refused whatever its epoch. */
  readonly term: number;
  /** Strictly increasing within a term and across terms; 0 is "no table yet". */
  readonly epoch: number;
  readonly publishedAtMs: number;
  /** Those of its sources, by `id@version`. */
  readonly pipelines: ReadonlyMap<string, Pipeline>;
  readonly sources: ReadonlyMap<SourceId, SourceRoute>;
  /** Each stage once, of each variant that is to be loaded. */
  readonly deployments: readonly Deployment[];
  /** Where a stage runs that has no other place. */
  readonly fallback: NodeName;
}

/** The pipeline that a source of the table walks. */
export function pipelineOfRoute(
  table: RoutingTable,
  { pipelineId, pipelineVersion }: SourceRoute,
): Pipeline | undefined {
  return table.pipelines.get(pipelineKeyText(pipelineId, pipelineVersion));
}

export type Route =
  | { readonly to: "local" }
  | { readonly to: "node"; readonly node: NodeName }
  | { readonly to: "none"; readonly detail: string };

export interface RouteQuestion {
  /** The newest that the node has; null before the first. */
  readonly table: RoutingTable | null;
  readonly cursor: StageId;
  readonly task: Task;
  readonly pipeline: Pipeline;
  /** The node that asks. */
  readonly node: NodeName;
  /** Whether it can run the stage. */
  readonly runsHere: boolean;
  readonly cloud: NodeName;
  /** Newest epoch by which other controllers sent the task on for this stage; null, the default, where none did. */
  readonly forwarded?: number | null;
  /** Whether another node can be sent anything now. Default: every one can. */
  readonly reachable?: (node: NodeName) => boolean;
}

/**
 * Where a stage of a task runs: the node that it is pinned to, or the first placed node that can take it, else the table's
 * fallback. Where the table says nothing of the source or the stage: its default place, then the cloud.
 *
 * Only the node itself knows that it has not the service, and passes the task on. Whoever is `forwarded` a task under the
 * table that it has looks from its own place in the order on, as those before it have passed. Under a newer one than it
 * has it runs what it can, and what it cannot has no place; under an older one it decides again. So no task goes round in
 * circles, under one table or several.
 */
export function routeStage(question: RouteQuestion): Route {
  const { table, cursor, task, pipeline, node, runsHere: here, cloud } = question;
  const { forwarded = null, reachable = () => true } = question;
  const stage = stageOf(pipeline, cursor);
  const placed = table?.sources.get(plannedAs(task.id.sourceId))?.placement.get(cursor) ?? [];
  const fallback = table?.fallback ?? cloud;
  const pinned = task.pins.get(cursor)?.node ?? [];
  const places =
    placed.length === 0
      ? [defaultNode(stage, { node, runs: () => here, cloud }), cloud]
      : [...placed, fallback];
  const inOrder = [...new Set([pinned, places].flat())];
  const wanted = passedOn(node, inOrder, { epoch: table?.epoch ?? 0, forwarded });

  for (const candidate of wanted) {
    if (candidate === node) {
      if (here) return { to: "local" };
    } else if (reachable(candidate)) {
      return { to: "node", node: candidate };
    }
  }
  // Cut off from every place it was meant for, a stage that can run here still ends as a result and not as a gap.
  if (here) return { to: "local" };
  const tried = [...new Set(wanted)].map((name) =>
    name === node ? `"${name}" does not run service "${stage.service}"` : `"${name}" is unreachable`,
  );
  return { to: "none", detail: `Stage "${cursor}" has no place: ${tried.join(", ")}` };
}

/** Where a task may go from `node` yet, of the places in order. */
function passedOn(
  node: NodeName,
  places: readonly NodeName[],
  { epoch, forwarded }: { readonly epoch: number; readonly forwarded: number | null },
): readonly NodeName[] {
  if (forwarded === null || forwarded < epoch) return places;
  const place = forwarded === epoch ? places.indexOf(node) : -1;
  return place < 0 ? [node] : places.slice(place);
}

/** Whether `offered` is to replace `held`: a later epoch, of no earlier term. So a node's epochs only grow. */
export function supersedes(held: RoutingTable | null, offered: RoutingTable): boolean {
  if (held === null) return true;
  return offered.term >= held.term && offered.epoch > held.epoch;
}

/** What is wrong with a table, one line each; empty where a node may install it. */
export function validateTable(table: RoutingTable): readonly string[] {
  const problems: string[] = [];
  if (!Number.isSafeInteger(table.epoch) || table.epoch < 1) {
    problems.push(`Its epoch must be a whole number from 1 on: got ${table.epoch}`);
  }
  if (!Number.isSafeInteger(table.term) || table.term < 0) {
    problems.push(`Its term must be a whole number from 0 on: got ${table.term}`);
  }
  for (const [text, { id, version }] of table.pipelines) {
    if (pipelineKeyText(id, version) === text) continue;
    problems.push(`Pipeline "${pipelineKeyText(id, version)}" stands under the name "${text}"`);
  }
  for (const [sourceId, route] of table.sources) {
    const { placement } = route;
    const pipelineId = pipelineKeyText(route.pipelineId, route.pipelineVersion);
    const pipeline = pipelineOfRoute(table, route);
    if (pipeline === undefined) {
      problems.push(`Source "${sourceId}" walks pipeline "${pipelineId}", which it does not have`);
      continue;
    }
    const stages = new Set(pipeline.stages.map((stage) => stage.id));
    for (const stage of stages) {
      if ((placement.get(stage) ?? []).length > 0) continue;
      problems.push(`Source "${sourceId}" has no node for stage "${stage}" of pipeline "${pipelineId}"`);
    }
    for (const [stage, nodes] of placement) {
      if (!stages.has(stage)) {
        problems.push(
          `Source "${sourceId}" places "${stage}", which is no stage of pipeline "${pipelineId}"`,
        );
      }
      if (new Set(nodes).size < nodes.length) {
        problems.push(`Source "${sourceId}" places stage "${stage}" twice on one node`);
      }
    }
  }
  return [...problems, ...deploymentProblems(table)];
}

function deploymentProblems({ pipelines, deployments }: RoutingTable): readonly string[] {
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const { stage, nodes } of deployments) {
    const text = stageKeyText(stage);
    const pipeline = pipelines.get(pipelineKeyText(stage.pipelineId, stage.pipelineVersion));
    const known = pipeline?.stages.find(({ id }) => id === stage.stage);
    if (known === undefined || stageAs(known, stage.variant).variant !== stage.variant) {
      problems.push(`It deploys "${text}", which is no stage of its pipelines`);
    }
    if (seen.has(text)) problems.push(`It deploys "${text}" twice`);
    if (new Set(nodes).size < nodes.length) problems.push(`It deploys "${text}" twice on one node`);
    seen.add(text);
  }
  return problems;
}
