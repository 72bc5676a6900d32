/**
 * What the scheduler knows of a node: that it is there, and the sources that run on it.
 *
 * RG1 No source starts under a name that the scheduler has not confirmed as this node's, now or before: it may be another's. One
 *     that was confirmed needs nobody to go on.
 * RG2 That a source has ended is said until it was heard: what the scheduler does not hear of would keep its name and its stages.
 */

import type { ActorRef } from "../runtime/actor-ref.js";
import { errorText } from "../runtime/errors.js";
import type { ActorSystem } from "../runtime/system.js";
import type { ControllerMessage } from "../actors/protocol/controller.js";
import { askNode } from "../actors/guard/ask-node.js";
import { POLICY_REPLY, SOURCE_REMOVED } from "../actors/guard/replies.js";
import type { PolicyReply, SchedulerMessage } from "../actors/protocol/scheduler.js";
import { SluiceError } from "../task/errors.js";
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
  /** The scheduler refuses a source that was announced: it is another node's, or one too many. */
  readonly onRefused: (id: SourceId, error: SluiceError) => void;
}

export interface Registration {
  /** Registers the node and its sources, also again: a scheduler that has restarted knows neither. */
  announce(): void;
  /** Nothing is placed on the node any more. */
  withdraw(): void;
  /**
   * Asks the scheduler to decide for a source from now on.
   *
   * @throws SluiceError `policy-invalid`, `pipeline-invalid` or `source-invalid` where it refuses; `source-unconfirmed` where it does
   *   not answer, unless the source `isOwn`
   */
  request(source: SourceDescription, how: RequestOptions): Promise<void>;
  /** Keeps a source that was requested and runs: it is part of every announcement. */
  add(source: SourceDescription): void;
  /** It is open, and gives this: told where it is news, and part of every announcement. */
  opened(id: SourceId, native: NativeVideo): void;
  /** The source has ended, or is suspended: it goes on when this node is back; or it `failed`: it could not be captured any more. */
  remove(id: SourceId, how: { readonly suspended: boolean; readonly failed: boolean }): void;
}

interface RequestOptions {
  /** Whoever asks says by which policy, and what an operator has set before counts no more. */
  readonly isNew: boolean;
  /** The source was confirmed before and was not ended since: a scheduler that does not answer is not waited for. */
  readonly isOwn: boolean;
  /** By which the scheduler has given it to this node. */
  readonly appointment?: number;
}

/** How long the scheduler has to answer for a source that goes on without it, in ms. */
const OWN_MS = 1_000;
/** And for one that does not: for a hub that starts again, in ms. Less than an operator waits who asks for one. */
const CONFIRM_MS = 10_000;
/** Between two attempts to reach it, in ms; for the end of a source longer with each, up to this. */
const RETRY_MS = 250;
const RETRY_MS_MAX = 10_000;

interface Unanswered {
  readonly type: "unanswered";
  readonly error: unknown;
}

