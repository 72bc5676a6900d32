/** Names of an operator's actors: who is told one may send it something, and nobody can guess it. */

import { SECRET_MARK } from "../actors/guard/operator-rules.js";
import { nodeSystem } from "../runtime/node-system.js";
import type { ActorSystem } from "../runtime/system.js";

/** `NAME$` and 53 bits of chance. */
export function secretName(system: ActorSystem, name: string): string {
  return `${name}${SECRET_MARK}${nodeSystem(system).askId().toString(36)}`;
}
