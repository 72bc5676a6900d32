/**
 * Policies that are not asked for a while, as they failed: by themselves where they had to be ended, as they would be again for any
 * source; for one source where they threw, were slow or answered what cannot be.
 */

import type { SourceId } from "../task/identity.js";
import type { FailureKind } from "./ask-policy.js";

/** What is fenced: a policy in its part, for one source or for all. */
export interface Fenced {
  readonly policy: string;
  /** Null for all. */
  readonly source: SourceId | null;
  readonly isShadow: boolean;
}

/** What is told of a policy that has failed. */
export interface FenceReport {
  readonly policy: string;
  /** Null where it is fenced for all. */
  readonly source: SourceId | null;
  readonly isShadow: boolean;
  readonly kind: FailureKind;
  /** In a row. */
  readonly strikes: number;
  /** For people: what it did last. */
  readonly text: string;
  /** Until it is asked again, in ms; 0 where it is not fenced now. */
  readonly forMs: number;
}

interface Fence extends Omit<FenceReport, "forMs"> {
  readonly untilMs: number;
}

/** How long it is not asked, in ms: at first, and at most; twice as long each time in a row. */
const WAITS_MS = { costly: { first: 10_000, max: 640_000 }, cheap: { first: 2_000, max: 64_000 } };
/** What costs nobody any time is asked again at once, so many times in a row. */
const CHEAP_STRIKES = 3;

export class Fences {
  readonly #fences = new Map<string, Fence>();

  /** @returns the fence: it stands until `nowMs + forMs` */
  strike(what: Fenced, { kind, text }: Pick<Fence, "kind" | "text">, nowMs: number): FenceReport {
    const key = keyOf(what);
    const strikes = (this.#fences.get(key)?.strikes ?? 0) + 1;
    const forMs = waitMs(kind, strikes);
    const fence = { ...what, kind, text, strikes };
    this.#fences.set(key, { ...fence, untilMs: nowMs + forMs });
    return { ...fence, forMs };
  }

  /** It did well, or is another one now. */
  lift(what: Fenced): void {
    this.#fences.delete(keyOf(what));
  }

  /** Of a source that is gone. */
  forget(source: SourceId): void {
    for (const [key, fence] of this.#fences) if (fence.source === source) this.#fences.delete(key);
  }

  /** Policies are others now. */
  clear(): void {
    this.#fences.clear();
  }

  /** What the policy did for which it is not asked for this source now; null where it is asked. */
  reason({ policy, source, isShadow }: Fenced, nowMs: number): string | null {
    for (const key of [keyOf({ policy, source: null, isShadow }), keyOf({ policy, source, isShadow })]) {
      const fence = this.#fences.get(key);
      if (fence !== undefined && fence.policy === policy && fence.untilMs > nowMs) return fence.text;
    }
    return null;
  }

  report(nowMs: number): readonly FenceReport[] {
    return [...this.#fences.values()].map(({ untilMs, ...fence }) => ({
      ...fence,
      forMs: Math.max(0, untilMs - nowMs),
    }));
  }
}

function keyOf({ policy, source, isShadow }: Fenced): string {
  return `${isShadow ? "shadow" : "force"} ${source === null ? `policy ${policy}` : `source ${source}`}`;
}

function waitMs(kind: FailureKind, strikes: number): number {
  const isCheap = kind === "threw" || kind === "nonsense";
  const counted = isCheap ? strikes - CHEAP_STRIKES : strikes;
  if (counted < 1) return 0;
  const { first, max } = isCheap ? WAITS_MS.cheap : WAITS_MS.costly;
  return Math.min(max, first * 2 ** (counted - 1));
}
