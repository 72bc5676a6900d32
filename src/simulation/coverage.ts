/** What runs have exercised: which messages each actor was given, and which states sources were in. */

import type { Decorate } from "../runtime/system-options.js";

/** How often there was each, by name. */
export type Counts = Readonly<Record<string, number>>;

export class Coverage {
  readonly #messages = new Map<string, number>();
  readonly #phases = new Map<string, number>();
  readonly #laws = new Map<string, number>();

  /** By actor and type: `controller submit`. */
  get messages(): Counts {
    return Object.fromEntries(this.#messages);
  }

  /** After each message to a source: `capturing`. */
  get phases(): Counts {
    return Object.fromEntries(this.#phases);
  }

  /** Laws that were put to the test, by what they were tried by. */
  get laws(): Counts {
    return Object.fromEntries(this.#laws);
  }

  /** Something happened that a law speaks of. */
  readonly tried = (law: string): void => count(this.#laws, law);

  readonly decorate: Decorate = (name, behaviour) => {
    const isSource = name.startsWith("source-");
    const actor = isSource ? "source" : name.replace(/[-$].*$/, "");
    return {
      ...behaviour,
      receive: (state, message, ctx) => {
        const { type } = message as { readonly type?: unknown };
        count(this.#messages, `${actor} ${String(type)}`);
        const next = behaviour.receive(state, message, ctx);
        if (isSource) {
          const { phase } = next as { readonly phase: { readonly status: string } };
          count(this.#phases, phase.status);
        }
        return next;
      },
    };
  };
}

/** Adds up what several runs have exercised. */
export function addCounts(sum: Map<string, number>, counts: Counts): void {
  for (const [name, times] of Object.entries(counts)) sum.set(name, (sum.get(name) ?? 0) + times);
}

/** A line for a dimension: how many kinds there were, of how many where that is known, and each with how often. */
export function coverageLine(
  dimension: string,
  sum: ReadonlyMap<string, number>,
  known: number | null,
): string {
  const kinds = [...sum].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, times]) => `${name} ${times}`);
  const of = known === null ? "" : ` of ${known}`;
  return `${dimension}: ${kinds.length}${of}${kinds.length === 0 ? "" : `: ${kinds.join(", ")}`}`;
}

function count(sum: Map<string, number>, name: string): void {
  sum.set(name, (sum.get(name) ?? 0) + 1);
}
