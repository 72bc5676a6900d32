/** What every ref of the runtime can do beyond the `ActorRef` that a program sees. */

import { inspect } from "node:util";
import type { ActorRef, Lane } from "../actor-ref.js";
import type { NamedAsker } from "../remote.js";
import { AskEntry, type MessageEntry } from "./entry.js";
import type { TerminatedListener } from "./watchers.js";

/** A ref of the runtime; one of another implementation is an `ActorRef` only. */
export abstract class RuntimeRef implements ActorRef<unknown> {
  abstract get address(): string;
  abstract tell(message: unknown, lane?: Lane): void;
  /** Like `tell`, for a message that carries something along: whoever asked, or that another node sent it. */
  abstract offer(request: MessageEntry, lane: Lane): void;
  /** Sends the request of an ask of this node. */
  ask(request: unknown, ask: NamedAsker, lane: Lane): void {
    this.offer(new AskEntry(request, ask), lane);
  }

  /** Calls `listener` once when the actor is gone, never before this returns. @returns ends the watch. */
  abstract watch(listener: TerminatedListener): () => void;

  toJSON(): string {
    return this.address;
  }

  [inspect.custom](): string {
    return `ActorRef <${this.address}>`;
  }
}
