/**
 * The supervisor of a node's processors: one child for each stage that the controller asks for.
 *
 * PS1 A stage has one processor at most; the next is started when the one before it is gone.
 * PS2 Every stage asked for gets a processor, also one whose service this node does not know: it answers for its tasks.
 */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Behaviour, Context } from "../../runtime/behaviour.js";
import { assertNever } from "../../runtime/errors.js";
import type { ProcessorMessage, ProcessorsMessage, StageKey } from "../protocol.js";
import { stageKeyText, type NodeName } from "../task/identity.js";
import { stageOf } from "../task/pipeline.js";
import type { ServiceDeclaration } from "../task/service.js";
import { processor, type ProcessorPrivate } from "./processor.js";
import type { ProcessorLimits } from "./processor-limits.js";
import type { StartWorker } from "./worker-port.js";

type Message = ProcessorsMessage | { readonly type: "processorGone"; readonly stage: string };
type Ensure = Extract<Message, { type: "ensureProcessor" }>;

export interface ProcessorsOptions {
  readonly node: NodeName;
  /** The catalogue, by service name. */
  readonly services: ReadonlyMap<string, ServiceDeclaration>;
  readonly modelDir: string | null;
  readonly limits: ProcessorLimits;
  readonly startWorker: StartWorker;
}

type Child =
  | { readonly status: "running"; readonly ref: ActorRef<ProcessorMessage | ProcessorPrivate> }
  /** `next` is wanted once it is gone. */
  | { readonly status: "stopping"; readonly next: Ensure | null };

interface State {
  /** By `pipeline@version/stage`. */
  readonly children: Map<string, Child>;
  /** Children ever started; makes long names unique. */
  started: number;
}

/** A processor's mailbox: more than the windows of a thousand sources, as a task lost here would be lost for good. */
const MAILBOX_CAPACITY = 100_000;
/** Of an actor's name. */
const NAME_LENGTH_MAX = 128;

/** The behaviour of the supervisor. */
export function processors(options: ProcessorsOptions): Behaviour<State, Message> {
  return {
    start: () => ({ children: new Map(), started: 0 }),
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
          return assertNever(message);
      }
    },
  };

  function onEnsure(state: State, message: Ensure, ctx: Context<Message>): void {
    const key = keyOf(message);
    const text = stageKeyText(key);
    const child = state.children.get(text);
    if (child?.status === "running") {
      child.ref.tell({ type: "announce" });
    } else if (child?.status === "stopping") {
      state.children.set(text, { status: "stopping", next: message });
    } else {
      const { node, services, modelDir, limits, startWorker } = options;
      const stage = stageOf(message.pipeline, message.stage);
      const service = services.get(stage.service) ?? null;
      const { controller } = message;
      const ref = ctx.spawn(
        processor({ node, key, stage, service, modelDir, controller, limits, startWorker }),
        {
          name: childName(state, key),
          mailbox: { capacity: MAILBOX_CAPACITY },
        },
      );
      state.children.set(text, { status: "running", ref });
      ctx.watch(ref, () => ({ type: "processorGone", stage: text }));
    }
  }

  function onRetire(state: State, key: StageKey, ctx: Context<Message>): void {
    const text = stageKeyText(key);
    const child = state.children.get(text);
    if (child === undefined) return;
    if (child.status === "running") ctx.stop(child.ref);
    state.children.set(text, { status: "stopping", next: null });
  }

  function onGone(state: State, text: string, ctx: Context<Message>): void {
    const child = state.children.get(text);
    state.children.delete(text);
    if (child?.status === "stopping" && child.next !== null) onEnsure(state, child.next, ctx);
  }

  function childName(state: State, { pipelineId, pipelineVersion, stage }: StageKey): string {
    state.started += 1;
    const name = `${pipelineId}$${pipelineVersion}$${stage}`;
    const suffix = `$${state.started}`;
    return name.length <= NAME_LENGTH_MAX ? name : name.slice(0, NAME_LENGTH_MAX - suffix.length) + suffix;
  }
}

function keyOf({ pipeline, stage }: Ensure): StageKey {
  return { pipelineId: pipeline.id, pipelineVersion: pipeline.version, stage };
}
