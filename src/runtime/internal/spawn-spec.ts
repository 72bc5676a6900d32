/** What must hold before an actor may start, checked before nact's tree knows its name. */

import { checkActorName, DEPTH_MAX } from "../address.js";
import { RuntimeError } from "../errors.js";
import type { RestartType, SpawnOptions, SupervisionPolicy } from "../spawn-options.js";
import { supervisionPolicy } from "../supervision.js";
import type { KernelParent } from "./kernel.js";
import { mailboxBounds, type MailboxBounds } from "./mailbox.js";

/** `SpawnOptions`, checked and with every default filled in. */
export interface SpawnSpec {
  readonly name: string;
  readonly restart: RestartType;
  readonly bounds: MailboxBounds;
  /** How the actor treats its own children. */
  readonly policy: SupervisionPolicy;
}

/**
 * Checks the options of a new child of `parent`.
 *
 * @throws RuntimeError `actor-name-taken`
 * @throws RangeError if the name or a number in `options` is out of its range, or the child would be nested too deep.
 */
export function checkSpawn(parent: KernelParent, options: SpawnOptions): SpawnSpec {
  const { name } = options;
  checkActorName(name);
  if (parent.path.parts.length >= DEPTH_MAX) {
    throw new RangeError(`Cannot spawn "${name}" below ${DEPTH_MAX} levels of actors`);
  }
  if (parent.children.has(name)) {
    throw new RuntimeError(`Cannot spawn "${name}": a child of that name exists`, {
      code: "actor-name-taken",
      details: { name },
    });
  }
  return {
    name,
    restart: options.restart ?? "transient",
    bounds: mailboxBounds(options.mailbox),
    policy: supervisionPolicy(options.supervision),
  };
}

/** @param parent address of the actor that cannot spawn any more */
export function stoppedParent(name: string, parent: string): RuntimeError {
  return new RuntimeError(`Cannot spawn "${name}" under "${parent}": it has stopped`, {
    code: "actor-stopped",
  });
}
