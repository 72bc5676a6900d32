/** Round-trip times to other nodes, from pings that are answered at once. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { LinkSample } from "../../task/reports.js";
import type { MonitorMessage } from "../protocol/monitor.js";

/** Weight of a new round trip in the smoothed one: 1/8, as RFC 6298 section 2.3 has it. */
const SMOOTHING = 1 / 8;
/** A ping that is not answered within this, in ms, is lost: another one is sent. */
const PING_LOST_MS = 5_000;
/** A link that was silent for this long, in ms, is told no more. */
const LINK_SILENT_MS = 15_000;

interface Link {
  readonly peer: ActorRef<MonitorMessage>;
  /** Null where no answer is outstanding. */
  pingedAtMs: number | null;
  rttMs: number | null;
  answeredAtMs: number;
}

export class Links {
  #links = new Map<string, Link>();

  /** Watches exactly these; what is known of those that stay is kept. */
  watch(peers: Readonly<Record<string, ActorRef<MonitorMessage>>>): void {
    this.#links = new Map(
      Object.entries(peers).map(([node, peer]) => {
        const known = this.#links.get(node);
        return [
          node,
          known?.peer.address === peer.address
            ? known
            : { peer, pingedAtMs: null, rttMs: null, answeredAtMs: Number.NEGATIVE_INFINITY },
        ];
      }),
    );
  }

  /** The peers to ping now: one ping at a time each, or a slow link would never match an answer to its ping. */
  ping(nowMs: number): readonly ActorRef<MonitorMessage>[] {
    const due: ActorRef<MonitorMessage>[] = [];
    for (const link of this.#links.values()) {
      if (link.pingedAtMs !== null && nowMs - link.pingedAtMs < PING_LOST_MS) continue;
      link.pingedAtMs = nowMs;
      due.push(link.peer);
    }
    return due;
  }

  /** Notes an answer. @returns false where it answers no outstanding ping */
  pong(node: string, sentAtMs: number, nowMs: number): boolean {
    const link = this.#links.get(node);
    if (link === undefined || link.pingedAtMs !== sentAtMs) return false;
    const rttMs = Math.max(0, nowMs - sentAtMs);
    link.rttMs = link.rttMs === null ? rttMs : link.rttMs + SMOOTHING * (rttMs - link.rttMs);
    link.pingedAtMs = null;
    link.answeredAtMs = nowMs;
    return true;
  }

  /** Bandwidth is not measured here: the scheduler estimates it from what tasks take. */
  sample(nowMs: number): Readonly<Record<string, LinkSample>> {
    const links: Record<string, LinkSample> = {};
    for (const [node, { rttMs, answeredAtMs }] of this.#links) {
      if (rttMs !== null && nowMs - answeredAtMs <= LINK_SILENT_MS)
        links[node] = { rttMs, bandwidthMbps: null };
    }
    return links;
  }
}
