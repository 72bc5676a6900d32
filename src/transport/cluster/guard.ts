/** What other nodes may send to the actors of this one: the transport asks a guard, as it does not know the messages. */

import type { NodeName } from "../../runtime/brand.js";
import type { Role } from "./cluster.js";

/** The sending member, with what its token allows, as the hub has checked it. */
export interface Sender {
  readonly name: NodeName;
  readonly roles: readonly Role[];
  readonly grants: readonly string[];
}

/** What a guard says of a message. */
export type Verdict =
  /** What its actor receives in place of the message: plain data of the fields that are known. */
  | { readonly allowed: true; readonly message: unknown }
  | {
      readonly allowed: false;
      readonly reason: "denied" | "malformed" | "too-often";
      readonly detail: string;
    };

/**
 * Decides whether a message of another node reaches an actor of this one, and what of it.
 *
 * @param path of the receiving actor, inside this node
 */
export type Guard = (from: Sender, path: string, message: unknown) => Verdict;
