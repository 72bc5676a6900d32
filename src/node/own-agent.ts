/** The agent of a node, with what it does behind it. */

import { CodedError, errorText } from "../runtime/errors.js";
import { keepLetters } from "../runtime/kept-letters.js";
import { nodeSystem } from "../runtime/node-system.js";
import type { ActorSystem } from "../runtime/system.js";
import { ACTORS_MAX } from "../actors/guard/forms.js";
import type { Cluster, HubCluster } from "../transport/cluster/cluster.js";
import { TransportError } from "../transport/errors.js";
import type { ServiceOffer } from "../actors/protocol/agent.js";
import { spawnAgent, type Agent } from "./agent/spawn.js";
import type { Components } from "./components.js";
import { drainNode } from "./drain.js";
import type { NodeOptions } from "./node-options.js";
import type { OpenProbe } from "./open-probe.js";
import type { ServiceDeclaration } from "../task/service.js";
import type { NodePictures } from "./pictures/node-pictures.js";
import type { RequestedSources } from "./requested-sources.js";

export interface OwnAgentOptions extends Pick<NodeOptions, "onDrained"> {
  readonly system: ActorSystem;
  readonly components: Components;
  readonly requested: RequestedSources;
  readonly openProbe: OpenProbe;
  readonly services: ReadonlyMap<string, ServiceDeclaration>;
  /** Null where none are made. */
  readonly pictures: NodePictures | null;
  /** Where refusals are counted; null of a node that no operator reaches. */
  readonly cluster: () => Cluster | null;
  /** Null of a node that is none. */
  readonly hub: () => HubCluster | null;
}

/** For a drain that an operator asked for, in ms. */
const DRAIN_TIMEOUT_MS = 5 * 60_000;

export function spawnOwnAgent(options: OwnAgentOptions): Agent {
  const { system, components, requested, pictures, cluster, hub, services, onDrained } = options;
  const offered = [...services.values()].map(offerOf);
  const letters = keepLetters(system.deadLetters, system.clock);

  async function counted(id: string, adding: Promise<void>): Promise<void> {
    try {
      await adding;
    } catch (error) {
      const kind = error instanceof CodedError ? String(error.code) : "source-failed";
      cluster()?.countRefusal(kind, `source "${id}": ${errorText(error)}`);
      throw error;
    }
  }

  return spawnAgent(system, system.name, {
    addSource: (request) => counted(request.id, requested.add(request)),
    takeSource: (order) => counted(order.definition.id, requested.take(order)),
    movePipeline: (id, pipeline) => requested.move(id, pipeline),
    drainSource: (id) => requested.end(id),
    async freeName(name) {
      const text = `Cannot free the name "${name}" as `;
      const here = hub();
      if (here === null) throw nameUnknown(`${text}"${system.name}" is no hub`);
      if (!(await here.freeName(name))) throw nameUnknown(`${text}no node has it`);
    },
    watchPictures: (id, look, watcher) => pictures?.watch(id, look, watcher),
    openProbe: options.openProbe,
    ledgers: () => components.sources.ledgers(),
    pipelineOf: async (id) => ({ ...(await requested.pipelineOf(id)), services: offered }),
    actors: () => ({
      ...nodeSystem(system).actors(ACTORS_MAX),
      deadLetters: { ...system.deadLetters.countByReason },
    }),
    deadLetters: () => letters.newest(),
    async drain() {
      await drainNode(system, components, { timeoutMs: DRAIN_TIMEOUT_MS });
      // Whoever asked is answered first.
      system.clock.after(0, () => onDrained?.());
    },
  });
}

function nameUnknown(text: string): TransportError {
  return new TransportError(text, { code: "name-unknown" });
}

function offerOf(service: ServiceDeclaration): ServiceOffer {
  const { name, summary, inputs, output, stateful, framesMin, model } = service;
  return {
    name,
    summary,
    inputs,
    output,
    stateful,
    ...(framesMin !== undefined && { framesMin }),
    ...(model && { model }),
  };
}
