/** Joins the nodes of one process: no wire, no codec, frames are shared. */

import type { NodeName } from "../runtime/brand.js";
import type { ActorSystem } from "../runtime/system.js";

/** What joins the actor systems of several nodes. */
export interface Mesh {
  /** Attaches `system` under its name. @throws TypeError if a system of that name has joined */
  join(system: ActorSystem): void;
  /** Detaches a node: watches on its actors fire with `unreachable`, and messages to it become dead letters. */
  leave(name: NodeName): void;
}
