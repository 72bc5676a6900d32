/** What other nodes may send to the actors of this one: the transport asks a guard, as it does not know the messages. */

import type { NodeName } from "../../runtime/brand.js";
import type { TokenRole } from "./cluster.js";

/** The sending member, with what its token allows, as the hub has checked it. */
export interface Sender {
  readonly name: NodeName;
  readonly roles: readonly TokenRole[];
  readonly grants: readonly string[];
}

/** Why a message is not let in. What travels is plain data, so none is taken for a message. */
export class Refusal {
  readonly reason: "denied" | "malformed" | "too-often";
  readonly detail: string;

  constructor(reason: Refusal["reason"], detail: string) {
    this.reason = reason;
    this.detail = detail;
  }
}

/**
 * Decides whether a message of another node reaches an actor of this one, and what of it.
 *
 * @param path of the receiving actor, inside this node
 * @returns a `Refusal`, or what the actor receives in place of the message: plain data of the fields that are known. Not an object
 *   around it, as there is one for each message.
 */
export type Guard = (from: Sender, path: string, message: unknown) => unknown;
