/**
 * Bandwidth to other nodes, measured with bounded bytes: what a link carries is known also while no task crosses it.
 *
 * LP1 Links are probed while the cluster has sources: an idle one is silent.
 * LP2 One peer is probed at a time, once in ten samples: the first one, which is the hub, every other time, the others in turn.
 * LP3 A probe is two messages of equal size, one behind the other. The time between their answers is what the second one
 *     took to cross: one clock tells it, the way there and back is not in it, and the first one has opened TCP's window.
 * LP4 The size follows the link: so large that the time can be told, so small that it takes the link for a moment only. Of a probe
 *     that was too small nothing is believed, as both answers may have waited for the same turn of a busy event loop: one twice
 *     as large follows with the next sample. Too small is also one whose first half took far longer than its second.
 *     The first of each time is small whatever size was right before: a link that has become narrow meanwhile is not blocked for
 *     seconds, with the tasks and the news that cross it, by what a wide one carries in a moment.
 * LP5 One probe may mislead: a busy machine that answers its first half late shows a fast link, and so does a shaper that lets a
 *     burst through. So a probe is believed that agrees with the one before it. Else a larger one follows with the next sample,
 *     and where three do not agree the middle one is believed.
 */

import type { ActorRef } from "../../runtime/actor-ref.js";
import { PROBE_BYTES_MAX, type MonitorMessage } from "../protocol/monitor.js";

/** Samples from one probe to the next. */
const PROBE_EVERY = 10;
const PROBE_BYTES_MIN = 16 * 1024;
/** Of the first probe of each time: each half is 130 ms of a link of 2 Mbit/s. */
const PROBE_BYTES_FIRST = 32 * 1024;
/** A crossing of less says nothing beside the noise of a busy event loop. */
const CROSSING_MS_MIN = 20;
const CROSSING_MS_MAX = 200;
/** As long as that the first half may take, as the way there and back is in it, and what was on its way before. */
const UNEVEN_TIMES = 3;
/** Two probes agree of which none is so many times the other. */
const AGREEING_TIMES = 1.5;
/** Of those that do not agree. */
const NEWEST_KEPT = 3;
/** A probe that is not answered within this is lost, as is its peer's size. */
const LOST_MS = 30_000;
/** A clock cannot tell less. */
const CROSSING_MS_LEAST = 0.1;

interface Probed {
  readonly bandwidthMbps: number;
  readonly measuredAtMs: number;
}

export interface Probe {
  readonly node: string;
  readonly bytes: number;
}

interface Outstanding extends Probe {
  readonly sentAtMs: number;
  /** Null before the first answer. */
  firstAtMs: number | null;
}

export class LinkProbes {
  /** Believed. */
  readonly #probed = new Map<string, Probed>();
  /** What the newest probes showed, in Mbit/s, oldest first. */
  readonly #shown = new Map<string, readonly number[]>();
  /** Of a probe whose crossing can be told, as far as is known. */
  readonly #bytes = new Map<string, number>();
  #outstanding: Outstanding | null = null;
  readonly #periodMs: number;
  #nextAtMs: number;
  #turn = 0;
  /** Whose last probe was too small, or is in doubt. */
  #again: string | null = null;

  /**
   * @param startedAtMs the first probe is sent a period later
   * @param sampleMs between samples of the node; default 1,000
   */
  constructor(startedAtMs: number, sampleMs = 1_000) {
    this.#periodMs = PROBE_EVERY * sampleMs;
    this.#nextAtMs = startedAtMs + this.#periodMs;
  }

