/**
 * The nodes of one process, joined by a mesh: no frame between them is encoded or copied. There is no hub, so that they
 * learn here which node joins and which leaves.
 */

import { randomBytes } from "node:crypto";
import type { ActorSystem } from "../runtime/system.js";
import { createLocalMesh } from "../transport/local-mesh.js";
import type { MonitorMessage } from "../actors/protocol/monitor.js";
import type { SchedulerMessage } from "../actors/protocol/scheduler.js";
import type { NodeName } from "../task/identity.js";
import { KEY_BYTES } from "../storage/store-key.js";
import type { Components } from "./components.js";
import { createNodeKeys, type NodeKeys } from "./vouching.js";

export interface LocalMembers {
  /** The node that has the scheduler and the store. */
  readonly cloud: NodeName;
  readonly keys: NodeKeys;
  /** The node's actors can reach the others' from now on. @throws TypeError where a node of that name has joined */
  join(system: ActorSystem): void;
  /** The node's components run: they learn of nodes that leave, and every monitor of the node that joined. */
  follow(system: ActorSystem, components: Components): void;
  /** Takes a node away: the others deliver again what it may have had, and the scheduler knows that it is gone. */
  leave(name: NodeName): void;
}

interface LocalMember {
  readonly system: ActorSystem;
  readonly components: Components;
}

export function createLocalMembers(cloud: NodeName): LocalMembers {
  const mesh = createLocalMesh();
  const members = new Map<NodeName, LocalMember>();
  return {
    cloud,
    keys: createNodeKeys(randomBytes(KEY_BYTES), () => 0),
    join: (system) => mesh.join(system),
    follow(system, components) {
      members.set(system.name, { system, components });
      for (const member of members.values()) linkMonitor(member, [...members.keys()]);
    },
    leave(name) {
      mesh.leave(name);
      members.delete(name);
      for (const member of members.values()) {
        member.components.nodeGone(name, { left: false });
        linkMonitor(member, [...members.keys()]);
      }
      const scheduler = members.get(cloud)?.system.resolve<SchedulerMessage>(`sluice://${cloud}/scheduler`);
      scheduler?.tell({ type: "removeNode", node: name, gone: true }, "control");
    },
  };
}

function linkMonitor({ system, components }: LocalMember, names: readonly NodeName[]): void {
  const peers = names
    .filter((name) => name !== system.name)
    .map((name) => [name, system.resolve<MonitorMessage>(`sluice://${name}/monitor`)] as const);
  components.monitor.tell({ type: "watchLinks", peers: Object.fromEntries(peers) });
}
