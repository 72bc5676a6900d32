/** An attack by a member with the token and the key of an edge, whom the hub still answers afterwards unless it was put out. */

import { onCluster, type ClusterAttack } from "./attack.js";
import type { HostileMember } from "./member.js";
import type { Scene } from "./scene.js";

export function edgeAttack(
  id: string,
  what: string,
  play: (rogue: HostileMember, scene: Scene) => Promise<void>,
  expected: ClusterAttack["expected"] = "counted",
): ClusterAttack {
  return onCluster("edge", id, what, expected, async (scene) => {
    const rogue = await scene.member();
    await play(rogue, scene);
    if (rogue.cluster.connected) await rogue.arrived("cloud");
  });
}
