/** The hot swap of routing tables, and what follows from it for the sources and stages of this node. */

import { fixedNodes } from "../../task/default-placement.js";
import { pipelineKeyText, type SourceId } from "../../task/identity.js";
import { waitingTasks } from "../../task/join.js";
import { samePipeline, type Pipeline } from "../../task/pipeline.js";
import { pipelineOfRoute, supersedes, validateTable, type RoutingTable } from "../../task/routing-table.js";
import { deskSize, takeBackWaiting, tasksOf } from "./desk.js";
import { drop, openDesk, submit } from "./route-task.js";
import { pipelineText, type MessageOf, type Router } from "./state.js";

/** The hot swap: between two messages, with nothing paused and nothing drained. */
export function installTable(router: Router, { table, replyTo }: MessageOf<"installTable">): void {
  const { node } = router;
  if (router.known.table !== null && !supersedes(router.known.table, table)) {
    const reply = { node, epoch: table.epoch } as const;
    if (router.known.table.epoch === table.epoch && router.known.table.term === table.term) {
      replyTo.tell({ type: "tableInstalled", ...reply }, "control");
    } else {
      const { epoch: heldEpoch, term: heldTerm } = router.known.table;
      replyTo.tell({ type: "tableRefused", ...reply, heldEpoch, heldTerm }, "control");
    }
    return;
  }
  const problems = validateTable(table);
  if (problems.length > 0) {
    router.ctx.log.error("Routing table refused", { epoch: table.epoch, problems: problems.slice(0, 5) });
    const { epoch: heldEpoch = 0, term: heldTerm = 0 } = router.known.table ?? {};
    replyTo.tell({ type: "tableRefused", node, epoch: table.epoch, heldEpoch, heldTerm }, "control");
    return;
  }
  router.known.table = table;
  for (const pipeline of table.pipelines.values()) adoptPipeline(router, pipeline);
  for (const sourceId of router.known.generators.keys()) configure(router, sourceId);
  replyTo.tell({ type: "tableInstalled", node, epoch: table.epoch }, "control");

  prepareStages(router, table);
  const rerouted = [...router.known.desks.values()].flatMap((desk) => takeBackWaiting(desk));
  const unparked = router.known.park.splice(0).map((parked) => parked.task);
  for (const task of [...rerouted, ...unparked]) submit(router, task, null);
  retireUnused(router);
}

/** Learns a pipeline; where it is another one than had its name and version, the stages of that one are given up. */
function adoptPipeline(router: Router, pipeline: Pipeline): void {
  const text = pipelineText(pipeline);
  const before = router.known.pipelines.get(text);
  if (before !== undefined && samePipeline(before, pipeline)) return;
  router.known.pipelines.set(text, pipeline);
  for (const [key, desk] of router.known.desks) {
    if (pipelineKeyText(desk.key.pipelineId, desk.key.pipelineVersion) !== text) continue;
    router.known.desks.delete(key);
    router.processors.tell({ type: "retireProcessor", stage: desk.key });
    for (const task of tasksOf(desk)) drop(router, task, "noRoute", `Pipeline "${text}" is another one now`);
  }
}

/** Starts the processors of the stages that the table places here, so that their services load before the first task. */
function prepareStages(router: Router, table: RoutingTable): void {
  for (const route of table.sources.values()) {
    const pipeline = pipelineOfRoute(table, route);
    for (const { id, service } of pipeline?.stages ?? []) {
      if (pipeline === undefined || route.placement.get(id)?.[0] !== router.node) continue;
      if (router.services.has(service)) openDesk(router, pipeline, id);
    }
  }
}

/** Tells a generator of this node what the table says of its source. */
function configure(router: Router, sourceId: SourceId): void {
  const route = router.known.table?.sources.get(sourceId);
  const attached = router.known.generators.get(sourceId);
  if (router.known.table === null || route === undefined || attached === undefined) return;
  attached.generator.tell(
    {
      type: "configure",
      configuration: route.configuration,
      epoch: router.known.table.epoch,
      ...fixedNodes(attached.pipeline, router, route.placement),
      placedOn: [...new Set([...[...route.placement.values()].flat(), router.known.table.fallback])],
    },
    "control",
  );
}

/** A generator of this node is there, or there again: it is told what is decided for its source. */
export function attachGenerator(
  router: Router,
  { sourceId, pipeline, generator }: MessageOf<"attachGenerator">,
): void {
  router.known.generators.set(sourceId, { pipeline, generator });
  adoptPipeline(router, pipeline);
  configure(router, sourceId);
}

/** A source of this node has ended. */
export function detachGenerator(router: Router, sourceId: SourceId): void {
  router.known.generators.delete(sourceId);
  retireUnused(router);
}

/** Forgets pipelines that neither the table nor a generator of this node names and that no task here walks. */
export function retireUnused(router: Router): void {
  const used = new Set<string>();
  for (const pipeline of router.known.table?.pipelines.values() ?? []) used.add(pipelineText(pipeline));
  for (const { pipeline } of router.known.generators.values()) used.add(pipelineText(pipeline));
  for (const { pipelineId, pipelineVersion } of waitingTasks(router.known.joins)) {
    used.add(pipelineKeyText(pipelineId, pipelineVersion));
  }
  for (const desk of router.known.desks.values()) {
    if (deskSize(desk) > 0) used.add(pipelineKeyText(desk.key.pipelineId, desk.key.pipelineVersion));
  }
  for (const text of router.known.pipelines.keys()) if (!used.has(text)) router.known.pipelines.delete(text);
  for (const [text, desk] of router.known.desks) {
    if (used.has(pipelineKeyText(desk.key.pipelineId, desk.key.pipelineVersion))) continue;
    router.known.desks.delete(text);
    router.processors.tell({ type: "retireProcessor", stage: desk.key });
  }
}