  /** What to send twice now; null where it is not time yet, or the last probe is under way. */
  due(peers: readonly string[], nowMs: number): Probe | null {
    for (const known of [this.#bytes, this.#probed, this.#shown])
      for (const node of known.keys()) if (!peers.includes(node)) known.delete(node);
    const [first, ...others] = peers;
    const again = this.#again !== null && peers.includes(this.#again) ? this.#again : null;
    if ((nowMs < this.#nextAtMs && again === null) || first === undefined) return null;
    if (this.#outstanding !== null) {
      if (nowMs - this.#outstanding.sentAtMs < LOST_MS && peers.includes(this.#outstanding.node)) return null;
      this.#probed.delete(this.#outstanding.node);
      this.#shown.delete(this.#outstanding.node);
      this.#bytes.delete(this.#outstanding.node);
    }
    const node = again ?? this.#inTurn(first, others);
    if (again === null) this.#nextAtMs = nowMs + this.#periodMs;
    this.#again = null;
    const fitting = this.#bytes.get(node) ?? PROBE_BYTES_FIRST;
    const bytes = again === null ? Math.min(fitting, PROBE_BYTES_FIRST) : fitting;
    this.#outstanding = { node, bytes, sentAtMs: nowMs, firstAtMs: null };
    return { node, bytes };
  }

  /** Notes an answer. @returns false where it answers no outstanding probe */
  probed(node: string, sentAtMs: number, nowMs: number): boolean {
    const probe = this.#outstanding;
    if (probe === null || probe.node !== node || probe.sentAtMs !== sentAtMs) return false;
    if (probe.firstAtMs === null) {
      probe.firstAtMs = nowMs;
      return true;
    }
    this.#outstanding = null;
    const firstMs = probe.firstAtMs - sentAtMs;
    const crossingMs = nowMs - probe.firstAtMs;
    const bandwidthMbps = (probe.bytes * 8) / 1_000 / Math.max(crossingMs, CROSSING_MS_LEAST);
    const { bytes } = probe;
    const isUneven = firstMs > UNEVEN_TIMES * crossingMs && crossingMs < CROSSING_MS_MAX / 2;
    if ((crossingMs < CROSSING_MS_MIN || isUneven) && bytes < PROBE_BYTES_MAX) {
      const fitting = this.#bytes.get(node) ?? 0;
      this.#bytes.set(node, fitting > bytes ? fitting : Math.min(PROBE_BYTES_MAX, bytes * 2));
      this.#again = node;
      return true;
    }
    this.#bytes.set(node, crossingMs > CROSSING_MS_MAX ? Math.max(PROBE_BYTES_MIN, bytes / 2) : bytes);
    const believed = this.#believed(node, bandwidthMbps);
    if (believed !== null) this.#probed.set(node, { bandwidthMbps: believed, measuredAtMs: nowMs });
    else {
      this.#again = node;
      if (crossingMs <= CROSSING_MS_MAX / 2) this.#bytes.set(node, Math.min(PROBE_BYTES_MAX, bytes * 2));
    }
    return true;
  }

  /** By what this probe and those before it showed (LP5); null while that is in doubt. */
  #believed(node: string, mbps: number): number | null {
    const before = this.#shown.get(node) ?? [];
    const last = before.at(-1);
    const agrees = last !== undefined && mbps < last * AGREEING_TIMES && last < mbps * AGREEING_TIMES;
    const shown = agrees ? [mbps] : [...before, mbps];
    if (shown.length < NEWEST_KEPT) {
      this.#shown.set(node, shown);
      return agrees ? mbps : null;
    }
    this.#shown.set(node, [mbps]);
    return shown.toSorted((a, b) => a - b)[1] ?? mbps;
  }

  #inTurn(first: string, others: readonly string[]): string {
    const other = this.#turn % 2 === 1 ? others[((this.#turn - 1) / 2) % others.length] : undefined;
    this.#turn += 1;
    return other ?? first;
  }

  /** What was measured last; null where nothing was. */
  measured(
    node: string,
    nowMs: number,
  ): { readonly bandwidthMbps: number; readonly bandwidthAgeMs: number } | null {
    const probed = this.#probed.get(node);
    if (probed === undefined) return null;
    return { bandwidthMbps: probed.bandwidthMbps, bandwidthAgeMs: nowMs - probed.measuredAtMs };
  }
}

/** Tells a peer a probe: bulk, as the tasks are whose way it measures. */
export function sendProbe(
  monitor: ActorRef<MonitorMessage>,
  { bytes }: Probe,
  { sentAtMs, replyTo }: Pick<Extract<MonitorMessage, { type: "probe" }>, "sentAtMs" | "replyTo">,
): void {
  const message = { type: "probe", sentAtMs, bytes: new Uint8Array(bytes), replyTo } as const;
  monitor.tell(message);
  monitor.tell(message);
}
