import type { Lane } from "./actor-ref.js";

/** How long an ask waits, what ends it early, and which lane its request takes. */
export interface AskOptions {
  /** Milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
  /** Aborting it fails the ask with `ask-aborted`; a reply that comes later is a dead letter. */
  readonly signal?: AbortSignal;
  /** Lane of the request. Default `data`. */
  readonly lane?: Lane;
}
