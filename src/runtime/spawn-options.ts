/** How an actor is started, bounded and supervised, as plain data with defaults. */

/**
 * What loses its place in a full mailbox: the oldest message with `dropOldest`, the new one with `dropNewest` (as dead letter
 * `mailbox-dropped`) and `reject` (as `mailbox-full`).
 */
export type MailboxOverflow = "dropOldest" | "dropNewest" | "reject";

/** How much a mailbox holds, and what happens when it is full. */
export interface MailboxOptions {
  /** Messages that the data lane holds, 1 or more. Default 10,000. */
  readonly capacity?: number;
  /** Messages that the control lane holds, 1 or more; further ones are rejected. Default 10,000. */
  readonly controlCapacity?: number;
  /** What a full data lane does. A message that finds no room is a dead letter, and its ask fails. Default `reject`. */
  readonly overflow?: MailboxOverflow;
}

/** Who restarts when a child fails: it alone, all children, or it and those started after it. */
export type SupervisionStrategy = "oneForOne" | "allForOne" | "restForOne";

/** How an actor treats its failing children. */
export interface SupervisionPolicy {
  readonly strategy: SupervisionStrategy;
  /** Restarts allowed within `periodMs`: of each child with `oneForOne`, else of all together. One more escalates. */
  readonly intensity: number;
  readonly periodMs: number;
  /** Delay before the n-th restart in a row: `min(maxMs, minMs * factor^(n-1))`, less up to `jitter` of itself. */
  readonly backoff: {
    readonly minMs: number;
    readonly maxMs: number;
    /** 1 or more. */
    readonly factor: number;
    /** Share of the delay that is random, 0 to 1. */
    readonly jitter: number;
  };
}

/** `permanent` restarts after a failure or a stop of its own, `transient` after a failure only, `temporary` never. */
export type RestartType = "permanent" | "transient" | "temporary";

/** How one actor is started. */
export interface SpawnOptions {
  /** 1 to 128 letters, digits, `-`, `_`, `.` or `$`; unique among its siblings. */
  readonly name: string;
  readonly mailbox?: MailboxOptions;
  /** How the new actor supervises its own children. */
  readonly supervision?: Partial<SupervisionPolicy>;
  /** When its parent restarts it. Default `transient`. */
  readonly restart?: RestartType;
}

/** Five restarts in ten seconds, quickly at first. Follows Erlang's supervisor, with room for a slow model load. */
export const DEFAULT_SUPERVISION: SupervisionPolicy = {
  strategy: "oneForOne",
  intensity: 5,
  periodMs: 10_000,
  backoff: { minMs: 10, maxMs: 5_000, factor: 2, jitter: 0.2 },
};
