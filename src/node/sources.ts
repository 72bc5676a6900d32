/** The sources that run on a node: each is announced to the scheduler, and then has a generator here until it ends. */

import type { ActorRef } from "../runtime/actor-ref.js";
import type { ActorSystem } from "../runtime/system.js";
import type { SourceSpec } from "../actors/generator/source-spec.js";
import { spawnGenerator, type CapturePort, type DeliveryLimits } from "../actors/generator/spawn.js";
import type { ControllerMessage } from "../actors/protocol/controller.js";
import type { DistributorMessage } from "../actors/protocol/distributor.js";
import type { GeneratorMessage, NodeEvent } from "../actors/protocol/generator.js";
import { takenOverState, type Journals } from "../storage/journal/journal.js";
import type { ConfigurationSpace, Objective } from "../task/configuration-space.js";
import { SluiceError } from "../task/errors.js";
import { DEFAULT_CONFIGURATION, type Configuration } from "../task/configuration.js";
import { fixedNodes } from "../task/default-placement.js";
import type { Takeover } from "../task/hosting.js";
import type { NodeName, SourceId } from "../task/identity.js";
import type { TaskPicture } from "../task/picture.js";
import type { Pipeline } from "../task/pipeline.js";
import type { LedgerReported } from "../task/reports.js";
import type { LivePolicy, PolicySpec, SourceRequest } from "../task/requests.js";
import type { StageNeeds } from "../task/offers.js";
import type { ServiceDeclaration } from "../task/service.js";
import type { Vouch } from "../task/voucher.js";
import { GoneNodes } from "./gone-nodes.js";
import { checkFrames, framesMinFor } from "./frames-needed.js";
import type { Registration } from "./registration.js";

/** A source, the pipeline that it walks and how it is captured. */
export interface SourceOptions {
  readonly id: SourceId;
  readonly source: SourceSpec;
  readonly pipeline: Pipeline;
  /** Default `DEFAULT_CONFIGURATION`. */
  readonly configuration?: Configuration;
  /** What a policy may choose from besides. Default: nothing. */
  readonly space?: ConfigurationSpace;
  /** What is wanted of it. Default: nothing is. */
  readonly slo?: Objective;
  /** Nodes that are to have its stages loaded besides those that run them. Default 0. */
  readonly standby?: number;
  /** Default `edge-only`. */
  readonly policy?: PolicySpec;
  /** Releases frames at the source's own speed instead of as fast as they are taken. Default false. */
  readonly paced?: boolean;
  /** Tasks to make before the source ends; null, the default, for all there are. */
  readonly limit?: number | null;
  /** Bound of unsettled tasks. Default 16 tasks and 256 MiB. */
  readonly window?: { readonly tasks: number; readonly bytes: number };
  /** Which task a live source drops that finds the window full. Default `dropNewest`. */
  readonly livePolicy?: LivePolicy;
  /** What captures it. Default: ffmpeg. */
  readonly capture?: CapturePort;
  /** What an operator asked for, kept with the journal. */
  readonly request?: SourceRequest;
  /** It ran before its node stopped: a camera that cannot be reached at first is tried again. Default false. */
  readonly resumed?: boolean;
  /** By which the scheduler has given it to this node. Absent: it is this node's own. */
  readonly appointment?: number;
  /** Another node had it before, and this is what it goes on with. Absent: it starts here. */
  readonly takeover?: Takeover;
}

/** The sources of a node, for whoever runs them. */
export interface NodeSources {
  /**
   * Announces the source to the scheduler, which has to confirm its name, and starts its generator here. A source that the journal
   * of this node holds was confirmed before, and waits for nobody: it runs on this node until a table says otherwise.
   *
   * @throws SluiceError `policy-invalid`, `pipeline-invalid` or `source-invalid` where the scheduler refuses it, or where a
   *   source of that name runs here; `source-unconfirmed` where no scheduler answers
   */
  addSource(options: SourceOptions): Promise<void>;
  /** Whether a source of that name runs here. */
  has(id: SourceId): boolean;
  /** Resolves once the source has ended, was drained or has failed; at once where there is none of this name. */
  sourceEnded(id: SourceId): Promise<void>;
  /** Captures no more and resolves once every task of the source is settled. */
  drainSource(id: SourceId): Promise<void>;
  /** The ledgers of the sources that run here now; one that has ended gave its last with `sourceEnded`. */
  ledgers(): Promise<readonly LedgerReported[]>;
}