export function createRegistration(options: RegistrationOptions): Registration {
  const { system, scheduler, node, controller } = options;
  const sources = new Map<SourceId, SourceDescription>();
  /** By source, the removal that is being told. */
  const removals = new Map<SourceId, symbol>();
  /** What ends those that are under way. */
  const pauses = new Set<() => void>();
  let leaving = false;
  system.shutdown.addTask({
    phase: "stopAdmitting",
    name: "registration",
    run() {
      leaving = true;
      for (const end of pauses) end();
    },
  });

  /** Until it is heard, unless the source is asked for again: there may be no way to the scheduler, or no room on it. */
  async function forget(sourceId: SourceId, how: Parameters<Registration["remove"]>[1]): Promise<void> {
    const own = Symbol(sourceId);
    removals.set(sourceId, own);
    for (let waitMs = RETRY_MS; removals.get(sourceId) === own; waitMs = Math.min(2 * waitMs, RETRY_MS_MAX)) {
      const isHeard = await askNode(
        system,
        scheduler,
        SOURCE_REMOVED,
        (replyTo) => ({ type: "removeSource", sourceId, node: node.name, ...how, replyTo }),
        { timeoutMs: CONFIRM_MS, lane: "control" },
      ).then(
        () => true,
        () => false,
      );
      if (isHeard || leaving) break;
      await pause(waitMs);
    }
    if (removals.get(sourceId) === own) removals.delete(sourceId);
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        pauses.delete(end);
        resolve();
      };
      const timer = system.clock.after(ms, end);
      pauses.add(end);
    });
  }

  async function answerWithin(
    timeoutMs: number,
    source: SourceDescription,
    how: Pick<RequestOptions, "isNew" | "appointment"> & { readonly runs?: true },
  ): Promise<PolicyReply | Unanswered> {
    return await askNode(
      system,
      scheduler,
      POLICY_REPLY,
      (replyTo) => ({ type: "registerSource", source, ...how, replyTo }),
      { timeoutMs, lane: "control" },
    ).catch((error: unknown) => ({ type: "unanswered", error }));
  }

  /** Of one that runs: the policy that stands in for a refused one is no reason to end. */
  async function announceSource(source: SourceDescription): Promise<void> {
    const answer = await answerWithin(CONFIRM_MS, source, { isNew: false, runs: true });
    if (answer.type !== "policyRefused" || !sources.has(source.id)) return;
    const { error } = answer;
    const refusal =
      error instanceof SluiceError
        ? error
        : new SluiceError(error.message, { code: "source-refused", cause: error });
    options.onRefused(source.id, refusal);
  }

  /** Again and again, as there may be no way to the scheduler for a while. */
  async function confirm(
    source: SourceDescription,
    how: Pick<RequestOptions, "isNew" | "appointment">,
  ): Promise<PolicyReply | Unanswered> {
    const { clock } = system;
    const untilMs = clock.monotonic() + CONFIRM_MS;
    for (;;) {
      const answer = await answerWithin(untilMs - clock.monotonic(), source, how);
      if (answer.type !== "unanswered" || leaving || clock.monotonic() + RETRY_MS >= untilMs) return answer;
      await pause(RETRY_MS);
    }
  }

  return {
    announce() {
      scheduler.tell({ type: "registerNode", node, controller }, "control");
      for (const source of sources.values()) void announceSource(source);
    },

    withdraw: () => scheduler.tell({ type: "removeNode", node: node.name }, "control"),

    async request(source, { isOwn, ...how }) {
      removals.delete(source.id);
      const answer = await (isOwn ? answerWithin(OWN_MS, source, how) : confirm(source, how));
      if (answer.type === "policyRefused") throw answer.error;
      if (answer.type === "policySet" || isOwn) return;
      // It may have been heard all the same.
      void forget(source.id, { suspended: false, failed: true });
      throw unconfirmed(source, scheduler, answer.error);
    },

    add: (source) => void sources.set(source.id, source),

    opened(id, video) {
      const source = sources.get(id);
      const native = soundNative(video);
      if (source === undefined || native === null || sameData(source.native, native)) return;
      sources.set(id, { ...source, native });
      scheduler.tell({ type: "sourceOpened", sourceId: id, node: node.name, native }, "control");
    },

    remove(id, how) {
      sources.delete(id);
      // One that stops with its node has not ended: as after a crash, that it is gone is all that is said.
      if (!leaving) void forget(id, how);
    },
  };
}

function unconfirmed(
  { id, node }: SourceDescription,
  scheduler: ActorRef<SchedulerMessage>,
  cause: unknown,
): SluiceError {
  const text =
    `Cannot add source "${id}" on "${node}" as "${scheduler.address}" does not say whether the name is free ` +
    `(${errorText(cause)}): try again once its node is there`;
  return new SluiceError(text, {
    code: "source-unconfirmed",
    retry: "backoff",
    cause,
    details: { source: id },
  });
}
