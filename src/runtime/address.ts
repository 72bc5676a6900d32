/** Addresses as text: `sluice://node/path`, followed by `#incarnation` if only one incarnation is meant. */

import type { ActorPath, NodeName } from "./brand.js";
import { RuntimeError } from "./errors.js";

/** Where an actor is: its node, its path there, and possibly its incarnation. */
export interface Address {
  readonly node: NodeName;
  readonly path: ActorPath;
  /** Which of the actors that have had the name; null for the one that has it now. */
  readonly incarnation: number | null;
}

/** Actors nest no deeper than this many levels, and no longer path is an address. */
export const DEPTH_MAX = 64;

const NODE_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/i;
const ACTOR_NAME = /^[a-z0-9._$-]{1,128}$/i;
const ADDRESS =
  /^sluice:\/\/([a-z0-9][a-z0-9._-]{0,63})((?:\/[a-z0-9._$-]{1,128}){1,64})(?:#([1-9][0-9]{0,15}))?$/i;
const PATH = /^(?:\/[a-z0-9._$-]{1,128}){1,64}$/i;

/** @throws RuntimeError `address-invalid` */
export function parseNodeName(text: string): NodeName {
  if (!NODE_NAME.test(text)) {
    throw invalid(
      `Cannot use ${JSON.stringify(text)} as the name of a node: it must be 1 to 64 letters, digits, "-", "_" or ".", starting with a letter or digit`,
    );
  }
  return text as NodeName;
}

/** Of an actor on its node, like `/guardian/name`. @throws RuntimeError `address-invalid` */
export function parseActorPath(text: string): ActorPath {
  if (!PATH.test(text)) throw invalid(`Cannot use ${JSON.stringify(text)} as a path: wanted "/name/name"`);
  return text as ActorPath;
}

/** @throws RuntimeError `address-invalid` */
export function parseAddress(text: string): Address {
  const match = ADDRESS.exec(text);
  if (match === null) {
    throw invalid(`Cannot use ${JSON.stringify(text)} as an address: wanted "sluice://node/path"`);
  }
  const [, node, path, incarnation] = match;
  return {
    node: node as NodeName,
    path: path as ActorPath,
    incarnation: incarnation === undefined ? null : Number(incarnation),
  };
}

/** The text that `parseAddress` reads back. */
export function formatAddress(address: Address): string {
  const text = `sluice://${address.node}${address.path}`;
  return address.incarnation === null ? text : `${text}#${address.incarnation}`;
}

/** Checks the name of one actor. @throws RangeError if it is not a valid one */
export function checkActorName(name: string): void {
  if (!ACTOR_NAME.test(name)) {
    throw new RangeError(
      `Cannot spawn an actor named ${JSON.stringify(name)}: a name is 1 to 128 letters, digits, "-", "_", "." or "$"`,
    );
  }
}

function invalid(message: string): RuntimeError {
  return new RuntimeError(message, { code: "address-invalid" });
}
