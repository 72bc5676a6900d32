/**
 * What a scheduler routes and deploys, looked at with each table that it publishes (`deploy.ts`), by what nodes have told it.
 *
 * SL1 A stage goes to a node that has said that it has loaded it, unless no node of its plan has; and it leaves no node that has it
 *     for one that has not.
 * SL2 What tasks are routed to is deployed there.
 * SL3 A stage goes where it is wanted soon after that is loaded there.
 */

import type { Message, State } from "../actors/scheduler/state.js";
import type { Behaviour } from "../runtime/behaviour.js";
import type { Decorate } from "../runtime/system-options.js";
import { placeText } from "../scheduling/plan.js";
import {
  pipelineKeyText,
  stageKeyText,
  type NodeName,
  type SourceId,
  type StageKey,
} from "../task/identity.js";
import type { Pipeline, Stage } from "../task/pipeline.js";
import { pipelineOfRoute, type RoutingTable, type SourceRoute } from "../task/routing-table.js";
import { sameData } from "../task/same-data.js";
import { stageIn, stageKeyOf } from "../task/variants.js";
import type { SimulatedProcess } from "./simulated-process.js";
import type { StepListener } from "./step-listener.js";
import type { VirtualTime } from "./virtual-time.js";

export interface SchedulerCheckerOptions extends StepListener {
  readonly time: VirtualTime;
  readonly process: () => SimulatedProcess | null;
}

/** From when a stage is loaded where it is wanted until a table says so, in ms: a round and a tick. */
const SOON_MS = 3_000;

export class SchedulerChecker {
  readonly #options: SchedulerCheckerOptions;
  /** By node, what it has said since it was registered. */
  #said = new Map<NodeName, ReadonlySet<string>>();
  /** Since when each stage of a source could be where it is wanted, in simulated time. */
  #late = new Map<string, number>();

  constructor(options: SchedulerCheckerOptions) {
    this.#options = options;
  }

  readonly decorate: Decorate = (name, behaviour) =>
    name === "scheduler"
      ? (this.#checked(behaviour as unknown as Behaviour<State, Message>) as unknown as typeof behaviour)
      : behaviour;

  #checked(behaviour: Behaviour<State, Message>): Behaviour<State, Message> {
    return {
      ...behaviour,
      start: (ctx) => {
        this.#said = new Map();
        this.#late = new Map();
        return behaviour.start(ctx);
      },
      receive: (state, message, ctx) => {
        this.#hear(state, message);
        const { table: before } = state.retained;
        const next = behaviour.receive(state, message, ctx);
        const { table } = next.retained;
        if (table !== null && table !== before) this.#checkTable(next, table, before, ctx.monotonic());
        if (table !== null && message.type === "tick") this.#checkSoon(next, table, ctx.monotonic());
        return next;
      },
    };
  }

