/** What an attacker may know of honest sources: where each is, what it walks, and which task it is at. */

import type { Decorate } from "../../runtime/system-options.js";
import { originNode } from "../../task/origin.js";
import type { Pipeline } from "../../task/pipeline.js";
import type { Task } from "../../task/task.js";
import type { Prng } from "../prng.js";
import { HOSTILE_TRACE } from "./claims.js";

export interface Sighting {
  readonly id: Task["id"];
  /** The node of the source. */
  readonly home: string;
  readonly pipeline: Pipeline;
}

export class Sightings {
  readonly #sources: () => readonly { readonly id: string; readonly pipeline: Pipeline }[];
  readonly #newest = new Map<string, Sighting>();

  /** @param sources those that are honest */
  constructor(sources: () => readonly { readonly id: string; readonly pipeline: Pipeline }[]) {
    this.#sources = sources;
  }

  /** Notes the tasks that a controller is given, but for what a hostile member has made up. */
  readonly decorate: Decorate = (name, behaviour) => {
    if (name !== "controller") return behaviour;
    return {
      ...behaviour,
      receive: (state, message, ctx) => {
        const { type, task } = message as { readonly type?: unknown; readonly task?: Task };
        if (type === "submit" && task?.traceparent !== HOSTILE_TRACE && task !== undefined) this.#see(task);
        return behaviour.receive(state, message, ctx);
      },
    };
  };

  /** Of one of the sources; null where none has been seen yet. */
  pick(prng: Prng): Sighting | null {
    const all = [...this.#newest.values()];
    return all.length === 0 ? null : prng.pick(all);
  }

  #see({ id, origin }: Task): void {
    const home = originNode(id.sourceId, origin);
    const source = this.#sources().find((candidate) => candidate.id === id.sourceId);
    if (home === null || source === undefined) return;
    const before = this.#newest.get(id.sourceId)?.id;
    const newer =
      before === undefined ||
      id.incarnation > before.incarnation ||
      (id.incarnation === before.incarnation && id.sequence > before.sequence);
    if (newer) this.#newest.set(id.sourceId, { id, home, pipeline: source.pipeline });
  }
}
