/** The hot swap of routing tables, and what follows from it for the sources and stages of this node. */

import { fixedNodes, type Home } from "../../task/default-placement.js";
import { pipelineKeyText, type SourceId } from "../../task/identity.js";
import { waitingTasks } from "../../task/join.js";
import { samePipeline, type Pipeline } from "../../task/pipeline.js";
import { supersedes, validateTable } from "../../task/routing-table.js";
import { drop } from "./end-task.js";
import { takeWaiting } from "./flush.js";
import { repeatFailures } from "./loaded-stages.js";
import { closeInbox, pipelineTextOf, prepareStages } from "./local-stages.js";
import { submit } from "./route-task.js";
import { taskCount, tasksOf } from "./stage-inbox.js";
import type { MessageOf, Router } from "./state.js";

/** The hot swap: between two messages, with nothing paused and nothing drained. */
export function installTable(router: Router, { table, replyTo }: MessageOf<"installTable">): void {
  const { node, retained } = router;
  const { epoch } = table;
  const { epoch: heldEpoch = 0, term: heldTerm = 0 } = retained.table ?? {};
  const refuse = () => replyTo.tell({ type: "tableRefused", node, epoch, heldEpoch, heldTerm }, "control");

  if (!supersedes(retained.table, table)) {
    if (heldEpoch === epoch && heldTerm === table.term) {
      retained.loadedChanged = true;
      repeatFailures(router, table);
      replyTo.tell({ type: "tableInstalled", node, epoch }, "control");
    } else {
      refuse();
    }
    return;
  }
  const problems = validateTable(table);
  if (problems.length > 0) {
    router.ctx.log.error("Routing table refused", { epoch, problems: problems.slice(0, 5) });
    refuse();
    return;
  }
  retained.table = table;
  for (const pipeline of table.pipelines.values()) adoptPipeline(router, pipeline);
  for (const sourceId of retained.generators.keys()) configure(router, sourceId);
  replyTo.tell({ type: "tableInstalled", node, epoch }, "control");
  retained.loadedChanged = true;
  repeatFailures(router, table);

  prepareStages(router, table);
  for (const task of takeWaiting(router)) submit(router, task, null);
  retireUnused(router);
}

/** Learns a pipeline; where it is another one than had its name and version, the stages of that one are given up. */
function adoptPipeline(router: Router, pipeline: Pipeline): void {
  const { pipelines, inboxes } = router.retained;
  const text = pipelineKeyText(pipeline.id, pipeline.version);
  const before = pipelines.get(text);
  if (before !== undefined && samePipeline(before, pipeline)) return;
  pipelines.set(text, pipeline);
  for (const inbox of inboxes.values()) {
    if (pipelineTextOf(inbox) !== text) continue;
    closeInbox(router, inbox);
    for (const task of tasksOf(inbox)) drop(router, task, "noRoute", `Pipeline "${text}" is another one now`);
  }
}

/** Sends a generator of this node what the table decides for its source. */
function configure(router: Router, sourceId: SourceId): void {
  const { table, generators } = router.retained;
  const route = table?.sources.get(sourceId);
  const attached = generators.get(sourceId);
  if (table === null || route === undefined || attached === undefined) return;
  attached.generator.tell(
    {
      type: "configure",
      configuration: route.configuration,
      epoch: table.epoch,
      ...fixedNodes(attached.pipeline, homeOf(router), route.placement),
      placedOn: [...new Set([...[...route.placement.values()].flat(), table.fallback])],
      pause: route.pause ?? null,
      ...(route.loading === true && { loading: true }),
    },
    "control",
  );
}

function homeOf({ node, cloud, offers }: Router): Home {
  return { node, cloud, runs: offers };
}

/** A generator of this node is there, or there again: it receives what is decided for its source. */
export function attachGenerator(
  router: Router,
  { sourceId, pipeline, generator }: MessageOf<"attachGenerator">,
): void {
  router.retained.generators.set(sourceId, { pipeline, generator });
  adoptPipeline(router, pipeline);
  configure(router, sourceId);
}

/** A source of this node has ended. */
export function detachGenerator(router: Router, sourceId: SourceId): void {
  router.retained.generators.delete(sourceId);
  retireUnused(router);
}

/** Forgets pipelines that neither the table nor a generator of this node names and that no task here walks. */
export function retireUnused(router: Router): void {
  const { table, generators, pipelines, inboxes, failed, joins } = router.retained;
  const used = new Set<string>();
  for (const { id, version } of table?.pipelines.values() ?? []) used.add(pipelineKeyText(id, version));
  for (const { pipeline } of generators.values()) used.add(pipelineKeyText(pipeline.id, pipeline.version));
  for (const { pipelineId, pipelineVersion } of waitingTasks(joins)) {
    used.add(pipelineKeyText(pipelineId, pipelineVersion));
  }
  for (const inbox of inboxes.values()) if (taskCount(inbox) > 0) used.add(pipelineTextOf(inbox));
  for (const text of pipelines.keys()) if (!used.has(text)) pipelines.delete(text);
  for (const [text, { key }] of failed) {
    if (!used.has(pipelineKeyText(key.pipelineId, key.pipelineVersion))) failed.delete(text);
  }
  for (const inbox of inboxes.values()) if (!used.has(pipelineTextOf(inbox))) closeInbox(router, inbox);
}
