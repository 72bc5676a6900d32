/** What an attack is: who does what, and what must come of it. */

import type { Scene } from "./scene.js";
import type { Workshop } from "./workshop.js";

export type Villain =
  /** No token. */
  | "stranger"
  /** Holds the token of one edge. */
  | "edge"
  /** Holds the token of an operator. */
  | "operator"
  /** A page of somebody else's in a browser that has the hub's own, or whoever has a browser. */
  | "page"
  /** Full, torn, unreadable. */
  | "disk"
  /** Wrong, or stepped. */
  | "clock"
  /** The machine around a node: descriptors, processes, other users. */
  | "machine"
  /** A file that somebody hands over to be read. */
  | "file";

type Expectation =
  /** It is told no, and nothing of it takes effect. */
  | "refused"
  /** Nothing of it takes effect, and a counter of a node says so. */
  | "counted"
  /** Everything goes on. */
  | "survived";

interface Told {
  /** Kept for ever: `docs/security.md` names it. */
  readonly id: string;
  readonly who: Villain;
  /** A sentence. */
  readonly what: string;
  readonly expected: Expectation;
}

/** Against a cluster that does honest work meanwhile. */
export interface ClusterAttack extends Told {
  readonly against: "cluster";
  /** Whether its hub has a page, and answers over HTTP. Default false: it lets in nodes alone. */
  readonly web?: boolean;
  /** @throws Breach where it got what it wanted */
  readonly play: (scene: Scene) => Promise<void>;
}

/** Against processes of its own. */
export interface LoneAttack extends Told {
  readonly against: "program";
  /** @throws Breach */
  readonly play: (workshop: Workshop) => Promise<void>;
}

export type Attack = ClusterAttack | LoneAttack;

/** The attack got what it wanted; the message says what that is. */
export class Breach extends Error {}

/** @throws Breach unless `kept` */
export function must(kept: boolean, otherwise: string): asserts kept {
  if (!kept) throw new Breach(otherwise);
}

export function onCluster(
  who: ClusterAttack["who"],
  id: string,
  what: string,
  expected: ClusterAttack["expected"],
  play: ClusterAttack["play"],
): ClusterAttack {
  return { id, who, what, expected, against: "cluster", play };
}

export function onProgram(
  who: LoneAttack["who"],
  id: string,
  what: string,
  play: LoneAttack["play"],
  expected: LoneAttack["expected"] = "survived",
): LoneAttack {
  return { id, who, what, expected, against: "program", play };
}