export interface SourcesOptions {
  readonly system: ActorSystem;
  readonly cloud: NodeName;
  /** What this node knows. */
  readonly services: ReadonlyMap<string, ServiceDeclaration>;
  /** Whether it can load what a stage runs. */
  readonly offers: (stage: StageNeeds) => boolean;
  readonly registration: Registration;
  readonly controller: ActorRef<ControllerMessage>;
  /** Where the ends of incarnations are recorded. Default: nowhere. */
  readonly distributor?: ActorRef<DistributorMessage>;
  readonly listener: ActorRef<NodeEvent>;
  /** Vouches for the tasks of this node's sources. */
  readonly vouch: Vouch;
  /** Default: nobody looks at what is captured. */
  readonly show?: (picture: TaskPicture) => void;
  /** Where tasks that are not settled outlive the node. Default: they are kept in memory alone. */
  readonly journals?: Journals;
  /** When tasks are delivered again. Default `DEFAULT_DELIVERY`. */
  readonly delivery?: Partial<DeliveryLimits>;
}

/** The sources of a node, as the node itself deals with them. */
export interface OwnSources extends NodeSources {
  /** @throws SluiceError `configuration-invalid` where the tasks of a source have too few frames for its pipeline */
  readonly check: (asked: SourceOptions) => void;
  /** Captures no more and resolves once every task of the source is settled: it goes on with the node. */
  readonly suspendSource: (id: SourceId) => Promise<void>;
  /** The hub refuses a source that runs here: it ends at once, and says why. */
  readonly refuse: (id: SourceId, error: SluiceError) => void;
  /** Another node is gone, or back: every source knows, also one that starts later. */
  readonly tellOfNode: (news: NodeNews) => void;
}

type NodeNews = Extract<GeneratorMessage, { readonly type: "nodeGone" | "nodeBack" }>;

const DEFAULT_POLICY: PolicySpec = { name: "edge-only", parameters: {} };

export function createSources(options: SourcesOptions): OwnSources {
  const { system, registration, controller, journals } = options;
  const generators = new Map<SourceId, ActorRef<GeneratorMessage>>();
  /** Asked for, and without a generator yet. */
  const starting = new Set<SourceId>();
  /** Those that end now and go on when this node is back. */
  const suspended = new Set<SourceId>();
  const gone = new GoneNodes();
  const nextIncarnation = createIncarnations(system);

  function sourceEnded(id: SourceId): Promise<void> {
    const generator = generators.get(id);
    if (generator === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      system.watch(generator, () => resolve());
    });
  }

  /** Its name is nobody else's meanwhile. */
  async function start(asked: SourceOptions): Promise<void> {
    const { id, pipeline, configuration = DEFAULT_CONFIGURATION } = asked;
    const { policy = DEFAULT_POLICY, request = null, resumed = false, space, slo, standby } = asked;
    const { takeover, appointment } = asked;
    const description = {
      id,
      node: system.name,
      pipeline,
      configuration,
      policy,
      ...(space && { space }),
      ...(slo && { slo }),
      framesMin: framesMinFor(pipeline, options.services),
      ...(standby !== undefined && { standby }),
    };
    checkFrames(asked, options.services);
    const isOwn = appointment === undefined && ((await journals?.holds(id)) ?? false);
    await registration.request(description, {
      isNew: !resumed && takeover === undefined,
      isOwn,
      ...(appointment !== undefined && { appointment }),
    });
    const beginning = begin(asked, request);
    // What cannot start is not scheduled, and keeps no name that it did not have.
    beginning.catch(() => registration.remove(id, { suspended: isOwn, failed: true }));
    const began = await beginning;
    let hasFailed = false;
    const failed = (): void => void (hasFailed = true);
    // Of another node, or of this one once more, the source goes on.
    const superseded = (): void => void suspended.add(id);
    const generator = startGenerator(options, asked, { ...began, failed, superseded });
    generators.set(id, generator);
    for (const news of gone.news) generator.tell(news, "control");
    registration.add(description);
    system.watch(generator, () => {
      generators.delete(id);
      // On the lane of the messages that they undo, so that a source of the same name may come at once.
      controller.tell({ type: "detachGenerator", sourceId: id }, "control");
      registration.remove(id, { suspended: suspended.delete(id), failed: hasFailed });
    });
  }

  /** The next incarnation, with what those before it have left. */
  async function begin(
    { id, source, takeover }: SourceOptions,
    request: SourceRequest | null,
  ): Promise<Pick<GeneratorStart, "incarnation" | "journal">> {
    const nowMs = nextIncarnation();
    const journal = await journals?.open(id, {
      source: source.label,
      nowMs,
      request,
      ...(takeover && { takeover }),
    });
    if (journal !== undefined) return { incarnation: journal.recovered.incarnation, journal };
    if (takeover === undefined) return { incarnation: nowMs };
    const recovered = takenOverState(takeover, nowMs);
    return { incarnation: recovered.incarnation, journal: { journal: null, recovered } };
  }

  function end(id: SourceId, type: "drain" | "suspend"): Promise<void> {
    if (type === "suspend" && generators.has(id)) suspended.add(id);
    generators.get(id)?.tell({ type }, "control");
    return sourceEnded(id);
  }

  return {
    async addSource(asked) {
      const { id } = asked;
      if (starting.has(id)) throw nameStarts(id, system.name);
      if (generators.has(id)) throw nameInUse(id, system.name);
      starting.add(id);
      try {
        await start(asked);
      } finally {
        starting.delete(id);
      }
    },

    has: (id) => generators.has(id),
    check: (asked) => checkFrames(asked, options.services),

    sourceEnded,

    drainSource: (id) => end(id, "drain"),
    suspendSource: (id) => end(id, "suspend"),
    refuse: (id, error) => generators.get(id)?.tell({ type: "refused", error }, "control"),

    async ledgers() {
      const asked = await Promise.allSettled(
        [...generators.values()].map((generator) =>
          system.ask<GeneratorMessage, LedgerReported>(generator, (replyTo) => ({
            type: "reportLedger",
            replyTo,
          })),
        ),
      );
      // A generator that ended meanwhile has no more to say.
      return asked.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
    },

    tellOfNode(news) {
      if (news.type === "nodeGone") gone.add(news);
      else gone.back(news.node);
      for (const generator of generators.values()) generator.tell(news, "control");
    },
  };
}

