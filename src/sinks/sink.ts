/**
 * Sends stored records on, from a position that the hub's store keeps.
 *
 * SNK1 Every record that it is to send is taken at least once, in order of position: the position that is kept is never beyond what
 *     was taken.
 * SNK2 One delivery is under way at a time. One that fails is tried again, with backoff, for as long as it takes: what is stored
 *     meanwhile waits in the store, and no more than `WINDOW` records wait here.
 * SNK3 What retention deletes before it could be sent is counted and said, and so is a record that the receiver will never take.
 * SNK4 Nothing of the data path waits for it.
 */

import type { ActorRef } from "../runtime/actor-ref.js";
import type { AskResult, Behaviour, Context } from "../runtime/behaviour.js";
import { errorText } from "../runtime/errors.js";
import { backoffMs } from "../runtime/supervision.js";
import type { DistributorMessage, SubscriptionEvent } from "../actors/protocol/distributor.js";
import type { SinkEvent, SinkReport } from "../task/hub-events.js";
import type { StoredRecord } from "../task/record.js";
import { DeliveryError } from "./outlet.js";

/** Records that wait or are under way at most. */
export const WINDOW = 256;
const BACKOFF = { minMs: 1_000, maxMs: 60_000, factor: 2, jitter: 0.2 };
/** What a receiver asks for beyond this is not granted. */
const RETRY_AFTER_MS_MAX = 10 * 60_000;
/** Before a subscription that failed is tried again. */
const SUBSCRIBE_MS = 5_000;

export type SinkMessage =
  | SubscriptionEvent
  | { readonly type: "lingered" }
  | { readonly type: "retryDue" }
  | { readonly type: "subscribeDue" }
  | { readonly type: "deliveryEnded"; readonly count: number; readonly result: AskResult<void> };

export interface SinkOptions {
  readonly name: string;
  readonly kind: string;
  readonly distributor: ActorRef<DistributorMessage>;
  readonly wants: (record: StoredRecord) => boolean;
  /** Records in one delivery at most, up to `WINDOW`. */
  readonly batchMax: number;
  /** How long a record may wait for others to go along, in ms. */
  readonly lingerMs: number;
  readonly deliver: (records: readonly StoredRecord[]) => Promise<void>;
  /** Keeps where it goes on, behind the call. */
  readonly keep: (nextPosition: number) => void;
  readonly onEvent: (event: SinkEvent) => void;
  readonly onReport: (report: SinkReport) => void;
}

/** What survives a restart. */
export interface SinkRetained {
  nextPosition: number;
  delivered: number;
  failures: number;
  refused: number;
  expired: number;
  /** Since when nothing was taken; null while what is sent is. */
  downSinceMs: number | null;
}

export function createSinkRetained(nextPosition: number): SinkRetained {
  return { nextPosition, delivered: 0, failures: 0, refused: 0, expired: 0, downSinceMs: null };
}

interface State {
  /** Those that are wanted, in order; the first `sending` are under way. */
  readonly waiting: StoredRecord[];
  sending: number;
  /** A failed delivery is tried again when its time has come. */
  pausing: boolean;
  /** Failures in a row. */
  attempt: number;
  /** Records that are to go one by one, as one of them is refused. */
  oneByOne: number;
  /** Behind the last record that came. */
  seenTo: number;
  /** Records that are done with, and whose room was not given back yet. */
  done: number;
}

export function createSink(options: SinkOptions, retained: SinkRetained): Behaviour<State, SinkMessage> {
  return new Sink(options, retained).behaviour;
}

class Sink {
  readonly #options: SinkOptions;
  readonly #retained: SinkRetained;
  readonly behaviour: Behaviour<State, SinkMessage>;

  constructor(options: SinkOptions, retained: SinkRetained) {
    this.#options = options;
    this.#retained = retained;
    this.behaviour = {
      start: (ctx) => this.#start(ctx),
      receive: (state, message, ctx) => this.#receive(state, message, ctx),
      stop: (_state, ctx) => options.distributor.tell({ type: "unsubscribe", subscriber: ctx.self }),
    };
  }

