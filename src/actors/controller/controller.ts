/**
 * The router of a node: looks at a task's stage cursor and the newest routing table, and gives the task to the local
 * processor of that stage, to another node's controller, or to the distributor.
 *
 * C1 An admitted task is in one place: on a stage's desk, at a join, parked for its pipeline, or handed on.
 * C2 Nothing ends here in silence: every drop goes to the distributor as a record with its reason.
 * C3 A table is swapped between two messages, only ever for a newer one; a task not yet with a processor follows the
 *    newest, and each hop carries the epoch that it was routed by.
 * C4 The branches of a task meet at the node fixed at its creation, whatever tables come in between.
 * C5 A task is given to a processor once, until a processor that has started anew is given it again.
 * C6 Desks, joins and the park are bounded; what does not fit is dropped as `overflow` (C2).
 */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Behaviour, Context } from "../../runtime/behaviour.js";
import { assertNever } from "../../runtime/errors.js";
import type {
  ControllerMessage,
  DistributorMessage,
  GeneratorMessage,
  NodeEvent,
  ProcessorsMessage,
} from "../protocol.js";
import { stageKeyText, type NodeName, type SourceId } from "../task/identity.js";
import { arrive, createJoins, expire, forget, needsJoin, type Joins } from "../task/join.js";
import { stageOf, type Pipeline } from "../task/pipeline.js";
import { routeStage, supersedes, validateTable, type RoutingTable } from "../task/routing-table.js";
import { END, type Cursor, type DropReason, type Task } from "../task/task.js";
import { completeStage, joinNodesFor } from "../task/walk.js";
import { accept, announce, createDesk, deskSize, settle, takeBackWaiting, type Desk } from "./desk.js";

type Private = { readonly type: "tick" };
export type Message = ControllerMessage | Private;

interface AttachedGenerator {
  readonly pipeline: Pipeline;
  readonly generator: ActorRef<GeneratorMessage>;
}

/** Everything that the controller knows. It outlives a restart, so that a fault in one message loses no other task. */
export interface ControllerState {
  table: RoutingTable | null;
  readonly generators: Map<SourceId, AttachedGenerator>;
  /** Every pipeline that a table or a generator of this node has named and that is still of use, by `id@version`. */
  readonly pipelines: Map<string, Pipeline>;
  readonly desks: Map<string, Desk>;
  readonly joins: Joins;
  /** Tasks from other nodes that came before the table with their pipeline, by arrival. */
  readonly park: { readonly task: Task; readonly untilMs: number }[];
}

export interface ControllerOptions {
  readonly node: NodeName;
  /** Where the distributor is, where joins of all leaves meet, and the last resort of routing. */
  readonly cloud: NodeName;
  readonly services: ReadonlySet<string>;
  readonly processors: ActorRef<ProcessorsMessage>;
  readonly distributor: ActorRef<DistributorMessage>;
  readonly listener: ActorRef<NodeEvent> | null;
  readonly limits?: Partial<ControllerLimits>;
}

export interface ControllerLimits {
  /** Tasks on one desk. Default 4,096. */
  readonly deskTasksMax: number;
  /** Tasks waiting at joins. Default 16,384. */
  readonly joinTasksMax: number;
  /** Tasks waiting for the table that has their pipeline. Default 1,024. */
  readonly parkTasksMax: number;
  /** How long they wait, in ms. Default 5,000. */
  readonly parkMs: number;
  /** How often joins and the park are looked at for what is overdue, in ms. Default 250. */
  readonly tickMs: number;
}

const DEFAULT_LIMITS: ControllerLimits = {
  deskTasksMax: 4_096,
  joinTasksMax: 16_384,
  parkTasksMax: 1_024,
  parkMs: 5_000,
  tickMs: 250,
};

export function createControllerState(limits: Partial<ControllerLimits> = {}): ControllerState {
  return {
    table: null,
    generators: new Map(),
    pipelines: new Map(),
    desks: new Map(),
    joins: createJoins({ tasksMax: limits.joinTasksMax ?? DEFAULT_LIMITS.joinTasksMax }),
    park: [],
  };
}

