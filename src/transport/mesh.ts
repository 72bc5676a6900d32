/** How the nodes of one process are joined: no wire, no codec, frames shared. */

import type { NodeName } from "../runtime/brand.js";
import type { ActorSystem } from "../runtime/system.js";

export interface Mesh {
  /** Attaches `system` under its name. @throws TypeError where a system of that name has joined. */
  join(system: ActorSystem): void;
  /** Takes a node away: who watches an actor of it is told `unreachable`, and messages to it are dead letters. */
  leave(name: NodeName): void;
}
