/** How an actor is started, bounded and supervised: plain data with defaults. */

export type MailboxOverflow = "dropOldest" | "dropNewest" | "reject";

export interface MailboxOptions {
  /** Messages in the data lane. Default 10,000. */
  readonly capacity?: number;
  /** Messages in the control lane; beyond it control messages are rejected. Default 10,000. */
  readonly controlCapacity?: number;
  /** What a full data lane does. `reject` makes the new message a dead letter and fails its ask. Default `reject`. */
  readonly overflow?: MailboxOverflow;
}

export type SupervisionStrategy = "oneForOne" | "allForOne" | "restForOne";

/** How an actor treats its failing children. */
export interface SupervisionPolicy {
  readonly strategy: SupervisionStrategy;
  /** Restarts allowed within `periodMs`, of each child with `oneForOne`, else of all together; one more escalates. */
  readonly intensity: number;
  readonly periodMs: number;
  /** Delay before the n-th restart in a row: `min(maxMs, minMs * factor^(n-1))`, less up to `jitter` of itself. */
  readonly backoff: {
    readonly minMs: number;
    readonly maxMs: number;
    readonly factor: number;
    /** Share of the delay that is random, 0 to 1. */
    readonly jitter: number;
  };
}

/** `permanent` is restarted whenever it ends by itself, `transient` only after a failure, `temporary` never. */
export type RestartType = "permanent" | "transient" | "temporary";

export interface SpawnOptions {
  /** 1 to 128 letters, digits, `-`, `_`, `.` or `$`; unique among its siblings. */
  readonly name: string;
  readonly mailbox?: MailboxOptions;
  /** How the new actor supervises its own children. */
  readonly supervision?: Partial<SupervisionPolicy>;
  /** When its parent restarts it. Default `transient`. */
  readonly restart?: RestartType;
}

/** Five restarts in ten seconds, quickly at first; the figures follow Erlang's supervisor with room for a slow model load. */
export const DEFAULT_SUPERVISION: SupervisionPolicy = {
  strategy: "oneForOne",
  intensity: 5,
  periodMs: 10_000,
  backoff: { minMs: 10, maxMs: 5_000, factor: 2, jitter: 0.2 },
};
