/** What a node has of the world outside its actors, and the system of those. */

import type { DecisionThread } from "../actors/scheduler/decision-thread.js";
import { createActorSystem, type ActorSystem } from "../runtime/system.js";
import type { OpenPlanMemory } from "../storage/hub/plan-memory.js";
import type { LevelJournals } from "../storage/journal/level-journals.js";
import type { Trust } from "../storage/trust/trust.js";
import type { ClusterClock } from "../transport/cluster-clock.js";
import type { Cluster, HubCluster } from "../transport/cluster/cluster.js";
import type { Agent } from "./agent/spawn.js";
import type { Components } from "./components.js";
import type { NodeOptions } from "./node-options.js";
import type { NodeWorld } from "./world.js";

/** What a node has of the world outside its actors, as far as it has come. */
export interface Holdings {
  cluster: Cluster | null;
  /** The same, of a hub. */
  hub: HubCluster | null;
  components: Components | null;
  agent: Agent | null;
  journals: LevelJournals | null;
  trust: Trust | null;
  decisions: DecisionThread | null;
  memory: OpenPlanMemory | null;
}

export function createNodeSystem(
  world: NodeWorld,
  options: NodeOptions,
  { clock, held }: { readonly clock: ClusterClock; readonly held: Holdings },
): ActorSystem {
  const system = createActorSystem({
    name: options.name,
    clock,
    // Two incarnations of a node have no actor in common, whatever their names.
    firstId: world.firstId(),
    askId: world.askId,
    ...(world.decorate && { decorate: world.decorate }),
    executor: world.executor,
    ...(options.random && { random: options.random }),
    ...(options.log && { log: options.log }),
    onFailure(error) {
      void held.cluster?.leave();
      if (world.members !== null) {
        // There is no hub that would say so to the scheduler.
        held.components?.unregister();
        world.members.leave(system.name);
      }
      if (options.onFailure === undefined) void system.terminate();
      else options.onFailure(error);
    },
  });
  return system;
}
