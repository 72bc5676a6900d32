/**
 * The desk of a hub: gives nodes the models that its operator has put there, and tells the scheduler which these are.
 *
 * MD1 Each request is answered once. A node has one part on the way at a time; another one is refused and counted.
 * MD2 `READS_MAX` parts are read at once; of further nodes each waits its turn.
 */

import type { ActorRef } from "../../runtime/actor-ref.js";
import { parseAddress } from "../../runtime/address.js";
import type { AskResult, Behaviour, Context } from "../../runtime/behaviour.js";
import type { ModelPartReply, ModelReply, ModelsMessage } from "../../actors/protocol/models.js";
import type { SchedulerMessage } from "../../actors/protocol/scheduler.js";
import type { FoundModel } from "../../services/models/library.js";
import { SluiceError } from "../../task/errors.js";
import type { ModelFile } from "../../task/offers.js";

export interface ModelDeskPorts {
  readonly find: (file: string) => Promise<FoundModel | null>;
  readonly read: (file: string, sha256: string, offset: number) => Promise<Uint8Array | null>;
  readonly list: () => Promise<readonly ModelFile[]>;
  /** Changes with what is there. */
  readonly state: () => Promise<string>;
  readonly scheduler: ActorRef<SchedulerMessage>;
  readonly countRefusal: (kind: string, detail: string) => void;
}

type Read = Extract<ModelsMessage, { readonly type: "readModel" }>;

type ModelDeskPrivate =
  | { readonly type: "look" }
  | { readonly type: "looked"; readonly result: AskResult<Look | null> }
  | {
      readonly type: "found";
      readonly file: string;
      readonly replyTo: ActorRef<ModelReply>;
      readonly result: AskResult<FoundModel | null>;
    }
  | {
      readonly type: "read";
      readonly node: string;
      readonly request: Read;
      readonly result: AskResult<Uint8Array | null>;
    };

interface Look {
  readonly state: string;
  readonly models: readonly ModelFile[];
}

interface State {
  /** Of each node with a part on the way; null while it is being read. */
  readonly reading: Map<string, Read | null>;
  reads: number;
  known: string;
}

type Message = ModelsMessage | ModelDeskPrivate;
type Ctx = Context<Message>;

/** Parts that are read from disk at once. */
const READS_MAX = 4;
/** Between two looks at the folder, in ms. */
const LOOK_MS = 2_000;

export function createModelDesk(ports: ModelDeskPorts): Behaviour<State, Message> {
  return {
    start(ctx) {
      const state: State = { reading: new Map(), reads: 0, known: "" };
      look(state, ctx);
      ctx.every("look", LOOK_MS, { type: "look" });
      return state;
    },
    receive(state, message, ctx) {
      switch (message.type) {
        case "findModel": {
          const { file, replyTo } = message;
          ctx.pipe(ports.find(file), (result) => ({ type: "found", file, replyTo, result }));
          break;
        }
        case "readModel":
          onRead(state, message, ctx);
          break;
        case "look":
          look(state, ctx);
          break;
        case "looked":
          onLooked(state, message.result);
          break;
        case "found":
          onFound(message);
          break;
        case "read":
          onPart(state, message, ctx);
          break;
        default:
          ctx.unhandled(message);
      }
      return state;
    },
  };

  function look({ known }: State, ctx: Ctx): void {
    const looking = async (): Promise<Look | null> => {
      const state = await ports.state();
      return state === known ? null : { state, models: await ports.list() };
    };
    ctx.pipe(looking(), (result) => ({ type: "looked", result }));
  }

  function onLooked(state: State, result: AskResult<Look | null>): void {
    if (!result.ok || result.reply === null) return;
    state.known = result.reply.state;
    ports.scheduler.tell({ type: "modelsKept", models: result.reply.models }, "control");
  }

  function onFound({ file, replyTo, result }: Extract<Message, { readonly type: "found" }>): void {
    if (!result.ok) replyTo.tell({ type: "modelRefused", error: result.error });
    else if (result.reply === null) replyTo.tell(refusal(`the hub has no model "${file}"`, "never"));
    else {
      const { bytes, sha256, description } = result.reply;
      replyTo.tell({ type: "modelFound", bytes, sha256, description });
    }
  }

  function onRead(state: State, request: Read, ctx: Ctx): void {
    const node = parseAddress(request.replyTo.address).node;
    if (state.reading.has(node)) {
      ports.countRefusal("model-busy", `"${node}" asks for a part of "${request.file}" beside another one`);
      request.replyTo.tell(refusal("one part of a model is on its way already", "backoff"));
      return;
    }
    state.reading.set(node, request);
    readNext(state, ctx);
  }

  function readNext(state: State, ctx: Ctx): void {
    for (const [node, request] of state.reading) {
      if (state.reads >= READS_MAX) return;
      if (request === null) continue;
      state.reading.set(node, null);
      state.reads += 1;
      const { file, sha256, offset } = request;
      ctx.pipe(ports.read(file, sha256, offset), (result) => ({ type: "read", node, request, result }));
    }
  }

  function onPart(
    state: State,
    { node, request, result }: Extract<Message, { type: "read" }>,
    ctx: Ctx,
  ): void {
    state.reading.delete(node);
    state.reads -= 1;
    if (!result.ok) request.replyTo.tell({ type: "modelRefused", error: result.error });
    else if (result.reply === null) {
      request.replyTo.tell(refusal(`"${request.file}" is no longer there, or another one`, "backoff"));
    } else request.replyTo.tell({ type: "modelPart", data: result.reply });
    readNext(state, ctx);
  }
}

function refusal(
  problem: string,
  retry: "never" | "backoff",
): Extract<ModelPartReply, { type: "modelRefused" }> {
  const text = `Cannot fetch a model as ${problem}; see "sluice model list" on the machine of the hub`;
  return { type: "modelRefused", error: new SluiceError(text, { code: "model-missing", retry }) };
}
