/** How a node comes by the models that its own folder lacks: from the hub, which has them in a folder beside its store. */

import { askNode } from "../../actors/guard/ask-node.js";
import { MODEL_PART_REPLY, MODEL_REPLY } from "../../actors/guard/model-rules.js";
import type { StartWorker } from "../../actors/processor/worker-port.js";
import type { ModelsMessage } from "../../actors/protocol/models.js";
import type { SchedulerMessage } from "../../actors/protocol/scheduler.js";
import type { ActorRef } from "../../runtime/actor-ref.js";
import type { ActorSystem } from "../../runtime/system.js";
import { ModelLibrary } from "../../services/models/library.js";
import { ModelVersions } from "../../services/models/model-versions.js";
import type { NodeName } from "../../task/identity.js";
import { SluiceError } from "../../task/errors.js";
import { MODEL_LIMITS } from "../../task/offers.js";
import type { Holdings } from "../node-holdings.js";
import type { NodeOptions } from "../node-options.js";
import type { NodeWorld } from "../world.js";
import { FetchedModels } from "./fetched-models.js";
import { createModelDesk } from "./model-desk.js";
import { ModelWatch, type LookAtModel } from "./model-watch.js";
import { workersWithModels, type ModelPorts } from "./workers-with-models.js";

export interface OwnModels {
  readonly startWorker: StartWorker;
  /** Of the largest model that the node can fetch, in bytes; absent where it fetches none. */
  readonly fetchBytesMax?: number;
}

/** For one part, in ms: a quarter of a MiB takes 20 s at 100 kbit/s. */
const PART_MS = 30_000;

export interface OwnModelsContext {
  readonly system: ActorSystem;
  readonly cloud: NodeName;
  readonly world: Pick<NodeWorld, "startWorker">;
  readonly held: Pick<Holdings, "cluster">;
}

/** Starts the desk of the node that is the cloud, where it has a library. */
export function openOwnModels(
  {
    modelDir = null,
    modelLibrary,
    fetchedModels,
  }: Pick<NodeOptions, "modelDir" | "modelLibrary" | "fetchedModels">,
  { world: { startWorker }, system, cloud, held }: OwnModelsContext,
): OwnModels {
  const own = new ModelVersions(modelDir);
  const withModels = (locate: ModelPorts["locate"], look?: LookAtModel): StartWorker => {
    const watch = new ModelWatch(
      system.clock,
      async (file) => (await own.of(file)) ?? (await look?.(file)) ?? null,
    );
    return workersWithModels(startWorker, { locate, watch });
  };
  if (system.name === cloud) {
    if (modelLibrary === undefined) return { startWorker: withModels(null) };
    const library = new ModelLibrary(modelLibrary);
    const desk = createModelDesk({
      find: (file) => library.find(file),
      read: (file, sha256, offset) => library.read(file, sha256, offset),
      list: () => library.list(),
      state: () => library.state(),
      scheduler: system.resolve<SchedulerMessage>(`sluice://${cloud}/scheduler`),
      countRefusal: (kind, detail) => held.cluster?.countRefusal(kind, detail),
    });
    system.spawn(desk, { name: "models", restart: "permanent", mailbox: { capacity: 1_000 } });
    const locate = async (file: string): Promise<string> => {
      if ((await library.find(file)) !== null) return modelLibrary;
      throw new SluiceError(
        `Cannot load model "${file}" as neither the folder of models (--model-dir) nor the hub has it: see "sluice model list"`,
        { code: "model-missing" },
      );
    };
    const kept = new ModelVersions(modelLibrary);
    return {
      startWorker: withModels(locate, (file) => kept.of(file)),
      fetchBytesMax: MODEL_LIMITS.bytesMax,
    };
  }
  if (fetchedModels === undefined) return { startWorker: withModels(null) };
  const desk: ActorRef<ModelsMessage> = system.resolve(`sluice://${cloud}/models`);
  const fetched = new FetchedModels(fetchedModels, {
    async find(file) {
      const reply = await askNode(system, desk, MODEL_REPLY, (replyTo) => ({
        type: "findModel",
        file,
        replyTo,
      }));
      if (reply.type === "modelRefused") throw reply.error;
      return reply;
    },
    async read(file, sha256, offset) {
      const reply = await askNode(
        system,
        desk,
        MODEL_PART_REPLY,
        (replyTo) => ({ type: "readModel", file, sha256, offset, replyTo }),
        { timeoutMs: PART_MS },
      );
      if (reply.type === "modelRefused") throw reply.error;
      return reply.data;
    },
    now: () => system.clock.now(),
  });
  return {
    startWorker: withModels(
      (file, version) => fetched.locate(file, version),
      (file) => fetched.newest(file),
    ),
    fetchBytesMax: Math.min(MODEL_LIMITS.bytesMax, fetchedModels.bytesMax),
  };
}
