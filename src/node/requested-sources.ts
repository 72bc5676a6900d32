/**
 * The sources of a node that operators asked for.
 *
 * RS1 What an operator asked for stays, whatever way the node goes, until an operator ends it or it has come to its end. The
 *     journal keeps it; a node without one has it for as long as it runs.
 * RS2 What goes on with the node is said, and so is what cannot: that is tried again unless it will never be otherwise.
 * RS4 A source that the scheduler gives to this node starts here only once whatever ran here under its name has ended.
 * RS3 A source that moves to another pipeline does so under a new incarnation: tasks under way end by the one that they carry, and it
 *     goes on where it was. Where the other one is refused, it goes on by the one before.
 */

import type { ActorRef } from "../runtime/actor-ref.js";
import type { TimerHandle } from "../runtime/clock.js";
import { asError, CodedError, errorText } from "../runtime/errors.js";
import type { ActorSystem } from "../runtime/system.js";
import type { NodeEvent } from "../actors/protocol/generator.js";
import type { Journals } from "../storage/journal/journal.js";
import { SluiceError } from "../task/errors.js";
import { parseSourceId, type SourceId } from "../task/identity.js";
import type { Pipeline } from "../task/pipeline.js";
import type { PipelineText, SourceRequest } from "../task/requests.js";
import type { TakeSource } from "./agent/agent.js";
import { sourceOptionsOf, type RequestContext } from "./agent/source-request.js";
import type { OwnSources } from "./sources.js";

export interface RequestedSources {
  /** @throws SluiceError `source-invalid`, `source-refused`, `pipeline-invalid`, `configuration-invalid`, `policy-invalid` */
  add(request: SourceRequest): Promise<void>;
  /** Starts a source that the scheduler has given to this node. @throws SluiceError as `add` does */
  take(order: Pick<TakeSource, "definition" | "appointment" | "takeover">): Promise<void>;
  /**
   * Ends a source for good; resolves once it captures no more and every task is settled.
   *
   * @throws SluiceError `source-missing` where there is none of that name, running or to go on with
   */
  end(id: SourceId): Promise<void>;
  /**
   * Has a running source walk another pipeline, or another version of its own, from its next task on. What the file says of
   * configuration, space, objective and policy holds, too; what the operator said when the source was started, over it.
   *
   * @throws SluiceError `pipeline-invalid`, `configuration-invalid`, `policy-invalid`, `source-missing`, `source-invalid`: it goes on
   *   as before
   */
  move(id: SourceId, pipeline: PipelineText): Promise<void>;
  /** Of a source that an operator started here. @throws SluiceError `source-missing`, `source-invalid` */
  pipelineOf(id: SourceId): Promise<{ readonly text: PipelineText; readonly pipeline: Pipeline }>;
  /** Goes on with what operators asked for before the node stopped. */
  resume(): Promise<void>;
}

/** Until a source that cannot go on now is tried again, in ms: as where a disk is full or fails. */
export const RESUME_AGAIN_MS = 5_000;

export function createRequestedSources({
  system,
  controller,
  sources,
  journals,
  context,
  onEvent,
}: {
  readonly system: ActorSystem;
  /** Lives as long as the node does. */
  readonly controller: ActorRef<never>;
  readonly sources: OwnSources;
  /** Null where nothing outlives the node. */
  readonly journals: Journals | null;
  readonly context: RequestContext;
  readonly onEvent: (event: NodeEvent) => void;
}): RequestedSources {
  const again = new Set<TimerHandle>();
  let isOver = false;
  system.watch(controller, () => {
    isOver = true;
    for (const timer of again) timer.cancel();
  });

  async function resumeOne(request: SourceRequest): Promise<void> {
    const sourceId = parseSourceId(request.id);
    const say = (description: string, error: Error | null): void =>
      onEvent({ type: "sourceResumed", sourceId, description, error });
    try {
      const options = await sourceOptionsOf(request, context);
      say(options.source.label, null);
      await sources.addSource({ ...options, resumed: true });
    } catch (thrown) {
      system.log.error("Cannot go on with a source", { source: sourceId, error: errorText(thrown) });
      say("", asError(thrown));
      if (!(thrown instanceof CodedError) || thrown.retry !== "never") resumeAgain(sourceId);
    }
  }

  function resumeAgain(id: SourceId): void {
    if (isOver) return;
    const timer = system.clock.after(RESUME_AGAIN_MS, () => {
      again.delete(timer);
      void resumeWhereInterrupted(id);
    });
    again.add(timer);
  }

  /** Unless somebody has ended it meanwhile, or started it. */
  async function resumeWhereInterrupted(id: SourceId): Promise<void> {
    try {
      const request = (await journals?.interrupted())?.find((kept) => kept.id === id);
      if (request !== undefined && !sources.has(id)) await resumeOne(request);
    } catch (thrown) {
      system.log.error("Cannot read what to go on with", { source: id, error: errorText(thrown) });
      resumeAgain(id);
    }
  }

  /** Of a source that runs. */
  async function requestOf(id: SourceId): Promise<SourceRequest> {
    const cannot = (why: string, code: "source-missing" | "source-invalid"): SluiceError =>
      new SluiceError(`Cannot move source "${id}" to another pipeline: ${why}`, { code });
    if (!sources.has(id)) throw cannot(`node "${system.name}" runs none of that name`, "source-missing");
    if (journals === null) {
      throw cannot(
        `node "${system.name}" keeps no journal to go on by: start it with --journal`,
        "source-invalid",
      );
    }
    const request = (await journals.interrupted()).find((kept) => kept.id === id);
    if (request === undefined) throw cannot("a program started it, and not an operator", "source-invalid");
    return request;
  }

  /** Whether this node has begun with it by that very order. */
  async function isKept({ id, order }: SourceRequest): Promise<boolean> {
    if (order === undefined || journals === null) return false;
    return (await journals.interrupted()).some((kept) => kept.id === id && kept.order === order);
  }

  return {
    async add(request) {
      const options = await sourceOptionsOf(request, context);
      // The node went after it had begun, and has gone on with it since, or is about to.
      if (await isKept(request)) return;
      await sources.addSource(options);
    },

    async take({ definition, appointment, takeover }) {
      const options = await sourceOptionsOf(definition, context);
      // To go on as it is told: that it has ended for good is not to be said of it.
      if (sources.has(options.id)) await sources.suspendSource(options.id);
      await sources.addSource({ ...options, appointment, ...(takeover && { takeover }) });
    },

    async end(id) {
      if (sources.has(id)) return await sources.drainSource(id);
      if ((await journals?.end(id)) === true) return;
      throw new SluiceError(`Cannot end source "${id}": node "${system.name}" has none of that name`, {
        code: "source-missing",
      });
    },

    async pipelineOf(id) {
      const { pipeline: text, pipelineName: name } = await requestOf(id);
      const { pipeline } = await context.readPipeline(text, name, context.services);
      return { text: { text, name }, pipeline };
    },

    async move(id, { text, name }) {
      const before = await requestOf(id);
      const request = { ...before, pipeline: text, pipelineName: name };
      const [now, options] = [
        await sourceOptionsOf(before, context),
        await sourceOptionsOf(request, context),
      ];
      sources.check(options);
      await sources.suspendSource(id);
      try {
        await sources.addSource({ ...options, resumed: true });
      } catch (refused) {
        await sources.addSource({ ...now, resumed: true });
        throw refused;
      }
    },

    async resume() {
      for (const request of (await journals?.interrupted()) ?? []) await resumeOne(request);
    },
  };
}