  #hear({ nodes, retained }: State, message: Message): void {
    if (message.type === "registerNode") {
      const { node, controller } = message;
      const before = retained.nodes.get(node.name);
      const again = before?.controller.address === controller.address && sameData(before.description, node);
      if (!again) this.#said.delete(node.name);
    } else if (message.type === "removeNode") {
      this.#said.delete(message.node);
    } else if (message.type === "stagesLoaded" && nodes.has(message.node)) {
      this.#said.set(message.node, new Set(message.stages.map(stageKeyText)));
    }
  }

  /** Null of a node that has said nothing yet. */
  #has(node: NodeName, key: StageKey): boolean | null {
    return this.#said.get(node)?.has(stageKeyText(key)) ?? null;
  }

  #checkTable(state: State, table: RoutingTable, before: RoutingTable | null, nowMs: number): void {
    for (const [id, route] of table.sources) {
      const pipeline = pipelineOfRoute(table, route);
      if (pipeline === undefined) continue;
      const last = before?.sources.get(id);
      const isSame = last !== undefined && pipelineText(last) === pipelineText(route) ? last : null;
      for (const any of pipeline.stages) {
        this.#checkStage(state, { id, pipeline, any, route, before: isSame, nowMs });
        this.#checkDeployed(state, table, { id, pipeline, any, route });
      }
    }
  }

  /** SL1. */
  #checkStage(
    { nodes, exclusions }: State,
    {
      id,
      pipeline,
      any,
      route,
      before,
      nowMs,
    }: {
      readonly id: SourceId;
      readonly pipeline: Pipeline;
      readonly any: Stage;
      readonly route: SourceRoute;
      readonly before: SourceRoute | null;
      readonly nowMs: number;
    },
  ): void {
    const { tried, onViolation } = this.#options;
    const places = route.placement.get(any.id) ?? [];
    const [first] = places;
    const stage = stageIn(any, route.configuration);
    const key = stageKeyOf(pipeline, stage);
    if (first === undefined) return;
    if (this.#has(first, key) === true) {
      tried("scheduler a stage routed to where it is loaded");
      return;
    }
    const [was] = before?.placement.get(any.id) ?? [];
    if (was === first && this.#has(first, key) === null) {
      tried("scheduler a stage that stays until its node says what it has");
      return;
    }
    if (before !== null && was !== undefined && was !== first) {
      const stageBefore = stageIn(any, before.configuration);
      const excluded = exclusions.among(pipeline, nowMs).get(placeText(stageBefore))?.has(was) === true;
      if (nodes.has(was) && !excluded && this.#has(was, stageKeyOf(pipeline, stageBefore)) === true) {
        onViolation(
          `loading: "${any.id}" of ${id} goes from ${was}, which has it, to ${first}, which has not said so`,
        );
        return;
      }
    }
    const ready = stage.stateful
      ? undefined
      : places.find((node) => nodes.has(node) && this.#has(node, key) === true);
    if (ready !== undefined) {
      onViolation(
        `loading: "${any.id}" of ${id} goes to ${first}, which has not said that it has it, and ${ready} has`,
      );
    } else tried("scheduler a stage that no node has loaded yet");
    if (this.#has(first, key) === false && route.loading !== true) {
      onViolation(`loading: ${id} is not said to wait for "${any.id}" at ${first}`);
    }
  }

  /** SL2. */
  #checkDeployed(
    { nodes }: State,
    { deployments }: RoutingTable,
    {
      id,
      pipeline,
      any,
      route,
    }: {
      readonly id: SourceId;
      readonly pipeline: Pipeline;
      readonly any: Stage;
      readonly route: SourceRoute;
    },
  ): void {
    const [first] = route.placement.get(any.id) ?? [];
    if (first === undefined || !nodes.has(first)) return;
    const text = stageKeyText(stageKeyOf(pipeline, stageIn(any, route.configuration)));
    const isDeployed = deployments.some(
      (deployment) => stageKeyText(deployment.stage) === text && deployment.nodes.includes(first),
    );
    if (!isDeployed)
      this.#options.onViolation(`loading: "${any.id}" of ${id} goes to ${first}, and is not deployed there`);
  }

  /** SL3. */
  #checkSoon({ sources, nodes, exclusions }: State, table: RoutingTable, nowMs: number): void {
    const { time, process, tried, onViolation } = this.#options;
    const late = new Map<string, number>();
    const awakeMs = time.nowMs - (process()?.awakeSinceMs ?? Infinity);
    for (const [id, { plan, description }] of sources) {
      const route = table.sources.get(id);
      const { pipeline } = description;
      if (
        plan === null ||
        route === undefined ||
        pipelineText(route) !== pipelineKeyText(pipeline.id, pipeline.version)
      )
        continue;
      for (const any of pipeline.stages) {
        const [wanted] = plan.placement.get(any.id) ?? [];
        const [first] = route.placement.get(any.id) ?? [];
        const stage = stageIn(any, plan.configuration);
        if (wanted === undefined || wanted === first || !nodes.has(wanted)) continue;
        if (exclusions.among(pipeline, nowMs).get(placeText(stage))?.has(wanted) === true) continue;
        if (this.#has(wanted, stageKeyOf(pipeline, stage)) !== true) continue;
        tried("scheduler a stage that is loaded where it is wanted, and runs elsewhere");
        const text = `${id} ${any.id} ${wanted}`;
        const sinceMs = this.#late.get(text) ?? time.nowMs;
        late.set(text, sinceMs);
        if (Math.min(awakeMs, time.nowMs - sinceMs) < SOON_MS) continue;
        onViolation(`loading: "${any.id}" of ${id} is loaded on ${wanted}, and still goes to ${first}`);
        late.delete(text);
      }
    }
    this.#late = late;
  }
}

function pipelineText({ pipelineId, pipelineVersion }: SourceRoute): string {
  return pipelineKeyText(pipelineId, pipelineVersion);
}
