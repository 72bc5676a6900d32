/** What a node lets others tell its actors: the transport asks, and knows no messages itself. */

import type { NodeName } from "../../runtime/brand.js";
import type { Role } from "./cluster.js";

/** Who sends, as the hub has seen its token. */
export interface Sender {
  readonly name: NodeName;
  readonly roles: readonly Role[];
  readonly grants: readonly string[];
}

export type Verdict =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly reason: "denied" | "malformed"; readonly detail: string };

/** @param path of the actor that is told, inside this node */
export type Guard = (from: Sender, path: string, message: unknown) => Verdict;

export const ALLOWED: Verdict = { allowed: true };