  #start(ctx: Context<SinkMessage>): State {
    const { nextPosition } = this.#retained;
    this.#subscribe(ctx);
    this.#report();
    return {
      waiting: [],
      sending: 0,
      pausing: false,
      attempt: 0,
      oneByOne: 0,
      seenTo: nextPosition,
      done: 0,
    };
  }

  #receive(state: State, message: SinkMessage, ctx: Context<SinkMessage>): State {
    switch (message.type) {
      case "record":
        return this.#onRecord(state, message.record, ctx);
      case "recordsExpired":
        return this.#onExpired(state, message.fromPosition, message.toPosition);
      case "subscriptionFailed":
        ctx.log.warn("A sink cannot read the store", {
          sink: this.#options.name,
          error: errorText(message.error),
        });
        ctx.after("subscribe", SUBSCRIBE_MS, { type: "subscribeDue" });
        return state;
      case "subscribeDue":
        this.#subscribe(ctx);
        // What waits comes again, but for what is under way.
        state.waiting.length = state.sending;
        return state;
      case "lingered":
        return this.#send(state, ctx);
      case "retryDue":
        state.pausing = false;
        return this.#send(state, ctx);
      case "deliveryEnded":
        return message.result.ok
          ? this.#onDelivered(state, message.count, ctx)
          : this.#onFailed(state, message.count, message.result.error, ctx);
      default:
        ctx.unhandled(message);
        return state;
    }
  }

  #subscribe(ctx: Context<SinkMessage>): void {
    const { distributor } = this.#options;
    const { nextPosition } = this.#retained;
    distributor.tell({ type: "subscribe", subscriber: ctx.self, fromPosition: nextPosition, demand: WINDOW });
  }

  #onRecord(state: State, record: StoredRecord, ctx: Context<SinkMessage>): State {
    // What is under way came before the store was read anew.
    if (record.position < state.seenTo && state.waiting.some(({ position }) => position >= record.position)) {
      return this.#done(state, 1, ctx);
    }
    state.seenTo = record.position + 1;
    if (this.#options.wants(record)) state.waiting.push(record);
    else this.#done(state, 1, ctx);
    if (state.waiting.length === 0) this.#moveTo(state.seenTo);
    const { batchMax, lingerMs } = this.#options;
    if (state.waiting.length - state.sending >= batchMax || lingerMs === 0) return this.#send(state, ctx);
    if (state.waiting.length - state.sending === 1) ctx.after("linger", lingerMs, { type: "lingered" });
    return state;
  }

  #onExpired(state: State, fromPosition: number, toPosition: number): State {
    this.#retained.expired += toPosition - fromPosition + 1;
    state.seenTo = toPosition + 1;
    if (state.waiting.length === 0) this.#moveTo(state.seenTo);
    this.#options.onEvent({ type: "sinkLost", sink: this.#options.name, fromPosition, toPosition });
    this.#report();
    return state;
  }

  #send(state: State, ctx: Context<SinkMessage>): State {
    if (state.sending > 0 || state.pausing || state.waiting.length === 0) return state;
    const count = state.oneByOne > 0 ? 1 : Math.min(state.waiting.length, this.#options.batchMax);
    state.sending = count;
    ctx.pipe(this.#options.deliver(state.waiting.slice(0, count)), (result) => ({
      type: "deliveryEnded",
      count,
      result,
    }));
    return state;
  }

  #onDelivered(state: State, count: number, ctx: Context<SinkMessage>): State {
    const retained = this.#retained;
    const { name, onEvent } = this.#options;
    retained.delivered += count;
    state.attempt = 0;
    if (retained.downSinceMs !== null) {
      onEvent({ type: "sinkUp", sink: name, afterMs: ctx.monotonic() - retained.downSinceMs });
      retained.downSinceMs = null;
    }
    return this.#passOver(state, count, ctx);
  }

  #onFailed(state: State, count: number, error: Error, ctx: Context<SinkMessage>): State {
    const retained = this.#retained;
    const { name, onEvent } = this.#options;
    const isFinal = error instanceof DeliveryError && error.isFinal;
    if (isFinal && count === 1) {
      const [record] = state.waiting;
      retained.refused += 1;
      onEvent({
        type: "sinkRefused",
        sink: name,
        position: record?.position ?? 0,
        problem: errorText(error),
      });
      return this.#passOver(state, 1, ctx);
    }
    state.sending = 0;
    if (isFinal) {
      state.oneByOne = count;
      return this.#send(state, ctx);
    }
    retained.failures += 1;
    state.attempt += 1;
    if (retained.downSinceMs === null) {
      retained.downSinceMs = ctx.monotonic();
      onEvent({ type: "sinkDown", sink: name, problem: errorText(error) });
    }
    const wantedMs = error instanceof DeliveryError ? (error.retryAfterMs ?? 0) : 0;
    const delayMs = Math.max(
      backoffMs(BACKOFF, state.attempt, ctx.random()),
      Math.min(wantedMs, RETRY_AFTER_MS_MAX),
    );
    state.pausing = true;
    ctx.after("retry", delayMs, { type: "retryDue" });
    this.#report();
    return state;
  }

  /** The first `count` are done with. */
  #passOver(state: State, count: number, ctx: Context<SinkMessage>): State {
    const last = state.waiting[count - 1];
    state.waiting.splice(0, count);
    state.sending = 0;
    state.oneByOne = Math.max(0, state.oneByOne - count);
    this.#moveTo(state.waiting.length === 0 ? state.seenTo : (last?.position ?? 0) + 1);
    this.#done(state, count, ctx);
    this.#report();
    return this.#send(state, ctx);
  }

  #moveTo(position: number): void {
    if (position <= this.#retained.nextPosition) return;
    this.#retained.nextPosition = position;
    this.#options.keep(position);
  }

  #done(state: State, count: number, ctx: Context<SinkMessage>): State {
    state.done += count;
    if (state.done < WINDOW / 4) return state;
    this.#options.distributor.tell({ type: "demand", subscriber: ctx.self, count: state.done });
    state.done = 0;
    return state;
  }

  #report(): void {
    const { name: sink, kind, onReport } = this.#options;
    const { downSinceMs, ...counts } = this.#retained;
    onReport({ sink, kind, isUp: downSinceMs === null, ...counts });
  }
}
