/** Sources that any of several nodes may capture: which they are, how one is chosen, and with what the next one goes on. */

import type { NodeName } from "./identity.js";
import type { SourcePosition } from "./position.js";
import type { SourceRequest } from "./requests.js";

/** How a host is chosen among the candidates that are there. */
export const HOST_CHOICES = ["fixed", "random", "leastLoaded"] as const;
/** `fixed`: the first of them in the order in which they are named, of any edges before the hub. `leastLoaded`: that has the fewest sources. */
export type HostChoice = (typeof HOST_CHOICES)[number];

/** Which nodes may capture a source. */
export interface Hosting {
  /** `any`: every node of the cluster. */
  readonly candidates: readonly NodeName[] | "any";
  readonly choice: HostChoice;
}

/** Nodes that may be named for one source. */
export const CANDIDATES_MAX = 64;

/** With what the next host of a source goes on. */
export interface Takeover {
  /** Its incarnation is above this. */
  readonly incarnationAfter: number;
  /** Behind the last task that is stored, of a source that can be read again; null at its start. */
  readonly position: SourcePosition | null;
  /** When the last task was made that is stored, in ms since the Unix epoch; null before any. */
  readonly lastTaskAtMs: number | null;
  /** Tasks that the hosts before have made. */
  readonly tasksBefore: number;
  /** Why there is another host, for people. */
  readonly reason: string;
}

/** Who captured a source from when on. */
export interface HostChange {
  readonly atMs: number;
  readonly node: NodeName;
  /** Why it was chosen, for people. */
  readonly why: string;
}

/** A source that any of several nodes may capture, as it is now. */
export interface HostingReport extends Hosting {
  /** That captures it, or is about to; null where none can. */
  readonly host: NodeName | null;
  readonly status:
    | "captured"
    /** Its host is away and waited for, before another one takes over. */
    | "awaited"
    /** A host is being chosen and told. */
    | "moving"
    /** No candidate is there that can. */
    | "waiting";
  /** What it waits for, or why the last candidate could not, for people; empty where there is nothing to say. */
  readonly detail: string;
  /** The newest few, oldest first. */
  readonly history: readonly HostChange[];
}

/** A source that an operator has ordered so, as the hub remembers it. Its name belongs to the order, and the host holds it. */
export interface HostedSource extends Hosting, Omit<Takeover, "incarnationAfter"> {
  readonly request: SourceRequest;
  /** That was appointed last; null where none is now. */
  readonly host: NodeName | null;
  /** That was host before; null before the first. */
  readonly lastHost: NodeName | null;
  /** What its hosts before have made adds up, and none of them can add to it. */
  readonly sealed: boolean;
  /** Where in the store what the next seal looks at begins; null before the first seal. */
  readonly fromPosition: number | null;
  readonly history: readonly HostChange[];
}
