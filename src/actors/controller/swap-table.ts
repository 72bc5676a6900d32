/** The hot swap of routing tables, and what follows from it for the sources and stages of this node. */

import type { SourceId } from "../task/identity.js";
import { waitingTasks } from "../task/join.js";
import { supersedes, validateTable, type RoutingTable } from "../task/routing-table.js";
import { END } from "../task/task.js";
import { joinNodesFor, statefulNodesFor } from "../task/walk.js";
import { deskSize, takeBackWaiting } from "./desk.js";
import { openDesk, submit } from "./route-task.js";
import { pipelineText, type MessageOf, type Router } from "./state.js";

/** The hot swap: between two messages, with nothing paused and nothing drained. */
export function installTable(router: Router, { table, replyTo }: MessageOf<"installTable">): void {
  const { node } = router;
  if (router.known.table !== null && !supersedes(router.known.table, table)) {
    const reply = { node, epoch: table.epoch } as const;
    if (router.known.table.epoch === table.epoch && router.known.table.term === table.term) {
      replyTo.tell({ type: "tableInstalled", ...reply }, "control");
    } else {
      replyTo.tell({ type: "tableRefused", ...reply, heldEpoch: router.known.table.epoch }, "control");
    }
    return;
  }
  const problems = validateTable(table);
  if (problems.length > 0) {
    router.ctx.log.error("Routing table refused", { epoch: table.epoch, problems: problems.slice(0, 5) });
    replyTo.tell(
      { type: "tableRefused", node, epoch: table.epoch, heldEpoch: router.known.table?.epoch ?? 0 },
      "control",
    );
    return;
  }
  router.known.table = table;
  for (const pipeline of table.pipelines.values())
    router.known.pipelines.set(pipelineText(pipeline), pipeline);
  for (const sourceId of router.known.generators.keys()) configure(router, sourceId);
  replyTo.tell({ type: "tableInstalled", node, epoch: table.epoch }, "control");

  prepareStages(router, table);
  const rerouted = [...router.known.desks.values()].flatMap((desk) => takeBackWaiting(desk));
  const unparked = router.known.park.splice(0).map((parked) => parked.task);
  for (const task of [...rerouted, ...unparked]) submit(router, task, false);
  retireUnused(router);
}

/** Starts the processors of the stages that the table places here, so that their services load before the first task. */
function prepareStages(router: Router, table: RoutingTable): void {
  for (const { pipelineId, placement } of table.sources.values()) {
    const pipeline = table.pipelines.get(pipelineId);
    for (const { id, service } of pipeline?.stages ?? []) {
      if (pipeline === undefined || placement.get(id)?.[0] !== router.node) continue;
      if (router.services.has(service)) openDesk(router, pipeline, id);
    }
  }
}

/** Tells a generator of this node what the table says of its source. */
function configure(router: Router, sourceId: SourceId): void {
  const route = router.known.table?.sources.get(sourceId);
  const attached = router.known.generators.get(sourceId);
  if (router.known.table === null || route === undefined || attached === undefined) return;
  const pipeline = router.known.table.pipelines.get(route.pipelineId) ?? attached.pipeline;
  attached.generator.tell(
    {
      type: "configure",
      configuration: route.configuration,
      epoch: router.known.table.epoch,
      joinNodes: joinNodesFor(pipeline, (cursor) =>
        cursor === END ? router.cloud : (route.placement.get(cursor)?.[0] ?? router.node),
      ),
      statefulNodes: statefulNodesFor(
        pipeline,
        ({ id, service }) =>
          route.placement.get(id)?.[0] ?? (router.services.has(service) ? router.node : router.cloud),
      ),
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
  router.known.pipelines.set(pipelineText(pipeline), pipeline);
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
    used.add(`${pipelineId}@${pipelineVersion}`);
  }
  for (const desk of router.known.desks.values()) {
    if (deskSize(desk) > 0) used.add(`${desk.key.pipelineId}@${desk.key.pipelineVersion}`);
  }
  for (const text of router.known.pipelines.keys()) if (!used.has(text)) router.known.pipelines.delete(text);
  for (const [text, desk] of router.known.desks) {
    if (used.has(`${desk.key.pipelineId}@${desk.key.pipelineVersion}`)) continue;
    router.known.desks.delete(text);
    router.processors.tell({ type: "retireProcessor", stage: desk.key });
  }
}
