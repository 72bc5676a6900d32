/**
 * What a supervisor does about a child that ended, as a pure function of data.
 *
 * With `oneForOne` each child has a restart history of its own; with `allForOne` and `restForOne` the children are one
 * group and share it.
 */

import { assertNever } from "./errors.js";
import { DEFAULT_SUPERVISION, type RestartType, type SupervisionPolicy } from "./spawn-options.js";

/** `failed`: it threw. `ended`: it stopped itself. */
export type Ending = "failed" | "ended";

/** The restarts that a decision depends on. */
export interface RestartHistory {
  /** Restarts within the policy's period, oldest first. */
  readonly restartsAtMs: readonly number[];
  /** Consecutive restarts, each within a period of the one before. */
  readonly inARow: number;
  /** When the last restart took effect, after its backoff. */
  readonly lastAtMs: number;
}

/** The history of a child that has never been restarted. */
export const NO_RESTARTS: RestartHistory = {
  restartsAtMs: [],
  inARow: 0,
  lastAtMs: Number.NEGATIVE_INFINITY,
};

/** What a supervisor does about a child that ended. */
export type SupervisionDecision =
  /** The child stops for good; its siblings are not affected. */
  | { readonly type: "stop" }
  | { readonly type: "restart"; readonly delayMs: number; readonly history: RestartHistory }
  /** The intensity is spent: the supervisor itself fails. */
  | { readonly type: "escalate" };

/** Everything that a decision depends on. */
export interface ChildEnding {
  readonly ending: Ending;
  readonly restart: RestartType;
  readonly policy: SupervisionPolicy;
  readonly history: RestartHistory;
  /**
   * It failed on a message from another node: that is no fault of its own, and counts towards its backoff and not its intensity.
   * Default false.
   */
  readonly foreign?: boolean;
  readonly nowMs: number;
  /** Uniform in [0, 1). */
  readonly random: number;
}

/** Decides what becomes of a child that ended. */
export function decide({
  ending,
  restart,
  policy,
  history,
  foreign = false,
  nowMs,
  random,
}: ChildEnding): SupervisionDecision {
  if (restart === "temporary" || (restart === "transient" && ending === "ended")) return { type: "stop" };
  const recent = history.restartsAtMs.filter((atMs) => nowMs - atMs < policy.periodMs);
  if (!foreign && recent.length >= policy.intensity) return { type: "escalate" };
  const inARow = nowMs - history.lastAtMs < policy.periodMs ? history.inARow + 1 : 1;
  const delayMs = backoffMs(policy.backoff, inARow, random);
  return {
    type: "restart",
    delayMs,
    history: { restartsAtMs: foreign ? recent : [...recent, nowMs], inARow, lastAtMs: nowMs + delayMs },
  };
}

/** Delay in ms before the `nth` restart in a row, from 1: `min(maxMs, minMs * factor^(nth-1))`, less its jitter. */
export function backoffMs(backoff: SupervisionPolicy["backoff"], nth: number, random: number): number {
  const fullMs = Math.min(backoff.maxMs, backoff.minMs * backoff.factor ** (nth - 1));
  return fullMs * (1 - backoff.jitter * random);
}

/** Which of `children`, in the order of their start, a restart of `failed` affects. Temporary ones stop for good. */
export function touchedBy<Child>(
  strategy: SupervisionPolicy["strategy"],
  failed: Child,
  children: readonly Child[],
): readonly Child[] {
  switch (strategy) {
    case "oneForOne":
      return [failed];
    case "allForOne":
      return children;
    case "restForOne":
      return children.slice(children.indexOf(failed));
    default:
      return assertNever(strategy);
  }
}

/** Fills in the defaults of a policy. @throws RangeError if a number is out of its range. */
export function supervisionPolicy(options: Partial<SupervisionPolicy> | undefined): SupervisionPolicy {
  if (options === undefined) return DEFAULT_SUPERVISION;
  const policy = { ...DEFAULT_SUPERVISION, ...options };
  const { minMs, maxMs, factor, jitter } = policy.backoff;
  const sound =
    policy.intensity >= 0 &&
    policy.periodMs > 0 &&
    minMs >= 0 &&
    maxMs >= minMs &&
    factor >= 1 &&
    jitter >= 0 &&
    jitter <= 1;
  if (!sound)
    throw new RangeError(`Cannot supervise by ${JSON.stringify(policy)}: a figure is out of its range`);
  return policy;
}
