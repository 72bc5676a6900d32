/** The actors of a node as they are at one moment, for people. */

/** `waiting`: it has failed, and starts again after its backoff. */
export type ActorStatus = "running" | "waiting" | "stopping";

/** One actor. */
export interface ActorFigures {
  /** Inside its node: `/controller`. What stands in it so that nobody can guess the address is left out. */
  readonly path: string;
  readonly status: ActorStatus;
  /** Messages that wait in its mailbox. */
  readonly waiting: number;
  /** How often it has started again since it was spawned. */
  readonly restarts: number;
}

/** The tree of them, parents before their children. */
export interface ActorTree {
  readonly actors: readonly ActorFigures[];
  /** Those that were more than had a place. */
  readonly left: number;
}

/** An address or a path, without what nobody is to guess: the number of an ask, and what follows a `$` in a name right below the root. */
export function withoutSecrets(address: string): string {
  return address
    .replace(/\/\$ask\/[^/]+/, "/$ask/…")
    .replace(/^((?:sluice:\/\/[^/]+)?\/[^/$#]+)\$[^/#]+/, "$1$…");
}
