/**
 * The supervisor of a node's processors: one child for each stage that the controller asks for.
 *
 * PS1 A stage has one processor at most; the next is started when the one before it is gone.
 * PS2 Every stage asked for has a processor until it is retired, also after a restart of this actor or of the processor.
 * PS3 One whose service this node does not know has a processor too, which says that it cannot run.
 */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Behaviour, Context } from "../../runtime/behaviour.js";
import type { ProcessorMessage, ProcessorsMessage } from "../protocol/processor.js";
import { type StageKey, stageKeyText, type NodeName } from "../../task/identity.js";
import { feedsState, stageOf } from "../../task/pipeline.js";
import { stageAs, stageKeyOf } from "../../task/variants.js";
import type { ServiceDeclaration } from "../../task/service.js";
import { createProcessor, createProcessorRetained, type ProcessorPrivate } from "./processor.js";
import type { ProcessorLimits } from "./processor-limits.js";
import type { StartWorker } from "./worker-port.js";

type Message = ProcessorsMessage | { readonly type: "processorGone"; readonly stage: string };
type Ensure = Extract<ProcessorsMessage, { type: "ensureProcessor" }>;

export interface ProcessorsOptions {
  readonly node: NodeName;
  /** The catalogue, by service name. */
  readonly services: ReadonlyMap<string, ServiceDeclaration>;
  readonly modelDir: string | null;
  readonly limits: ProcessorLimits;
  readonly startWorker: StartWorker;
  /** Whether the machine has memory for a worker beyond a stage's first. */
  readonly hasMemory: () => boolean;
}

interface State {
  /** By `pipeline@version/stage:variant`. */
  readonly children: Map<string, ActorRef<ProcessorMessage | ProcessorPrivate>>;
  /** Children ever started; makes long names unique. */
  started: number;
}

/** A processor's mailbox: more than the windows of a thousand sources, as a task lost here would be lost for good. */
const MAILBOX_CAPACITY = 100_000;
/** Of an actor's name. */
const NAME_LENGTH_MAX = 128;

/** What survives a restart of the supervisor. */
export interface ProcessorsRetained {
  /** The stages asked for, by `pipeline@version/stage:variant`. */
  readonly wanted: Map<string, Ensure>;
}

export function createProcessorsRetained(): ProcessorsRetained {
  return { wanted: new Map() };
}

/** The behaviour of the supervisor. */
export function createProcessors(
  options: ProcessorsOptions,
  retained: ProcessorsRetained,
): Behaviour<State, Message> {
  const { wanted } = retained;

  return {
    start(ctx) {
      const state: State = { children: new Map(), started: 0 };
      for (const message of wanted.values()) startChild(state, message, ctx);
      return state;
    },
    receive(state, message, ctx) {
      switch (message.type) {
        case "ensureProcessor":
          onEnsure(state, message, ctx);
          return state;
        case "retireProcessor":
          onRetire(state, message.stage, ctx);
          return state;
        case "processorGone":
          onGone(state, message.stage, ctx);
          return state;
        default:
          ctx.unhandled(message);
          return state;
      }
    },
  };

  function onEnsure(state: State, message: Ensure, ctx: Context<Message>): void {
    const text = stageKeyText(keyOf(message));
    wanted.set(text, message);
    if (!state.children.has(text)) startChild(state, message, ctx);
  }

  function startChild(state: State, message: Ensure, ctx: Context<Message>): void {
    const { node, services, modelDir, limits, startWorker, hasMemory } = options;
    const { controller } = message;
    const key = keyOf(message);
    const text = stageKeyText(key);
    const stage = stageAs(stageOf(message.pipeline, message.stage), message.variant);
    const service = services.get(stage.service) ?? null;
    const behaviour = createProcessor(
      {
        node,
        key,
        stage,
        feedsState: feedsState(message.pipeline, stage),
        service,
        modelDir,
        controller,
        limits,
        startWorker,
        hasMemory,
      },
      createProcessorRetained(),
    );
    const child = ctx.spawn(behaviour, {
      name: childName(state, key),
      mailbox: { capacity: MAILBOX_CAPACITY },
    });
    state.children.set(text, child);
    ctx.watch(child, () => ({ type: "processorGone", stage: text }));
  }

  function onRetire(state: State, key: StageKey, ctx: Context<Message>): void {
    const text = stageKeyText(key);
    wanted.delete(text);
    const child = state.children.get(text);
    if (child === undefined) return;
    state.children.delete(text);
    ctx.unwatch(child);
    ctx.stop(child);
  }

  function onGone(state: State, text: string, ctx: Context<Message>): void {
    state.children.delete(text);
    const message = wanted.get(text);
    if (message !== undefined) startChild(state, message, ctx);
  }

  function childName(state: State, { pipelineId, pipelineVersion, stage, variant }: StageKey): string {
    state.started += 1;
    const name = [pipelineId, pipelineVersion, stage, ...(variant === undefined ? [] : [variant])].join("$");
    const suffix = `$${state.started}`;
    return name.length <= NAME_LENGTH_MAX ? name : name.slice(0, NAME_LENGTH_MAX - suffix.length) + suffix;
  }
}

function keyOf({ pipeline, stage, variant }: Ensure): StageKey {
  return stageKeyOf(pipeline, { id: stage, ...(variant !== undefined && { variant }) });
}