/** What starts may yet end, as its hub may refuse it. */
function nameStarts(id: SourceId, node: NodeName): SluiceError {
  return new SluiceError(
    `Cannot add source "${id}" as one of that name is being started on "${node}": try again, or give it another name with --id`,
    { code: "source-invalid", retry: "backoff" },
  );
}

function nameInUse(id: SourceId, node: NodeName): SluiceError {
  return new SluiceError(
    `Cannot add source "${id}" as one of that name runs on "${node}": give it another name with --id, or end that one ` +
      `with "sluice stop ${id}"`,
    { code: "source-invalid" },
  );
}

type GeneratorStart = Pick<
  Parameters<typeof spawnGenerator>[1],
  "incarnation" | "journal" | "failed" | "superseded"
>;

function startGenerator(
  options: SourcesOptions,
  { id, source, pipeline, capture, ...asked }: SourceOptions,
  found: GeneratorStart,
): ActorRef<GeneratorMessage> {
  const { system, cloud, services, offers, registration, distributor, delivery } = options;
  const { name } = system;
  return spawnGenerator(system, {
    ...found,
    sourceId: id,
    source,
    pipeline,
    configuration: asked.configuration ?? DEFAULT_CONFIGURATION,
    controller: options.controller,
    ...(distributor && { distributor }),
    listener: options.listener,
    vouch: options.vouch,
    cloud,
    ...(options.show && { show: options.show }),
    opened: (native) => registration.opened(id, native),
    paced: asked.paced ?? false,
    limit: asked.limit ?? null,
    resumed: asked.resumed ?? false,
    ...(asked.window && { window: asked.window }),
    ...(asked.livePolicy && { livePolicy: asked.livePolicy }),
    nodes: {
      placedOn: [name, cloud],
      ...fixedNodes(pipeline, { node: name, runs: offers, cloud }),
    },
    framesMin: framesMinFor(pipeline, services),
    ...(capture && { capture }),
    ...(delivery && { delivery }),
  });
}

/**
 * Numbers for the incarnations of sources: the time, but never one twice, as sources that follow each other under one name
 * may do so within a millisecond.
 */
function createIncarnations({ clock }: ActorSystem): () => number {
  let last = 0;
  return () => (last = Math.max(last + 1, Math.floor(clock.now())));
}
