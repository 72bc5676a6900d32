/** One question: a reply address that takes one answer, in time, or the reason why there is none. */

import type { ActorRef, Lane } from "./actor-ref.js";
import type { AskResult } from "./behaviour.js";
import type { TimerHandle } from "./clock.js";
import type { DeadLetterReason } from "./dead-letters.js";
import { AskEntry } from "./internal/entry.js";
import { asError, assertNever, RuntimeError } from "./errors.js";
import type { Host } from "./internal/host.js";
import { announce, RemoteRef, RuntimeRef, type TerminatedListener } from "./internal/ref.js";
import type { Asker } from "./remote.js";

const ASK_TIMEOUT_MS = 5_000;

export interface AskOptions {
  /** Default 5,000. */
  readonly timeoutMs?: number;
  /** Ends the wait with `ask-aborted`; a reply that comes after is a dead letter. */
  readonly signal?: AbortSignal;
  /** Lane of the request. Default `data`. */
  readonly lane?: Lane;
}

/** Told once; `lane` is the one that the reply came on. */
export type AskListener = (result: AskResult<unknown>, lane: Lane, ask: PendingAsk) => void;

export class PendingAsk extends RuntimeRef implements Asker {
  readonly #host: Host;
  readonly #listener: AskListener;
  #timer: TimerHandle | null = null;
  #open = true;
  #id = 0;
  /** Where the request went, where that is another node. */
  #asked: RemoteRef | null = null;

  constructor(host: Host, listener: AskListener) {
    super();
    this.#host = host;
    this.#listener = listener;
  }

  /** Whether a reply is still waited for. */
  get open(): boolean {
    return this.#open;
  }

  /** Most asks stay on their node and need no address: only one that is read is kept findable. */
  get address(): string {
    if (this.#id === 0) {
      do this.#id = this.#host.askId();
      while (this.#host.openAsks.has(this.#id));
      if (this.#open) this.#host.openAsks.set(this.#id, this);
    }
    return `sluice://${this.#host.name}/$ask/${this.#id}`;
  }

  /** By which the node that was asked names it; it is findable from now on. */
  get id(): number {
    void this.address;
    return this.#id;
  }

  /** Whether it waits for an actor of `node`. */
  waitsFor(node: string): boolean {
    return this.#asked?.target.node === node;
  }

  /** The request goes to another node. */
  goesTo(target: RemoteRef): void {
    this.#asked = target;
  }

  /** The node that it waits for is gone. */
  nodeGone(): void {
    if (this.#asked !== null) this.lost(this.#asked.address, "unreachable", undefined);
  }

  /** Waits for `timeoutMs` at most. */
  limit(target: string, timeoutMs: number): void {
    if (!this.#open) return;
    this.#timer = this.#host.clock.after(timeoutMs, () =>
      this.fail(
        new RuntimeError(`Cannot get a reply from "${target}" in time: got none within ${timeoutMs} ms`, {
          code: "ask-timeout",
          retry: "backoff",
          details: { target, timeoutMs },
        }),
      ),
    );
  }

  tell(reply: unknown, lane: Lane = "data"): void {
    if (this.#open) this.#settle({ ok: true, reply }, lane);
    else this.#host.deadLetters.publish(this.address, reply, "stopped");
  }

  offer(request: AskEntry, lane: Lane): void {
    this.tell(request.letter, lane);
  }

  watch(listener: TerminatedListener): () => void {
    return announce(this.#host, listener, { address: this.address, reason: "stopped" });
  }

  /** The request reached nobody who could answer. */
  lost(target: string, reason: DeadLetterReason, cause: Error | undefined): void {
    if (this.#open) this.fail(lossError(target, reason, cause));
  }

  fail(error: Error): void {
    if (this.#open) this.#settle({ ok: false, error }, "data");
  }

  /** Nobody waits any more: a reply that comes after is a dead letter. */
  abandon(): void {
    this.#open = false;
    this.#timer?.cancel();
    if (this.#id !== 0) this.#host.openAsks.delete(this.#id);
  }

  #settle(result: AskResult<unknown>, lane: Lane): void {
    this.abandon();
    this.#listener(result, lane, this);
  }
}

/** Sends the request and starts the clock; a request that cannot even be made fails the ask, before this returns. */
export function startAsk<Reply>(
  host: Host,
  target: ActorRef<never>,
  toRequest: (replyTo: ActorRef<Reply>) => unknown,
  options: AskOptions | undefined,
  listener: AskListener,
): PendingAsk {
  const signal = options?.signal;
  const stopListening = signal === undefined ? null : () => signal.removeEventListener("abort", onAbort);
  const ask = new PendingAsk(
    host,
    stopListening === null
      ? listener
      : (result, lane, settled) => {
          stopListening();
          listener(result, lane, settled);
        },
  );
  const onAbort = (): void =>
    ask.fail(
      new RuntimeError(`Cannot wait for a reply from "${target.address}": the ask was aborted`, {
        code: "ask-aborted",
        cause: signal?.reason,
      }),
    );
  if (signal?.aborted === true) {
    onAbort();
    return ask;
  }
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const request = toRequest(ask);
    const ref = host.refOf(target);
    if (ref instanceof RemoteRef) ref.ask(request, ask, options?.lane ?? "data");
    else ref.offer(new AskEntry(request, ask), options?.lane ?? "data");
    ask.limit(target.address, options?.timeoutMs ?? ASK_TIMEOUT_MS);
  } catch (thrown) {
    ask.fail(asError(thrown));
  }
  return ask;
}

function lossError(target: string, reason: DeadLetterReason, cause: Error | undefined): RuntimeError {
  const details = { target, reason };
  switch (reason) {
    case "mailbox-full":
    case "mailbox-dropped":
      return new RuntimeError(`Cannot ask "${target}": its mailbox is full`, {
        code: "mailbox-full",
        retry: "backoff",
        details,
      });
    case "failed":
      return new RuntimeError(`Cannot get a reply from "${target}": it failed on the request`, {
        code: "actor-failed",
        cause,
        details,
      });
    case "link-full":
      return new RuntimeError(`Cannot ask "${target}": the link to its node is full`, {
        code: "node-unreachable",
        retry: "backoff",
        details,
      });
    case "refused":
      return new RuntimeError(`Cannot ask "${target}": its node does not let this one ask that`, {
        code: "permission-denied",
        details,
      });
    case "unreachable":
    case "unencodable":
      return new RuntimeError(`Cannot ask "${target}": no way leads to its node`, {
        code: "node-unreachable",
        retry: "backoff",
        details,
      });
    case "stopped":
    case "stale":
      return new RuntimeError(`Cannot ask "${target}": it has stopped`, { code: "actor-stopped", details });
    default:
      return assertNever(reason);
  }
}
