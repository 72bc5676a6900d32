/** What the scheduler knows of a node: that it is there, and the sources that run on it. */

import type { ActorRef } from "../runtime/actor-ref.js";
import type { ActorSystem } from "../runtime/system.js";
import type { ControllerMessage } from "../actors/protocol/controller.js";
import { askNode } from "../actors/guard/ask-node.js";
import { POLICY_REPLY } from "../actors/guard/replies.js";
import type { SchedulerMessage } from "../actors/protocol/scheduler.js";
import type { SourceId } from "../task/identity.js";
import { soundNative, type NativeVideo } from "../task/native-video.js";
import { sameData } from "../task/same-data.js";
import type { NodeDescription, SourceDescription } from "../task/requests.js";

export interface RegistrationOptions {
  readonly system: ActorSystem;
  readonly scheduler: ActorRef<SchedulerMessage>;
  readonly node: NodeDescription;
  /** Of the node, by its address: where the scheduler sends tables. */
  readonly controller: ActorRef<ControllerMessage>;
}

export interface Registration {
  /** Registers the node and its sources, also again: a scheduler that has restarted knows neither. */
  announce(): void;
  /** Nothing is placed on the node any more. */
  withdraw(): void;
  /**
   * Asks the scheduler to decide for a source from now on. One that does not answer is not waited for.
   *
   * @throws SluiceError `policy-invalid`, `pipeline-invalid` or `source-invalid` where it refuses
   */
  request(source: SourceDescription, how: { readonly isNew: boolean }): Promise<void>;
  /** Keeps a source that was requested and runs: it is part of every announcement. */
  add(source: SourceDescription): void;
  /** It is open, and gives this: told where it is news, and part of every announcement. */
  opened(id: SourceId, native: NativeVideo): void;
  /** The source has ended, or is suspended: it goes on when this node is back. */
  remove(id: SourceId, how: { readonly suspended: boolean }): void;
}

/** How long the scheduler has to answer a request. */
const ANSWER_MS = 1_000;

export function createRegistration(options: RegistrationOptions): Registration {
  const { system, scheduler, node, controller } = options;
  const sources = new Map<SourceId, SourceDescription>();
  const forget = (sourceId: SourceId, suspended: boolean): void =>
    scheduler.tell({ type: "removeSource", sourceId, node: node.name, suspended }, "control");

  return {
    announce() {
      scheduler.tell({ type: "registerNode", node, controller }, "control");
      for (const source of sources.values()) scheduler.tell({ type: "registerSource", source }, "control");
    },

    withdraw: () => scheduler.tell({ type: "removeNode", node: node.name }, "control"),

    async request(source, { isNew }) {
      const answer = await askNode(
        system,
        scheduler,
        POLICY_REPLY,
        (replyTo) => ({ type: "registerSource", source, isNew, replyTo }),
        { timeoutMs: ANSWER_MS, lane: "control" },
      ).catch(() => null);
      if (answer?.type === "policyRefused") throw answer.error;
    },

    add: (source) => void sources.set(source.id, source),

    opened(id, video) {
      const source = sources.get(id);
      const native = soundNative(video);
      if (source === undefined || native === null || sameData(source.native, native)) return;
      sources.set(id, { ...source, native });
      scheduler.tell({ type: "sourceOpened", sourceId: id, node: node.name, native }, "control");
    },

    remove(id, { suspended }) {
      sources.delete(id);
      forget(id, suspended);
    },
  };
}
