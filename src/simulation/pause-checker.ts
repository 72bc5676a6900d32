/**
 * Pauses of simulated sources, at every step.
 *
 * PC1 A source that is told to pause captures no more once it has read that.
 * PC2 While it is paused, nothing is captured of it.
 */

import { parseAddress } from "../runtime/address.js";
import type { Decorate } from "../runtime/system-options.js";
import type { StepListener } from "./step-listener.js";

const SOURCE = "source-";
const CAPTURING: ReadonlySet<string> = new Set(["capturing", "reconnecting"]);

export class PauseChecker {
  readonly #listener: StepListener;
  /** By the actor of the source: where another host has taken it over, the one before may not know yet. */
  readonly #paused = new Set<string>();

  constructor(listener: StepListener) {
    this.#listener = listener;
  }

  readonly decorate: Decorate = (name, behaviour) => {
    if (!name.startsWith(SOURCE)) return behaviour;
    const sourceId = name.slice(SOURCE.length);
    const at = (ctx: { readonly self: { readonly address: string } }): string =>
      actorKey(parseAddress(ctx.self.address).node, sourceId);
    return {
      ...behaviour,
      start: (ctx) => {
        this.#paused.delete(at(ctx));
        return behaviour.start(ctx);
      },
      receive: (state, message, ctx) => {
        const next = behaviour.receive(state, message, ctx);
        const { phase } = next as { readonly phase: { readonly status: string } };
        this.#received(at(ctx), message, phase.status);
        return next;
      },
    };
  };

  /** The camera of a source gives a frame on a node. */
  captured(node: string, sourceId: string): void {
    if (!this.#paused.has(actorKey(node, sourceId))) return;
    this.#listener.onViolation(`pause: a frame of ${sourceId} was captured while it was paused`);
  }

  #received(key: string, message: unknown, status: string): void {
    const { type, pause = null } = message as { readonly type?: unknown; readonly pause?: unknown };
    if (type === "configure" && pause !== null && CAPTURING.has(status)) {
      this.#listener.onViolation(`pause: ${key} was told to pause, and is ${status}`);
    }
    if (status !== "paused") {
      if (this.#paused.delete(key)) this.#listener.tried("source a pause that ends");
    } else if (!this.#paused.has(key)) {
      this.#paused.add(key);
      this.#listener.tried("source a pause");
    }
  }
}

function actorKey(node: string, sourceId: string): string {
  return `${sourceId} on ${node}`;
}
