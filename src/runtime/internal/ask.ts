/** An ask: a reply address that takes one reply in time, or fails with the reason why there is none. */

import type { ActorRef, Lane } from "../actor-ref.js";
import type { AskOptions } from "../ask-options.js";
import type { AskResult } from "../behaviour.js";
import type { ActorPath } from "../brand.js";
import type { TimerHandle } from "../clock.js";
import type { DeadLetterReason } from "../dead-letters.js";
import { asError } from "../errors.js";
import type { RemoteTarget } from "../remote.js";
import { askAborted, askLost, askTimeout } from "./ask-errors.js";
import type { MessageEntry } from "./entry.js";
import type { Host, LocalAsk } from "./host.js";
import { RuntimeRef } from "./runtime-ref.js";
import { notifySoon, type TerminatedListener } from "./watchers.js";

const ASK_TIMEOUT_MS = 5_000;

/** Reply addresses are `sluice://NODE/$ask/ID`, so no actor may take this name. */
export const ASK_NAME = "$ask";
const REPLY_PATH = /^\/\$ask\/(\d{1,16})$/;

/** The id of the ask whose reply address has this path, or null if it is no path of one. */
export function askIdOf(path: ActorPath): number | null {
  const match = REPLY_PATH.exec(path);
  return match === null ? null : Number(match[1]);
}

/** Called once; `lane` is the one that the reply came on. */
export type AskListener = (result: AskResult<unknown>, lane: Lane, ask: PendingAsk) => void;

/** One ask, as the ref that the request carries as its reply address. */
export class PendingAsk extends RuntimeRef implements LocalAsk {
  readonly #host: Host;
  readonly #listener: AskListener;
  #timer: TimerHandle | null = null;
  #open = true;
  #id = 0;
  /** Where the request went, if to another node. */
  #asked: RemoteTarget | null = null;

  constructor(host: Host, listener: AskListener) {
    super();
    this.#host = host;
    this.#listener = listener;
  }

  /** Whether it still waits for a reply. */
  get open(): boolean {
    return this.#open;
  }

  /** Most asks stay on their node and need no address: an ask can be found by its id only once its address was read. */
  get address(): string {
    if (this.#id === 0) {
      do this.#id = this.#host.askId();
      while (this.#host.openAsks.has(this.#id));
      if (this.#open) this.#host.openAsks.set(this.#id, this);
    }
    return `sluice://${this.#host.name}/${ASK_NAME}/${this.#id}`;
  }

  get id(): number {
    void this.address;
    return this.#id;
  }

  waitsFor(node: string): boolean {
    return this.#asked?.target.node === node;
  }

  takesReplyFrom(node: string): boolean {
    return this.#asked === null || this.waitsFor(node);
  }

  goesTo(target: RemoteTarget): void {
    this.#asked = target;
  }

  nodeGone(): void {
    if (this.#asked !== null) this.lost(this.#asked.address, "unreachable", undefined);
  }

  /** Fails it unless a reply comes within `timeoutMs`. */
  limit(target: string, timeoutMs: number): void {
    if (!this.#open) return;
    this.#timer = this.#host.clock.after(timeoutMs, () => this.fail(askTimeout(target, timeoutMs)));
  }

  tell(reply: unknown, lane: Lane = "data"): void {
    if (this.#open) this.#settle({ ok: true, reply }, lane);
    else this.#host.deadLetters.publish(this.address, reply, "stopped");
  }

  offer(request: MessageEntry, lane: Lane): void {
    this.tell(request.letter, lane);
  }

  watch(listener: TerminatedListener): () => void {
    return notifySoon(this.#host.executor, listener, { address: this.address, reason: "stopped" });
  }

  /** Fails it: the request reached nobody who could reply. */
  lost(target: string, reason: DeadLetterReason, cause: Error | undefined): void {
    if (this.#open) this.fail(askLost(target, reason, cause));
  }

  fail(error: Error): void {
    if (this.#open) this.#settle({ ok: false, error }, "data");
  }

  /** Stops waiting without a result: a reply that comes later is a dead letter. */
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

/** Sends the request and starts the timeout. If the request cannot even be made, the ask fails before this returns. */
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
  const onAbort = (): void => ask.fail(askAborted(target.address, signal?.reason));
  if (signal?.aborted === true) {
    onAbort();
    return ask;
  }
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const request = toRequest(ask);
    host.refOf(target).ask(request, ask, options?.lane ?? "data");
    ask.limit(target.address, options?.timeoutMs ?? ASK_TIMEOUT_MS);
  } catch (thrown) {
    ask.fail(asError(thrown));
  }
  return ask;
}