export function controller(
  options: ControllerOptions,
  held: ControllerState,
): Behaviour<ControllerState, Message> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };

  return {
    start(ctx) {
      ctx.every("tick", limits.tickMs, { type: "tick" });
      return held;
    },

    receive(state, message, ctx) {
      switch (message.type) {
        case "submit":
          onSubmit(state, message.task, message.forwarded ?? false, ctx);
          return state;
        case "stageCompleted":
          onStageCompleted(state, message, ctx);
          return state;
        case "stageDropped":
          onStageDropped(state, message, ctx);
          return state;
        case "stageRefused":
        case "stageReady":
          return state;
        case "processorStarted":
          onProcessorStarted(state, message);
          return state;
        case "processorFailed":
          onProcessorFailed(message);
          return state;
        case "installTable":
          onInstallTable(state, message, ctx);
          return state;
        case "attachGenerator":
          onAttachGenerator(state, message);
          return state;
        case "detachGenerator":
          onDetachGenerator(state, message.sourceId);
          return state;
        case "abandon":
          onAbandon(state, message);
          return state;
        case "reportQueues":
          onReportQueues(state, message);
          return state;
        case "tick":
          onTick(state, ctx);
          return state;
        default:
          return assertNever(message);
      }
    },
  };

  function onSubmit(state: ControllerState, task: Task, forwarded: boolean, ctx: Context<Message>): void {
    const pipeline = pipelineOf(state, task);
    if (pipeline === undefined) {
      park(state, task, ctx);
      return;
    }
    if (!needsJoin(pipeline, task)) {
      dispatch(state, task, pipeline, forwarded, ctx);
      return;
    }
    const joinNode = task.joinNodes.get(task.cursor) ?? options.cloud;
    if (joinNode === options.node) joinHere(state, task, pipeline, ctx);
    else controllerOf(joinNode, ctx).tell({ type: "submit", task });
  }

  function joinHere(state: ControllerState, task: Task, pipeline: Pipeline, ctx: Context<Message>): void {
    const arrival = arrive(state.joins, task, pipeline, ctx.now());
    switch (arrival.outcome) {
      case "waiting":
      case "duplicate":
        return;
      case "joined":
        dispatch(state, arrival.task, pipeline, false, ctx);
        return;
      case "overflow":
        drop(state, task, "overflow", `Joins of ${options.node} hold ${limits.joinTasksMax} tasks`, ctx);
        return;
      default:
        assertNever(arrival);
    }
  }

  /** The router's decision, for a task whose branches are all here. */
  function dispatch(
    state: ControllerState,
    task: Task,
    pipeline: Pipeline,
    forwarded: boolean,
    ctx: Context<Message>,
  ): void {
    if (task.cursor === END) {
      options.distributor.tell({ type: "store", task });
      return;
    }
    const route = routeStage({
      table: state.table,
      cursor: task.cursor,
      task,
      node: options.node,
      localServices: options.services,
      pipeline,
      cloud: options.cloud,
      forwarded,
    });
    switch (route.to) {
      case "local":
        executeHere(state, task, task.cursor, pipeline, ctx);
        return;
      case "node":
        controllerOf(route.node, ctx).tell({ type: "submit", task, forwarded: true });
        return;
      case "none":
        drop(state, task, "noRoute", route.detail, ctx);
        return;
      default:
        assertNever(route);
    }
  }

  function executeHere(
    state: ControllerState,
    task: Task,
    stageId: Exclude<Cursor, typeof END>,
    pipeline: Pipeline,
    ctx: Context<Message>,
  ): void {
    const key = { pipelineId: pipeline.id, pipelineVersion: pipeline.version, stage: stageId };
    const text = stageKeyText(key);
    let desk = state.desks.get(text);
    if (desk === undefined) {
      desk = createDesk(key, stageOf(pipeline, stageId));
      state.desks.set(text, desk);
      // Once a desk: a processor that is asked for again takes it for the question of a controller that has forgotten it.
      options.processors.tell({ type: "ensureProcessor", pipeline, stage: stageId, controller: ctx.self });
    }
    if (deskSize(desk) >= limits.deskTasksMax) {
      drop(
        state,
        task,
        "overflow",
        `Stage "${text}" of ${options.node} has ${limits.deskTasksMax} tasks`,
        ctx,
      );
      return;
    }
    accept(desk, task, state.table?.epoch ?? 0);
  }

  function onStageCompleted(
    state: ControllerState,
    { task, result, hop }: Extract<Message, { type: "stageCompleted" }>,
    ctx: Context<Message>,
  ): void {
    const pipeline = pipelineOf(state, task);
    const given = settleAt(state, task);
    // An answer for a task that is not on the desk is the second one, of an executor that was given up.
    if (given === null || pipeline === undefined) return;
    for (const next of completeStage(given, pipeline, result, hop)) onSubmit(state, next, false, ctx);
  }

  function onStageDropped(
    state: ControllerState,
    { task, reason, detail }: Extract<Message, { type: "stageDropped" }>,
    ctx: Context<Message>,
  ): void {
    const fromGenerator = reason === "windowFull";
    if (settleAt(state, task) === null && !fromGenerator) return;
    drop(state, task, reason, detail, ctx);
  }

  function settleAt(state: ControllerState, task: Task): Task | null {
    const { pipelineId, pipelineVersion, cursor } = task;
    if (cursor === END) return null;
    const desk = state.desks.get(stageKeyText({ pipelineId, pipelineVersion, stage: cursor }));
    return desk === undefined ? null : settle(desk, task);
  }

  function onProcessorStarted(
    state: ControllerState,
    { stage, processor }: Extract<Message, { type: "processorStarted" }>,
  ): void {
    const desk = state.desks.get(stageKeyText(stage));
    if (desk === undefined) options.processors.tell({ type: "retireProcessor", stage });
    else announce(desk, processor);
  }

  function onProcessorFailed({ stage, error }: Extract<Message, { type: "processorFailed" }>): void {
    options.listener?.tell({ type: "stageFailed", node: options.node, stage, error });
  }

  /** The hot swap: between two messages, with nothing paused and nothing drained. */
  function onInstallTable(
    state: ControllerState,
    { table, replyTo }: Extract<Message, { type: "installTable" }>,
    ctx: Context<Message>,
  ): void {
    const { node } = options;
    if (state.table !== null && !supersedes(state.table, table)) {
      const reply = { node, epoch: table.epoch } as const;
      if (state.table.epoch === table.epoch && state.table.term === table.term) {
        replyTo.tell({ type: "tableInstalled", ...reply }, "control");
      } else {
        replyTo.tell({ type: "tableRefused", ...reply, heldEpoch: state.table.epoch }, "control");
      }
      return;
    }
    const problems = validateTable(table);
    if (problems.length > 0) {
      ctx.log.error("Routing table refused", { epoch: table.epoch, problems: problems.slice(0, 5) });
      replyTo.tell(
        { type: "tableRefused", node, epoch: table.epoch, heldEpoch: state.table?.epoch ?? 0 },
        "control",
      );
      return;
    }
    state.table = table;
    for (const pipeline of table.pipelines.values()) state.pipelines.set(pipelineText(pipeline), pipeline);
    for (const sourceId of state.generators.keys()) configure(state, sourceId);
    replyTo.tell({ type: "tableInstalled", node, epoch: table.epoch }, "control");

    const rerouted = [...state.desks.values()].flatMap((desk) => takeBackWaiting(desk));
    const unparked = state.park.splice(0).map((parked) => parked.task);
    for (const task of [...rerouted, ...unparked]) onSubmit(state, task, false, ctx);
    retireUnused(state);
  }

  function configure(state: ControllerState, sourceId: SourceId): void {
    const route = state.table?.sources.get(sourceId);
    const attached = state.generators.get(sourceId);
    if (state.table === null || route === undefined || attached === undefined) return;
    const pipeline = state.table.pipelines.get(route.pipelineId) ?? attached.pipeline;
    attached.generator.tell(
      {
        type: "configure",
        configuration: route.configuration,
        epoch: state.table.epoch,
        joinNodes: joinNodesFor(pipeline, (stage) =>
          stage === END ? options.cloud : (route.placement.get(stage)?.[0] ?? options.node),
        ),
      },
      "control",
    );
  }

  function onAttachGenerator(
    state: ControllerState,
    { sourceId, pipeline, generator }: Extract<Message, { type: "attachGenerator" }>,
  ): void {
    state.generators.set(sourceId, { pipeline, generator });
    state.pipelines.set(pipelineText(pipeline), pipeline);
    configure(state, sourceId);
  }

  function onDetachGenerator(state: ControllerState, sourceId: SourceId): void {
    state.generators.delete(sourceId);
    retireUnused(state);
  }

  function onAbandon(
    state: ControllerState,
    { id, pipelineId, pipelineVersion }: Extract<Message, { type: "abandon" }>,
  ): void {
    forget(state.joins, id);
    for (const desk of state.desks.values()) {
      const { key, stage, processor } = desk;
      if (key.pipelineId !== pipelineId || key.pipelineVersion !== pipelineVersion || !stage.stateful)
        continue;
      processor?.tell({ type: "skip", id });
    }
  }

  function onReportQueues(
    state: ControllerState,
    { replyTo }: Extract<Message, { type: "reportQueues" }>,
  ): void {
    const queued: Record<string, number> = {};
    for (const [text, desk] of state.desks) queued[text] = deskSize(desk);
    replyTo.tell({
      type: "queuesReported",
      node: options.node,
      epoch: state.table?.epoch ?? 0,
      queued,
      joining: state.joins.joining,
    });
  }

  function onTick(state: ControllerState, ctx: Context<Message>): void {
    const nowMs = ctx.now();
    for (const { task, missing } of expire(state.joins, nowMs)) {
      drop(
        state,
        task,
        "joinTimeout",
        `No result of ${missing.map((stage) => `"${stage}"`).join(", ")} came`,
        ctx,
      );
    }
    for (let first = state.park[0]; first !== undefined && first.untilMs <= nowMs; first = state.park[0]) {
      state.park.shift();
      drop(state, first.task, "noRoute", `No table names pipeline "${first.task.pipelineId}"`, ctx);
    }
    retireUnused(state);
  }

  function park(state: ControllerState, task: Task, ctx: Context<Message>): void {
    if (state.park.length >= limits.parkTasksMax) {
      drop(
        state,
        task,
        "overflow",
        `${limits.parkTasksMax} tasks wait for their pipeline at ${options.node}`,
        ctx,
      );
      return;
    }
    state.park.push({ task, untilMs: ctx.now() + limits.parkMs });
  }

  /** Ends a task: the distributor stores the gap, and every node that may wait for the task is told. */
  function drop(
    state: ControllerState,
    task: Task,
    reason: DropReason,
    detail: string,
    ctx: Context<Message>,
  ): void {
    const { id, pipelineId, pipelineVersion, cursor, sourceAtMs, origin } = task;
    options.distributor.tell({
      type: "recordDrop",
      drop: { id, reason, stage: cursor, node: options.node, atMs: ctx.now(), sourceAtMs, detail, origin },
    });
    const nodes = new Set<NodeName>(task.joinNodes.values());
    const pipeline = pipelineOf(state, task);
    const placement = state.table?.sources.get(id.sourceId)?.placement;
    for (const stage of pipeline?.stages ?? []) {
      if (stage.stateful) for (const node of placement?.get(stage.id) ?? [options.node]) nodes.add(node);
    }
    const abandon = { type: "abandon", id, pipelineId, pipelineVersion } as const;
    for (const node of nodes) {
      if (node === options.node) onAbandon(state, abandon);
      else controllerOf(node, ctx).tell(abandon);
    }
  }

  /** Forgets pipelines that neither the table nor a generator of this node names and that no task here walks. */
  function retireUnused(state: ControllerState): void {
    const used = new Set<string>();
    for (const pipeline of state.table?.pipelines.values() ?? []) used.add(pipelineText(pipeline));
    for (const { pipeline } of state.generators.values()) used.add(pipelineText(pipeline));
    for (const desk of state.desks.values()) {
      if (deskSize(desk) > 0) used.add(`${desk.key.pipelineId}@${desk.key.pipelineVersion}`);
    }
    if (state.joins.joining > 0) return;
    for (const text of state.pipelines.keys()) if (!used.has(text)) state.pipelines.delete(text);
    for (const [text, desk] of state.desks) {
      if (used.has(`${desk.key.pipelineId}@${desk.key.pipelineVersion}`)) continue;
      state.desks.delete(text);
      options.processors.tell({ type: "retireProcessor", stage: desk.key });
    }
  }

  function pipelineOf(state: ControllerState, task: Task): Pipeline | undefined {
    return state.pipelines.get(`${task.pipelineId}@${task.pipelineVersion}`);
  }

  function controllerOf(node: NodeName, ctx: Context<Message>): ActorRef<ControllerMessage> {
    return ctx.resolve(controllerAddress(node));
  }
}

/** Where the controller of a node is found. */
export function controllerAddress(node: NodeName): string {
  return `sluice://${node}/controller`;
}

function pipelineText(pipeline: Pipeline): string {
  return `${pipeline.id}@${pipeline.version}`;
}
