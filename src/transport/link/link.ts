/**
 * An open link to another node: two lanes of messages, notices ahead of them, heartbeats, and one end.
 *
 * LK1 A link ends once, with a reason: closed in order, lost, silent, because the other side violated the protocol, or because
 *     it holds more than its share of this node's memory.
 * LK2 Nothing that arrives after the end is handed on.
 */

import type { Lane } from "../../runtime/actor-ref.js";
import type { Clock } from "../../runtime/clock.js";
import type { Executor } from "../../runtime/executor.js";
import type { Channel } from "../carrier.js";
import type { ByteReader } from "../codec/byte-reader.js";
import type { ByteWriter } from "../codec/byte-writer.js";
import type { ByteBudget, Holding } from "./byte-budget.js";
import { MalformedError } from "../codec/malformed.js";
import { LinkReceiver } from "./link-receiver.js";
import { LinkSender } from "./link-sender.js";
import type { LinkLimits } from "./link-limits.js";
import { Liveness } from "./liveness.js";
import { RECORD } from "./records.js";

export type LinkEnd =
  | { readonly code: "closed"; readonly reason: string }
  | { readonly code: "lost"; readonly reason: string }
  | { readonly code: "silent"; readonly reason: string }
  | { readonly code: "malformed"; readonly reason: string }
  /** It does not read, or does not go on with what it has begun to send. */
  | { readonly code: "slow"; readonly reason: string };

interface LinkListener {
  /** `reader` stands at the envelope; its bytes are valid only during the call, the attachments remain valid. */
  onMessage(link: Link, lane: Lane, reader: ByteReader, attachments: readonly Uint8Array[]): void;
  onNotice(link: Link, reader: ByteReader): void;
  /** A message found no room. */
  onRefused(link: Link): void;
  onEnd(link: Link, end: LinkEnd): void;
}

export interface LinkOptions {
  readonly channel: Channel;
  readonly clock: Clock;
  readonly executor: Executor;
  readonly limits: LinkLimits;
  /** Of all links of this node. */
  readonly budget: ByteBudget;
  /** Name of the node at the other end. */
  readonly peer: string;
  readonly listener: LinkListener;
}

export class Link {
  readonly sender: LinkSender;
  readonly remote: string;
  readonly #options: LinkOptions;
  readonly #receiver: LinkReceiver;
  readonly #liveness: Liveness;
  readonly #holding: Holding;
  #ended = false;
  #arrivedBytes = 0;
  /** Open probes: called with the next frame, or at the end. */
  #probes: (() => void)[] = [];

  constructor(options: LinkOptions) {
    const { channel, executor, clock, limits, budget, peer, listener } = options;
    this.#options = options;
    this.remote = channel.remote;
    this.#holding = budget.open(peer, (reason) => this.#end({ code: "slow", reason }));
    this.sender = new LinkSender(channel, executor, limits, this.#holding, () => listener.onRefused(this));
    this.#liveness = new Liveness(limits, clock.monotonic());
    this.#receiver = new LinkReceiver(limits, this.#holding, () => clock.monotonic(), {
      onMessage: (lane, reader, attachments) => listener.onMessage(this, lane, reader, attachments),
      onNotice: (reader) => listener.onNotice(this, reader),
      onCredit: (limit) => this.sender.grant(limit),
      onHeartbeat: (heartbeat) => {
        this.#liveness.heartbeat(heartbeat, clock.monotonic());
        // The first one is answered at once, so that round trip and clock offset are known before the first task.
        if (heartbeat.echoedMs === 0) this.#heartbeat();
      },
      grant: (limit) => this.sender.notice(RECORD.credit, (writer) => writer.f64(limit)),
    });
    this.#receiver.start();
    this.#heartbeat();
  }

  get ended(): boolean {
    return this.#ended;
  }

  get rttMs(): number | null {
    return this.#liveness.rttMs;
  }

  /** The other side's clock less this one's, as both are now. */
  get clockOffsetMs(): number | null {
    const { clock } = this.#options;
    const peerMs = this.#liveness.peerClockMs(clock.monotonic());
    return peerMs === null ? null : peerMs - clock.now();
  }

  get receivedBytes(): number {
    return this.#receiver.receivedBytes;
  }

  /** A frame arrived on the link's channel. */
  receive(frame: Uint8Array): void {
    if (this.#ended) return;
    this.#liveness.heard();
    try {
      this.#receiver.receive(frame);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this.#end({ code: "malformed", reason: error.message });
    }
    if (this.#probes.length > 0) for (const answer of this.#probes.splice(0)) answer();
  }

  /** The link's channel closed. */
  closed(reason: string, inOrder: boolean): void {
    this.#end({ code: inOrder ? "closed" : "lost", reason });
  }

  notice(write: (writer: ByteWriter) => void): void {
    if (!this.#ended) this.sender.notice(RECORD.notice, write);
  }

  /** To be called every `heartbeatMs`. */
  tick(monotonicMs: number): void {
    if (this.#ended) return;
    // Parts of a frame that takes its time on a thin line are life as well.
    const { arrivedBytes = 0 } = this.#options.channel;
    if (arrivedBytes !== this.#arrivedBytes) this.#liveness.heard();
    this.#arrivedBytes = arrivedBytes;
    if (this.#liveness.tick(monotonicMs)) {
      this.#end({ code: "silent", reason: `silent for ${this.#liveness.silentMs} ms` });
      return;
    }
    const slow = this.sender.tick() ?? this.#receiver.tick();
    if (slow === null) this.#heartbeat();
    else this.#end({ code: "slow", reason: slow });
  }

  /** Resolves with whether anything arrives from the other side within `timeoutMs`. */
  probe(timeoutMs: number): Promise<boolean> {
    if (this.#ended) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(timeoutMs, () => resolve(false));
      this.#probes.push(() => {
        timer.cancel();
        resolve(!this.#ended);
      });
      this.#heartbeat(true);
    });
  }

  /** Closes in order, after everything that has been sent. */
  close(reason: string): void {
    if (this.#ended) return;
    this.sender.flush();
    this.#end({ code: "closed", reason });
  }

  /** Ends the link, as the other side violated the protocol or is out. */
  fail(reason: string): void {
    this.#end({ code: "malformed", reason });
  }

  /** @param asking for an answer at once, as the first heartbeat does */
  #heartbeat(asking = false): void {
    const { clock } = this.#options;
    const { sentAtMs, echoedMs, heldMs } = this.#liveness.next(clock.monotonic(), clock.now());
    this.sender.notice(RECORD.heartbeat, (writer) => {
      writer.f64(sentAtMs);
      writer.f64(asking ? 0 : echoedMs);
      writer.f64(heldMs);
    });
  }

  #end(end: LinkEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#holding.close();
    if (end.code === "closed") this.#options.channel.close(end.reason);
    else this.#options.channel.destroy();
    for (const answer of this.#probes.splice(0)) answer();
    this.#options.listener.onEnd(this, end);
  }
}
