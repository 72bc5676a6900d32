/** Round-trip times to other nodes, from pings that are answered at once. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { LinkSample } from "../../task/reports.js";
import type { MonitorMessage } from "../protocol/monitor.js";
import type { LinkProbes } from "./link-probes.js";

/** Weight of a new round trip in the smoothed one: 1/8, as RFC 6298 section 2.3 has it. */
const SMOOTHING = 1 / 8;
/** A ping that is not answered within this, in ms, is lost: another one is sent. */
const PING_LOST_MS = 5_000;
/** A peer that was silent for this long, in ms, is left out. */
const SILENT_MS = 15_000;

interface Peer {
  readonly monitor: ActorRef<MonitorMessage>;
  /** Null where no answer is outstanding. */
  pingedAtMs: number | null;
  rttMs: number | null;
  answeredAtMs: number;
}

export class RoundTripTimes {
  /** By node. */
  #peers = new Map<string, Peer>();

  /** Watches exactly these; what is known of those that stay is kept. */
  watch(peers: Readonly<Record<string, ActorRef<MonitorMessage>>>): void {
    this.#peers = new Map(
      Object.entries(peers).map(([node, monitor]) => {
        const known = this.#peers.get(node);
        return [
          node,
          known?.monitor.address === monitor.address
            ? known
            : { monitor, pingedAtMs: null, rttMs: null, answeredAtMs: Number.NEGATIVE_INFINITY },
        ];
      }),
    );
  }

  /** The peers to ping now: one ping at a time each, or a slow link would never match an answer to its ping. */
  ping(nowMs: number): readonly ActorRef<MonitorMessage>[] {
    const due: ActorRef<MonitorMessage>[] = [];
    for (const peer of this.#peers.values()) {
      if (peer.pingedAtMs !== null && nowMs - peer.pingedAtMs < PING_LOST_MS) continue;
      peer.pingedAtMs = nowMs;
      due.push(peer.monitor);
    }
    return due;
  }

  /** Notes an answer. @returns false where it answers no outstanding ping */
  pong(node: string, sentAtMs: number, nowMs: number): boolean {
    const peer = this.#peers.get(node);
    if (peer === undefined || peer.pingedAtMs !== sentAtMs) return false;
    const rttMs = Math.max(0, nowMs - sentAtMs);
    peer.rttMs = peer.rttMs === null ? rttMs : peer.rttMs + SMOOTHING * (rttMs - peer.rttMs);
    peer.pingedAtMs = null;
    peer.answeredAtMs = nowMs;
    return true;
  }

  /** Those that answered lately, in the order that they are watched in. */
  answering(nowMs: number): readonly string[] {
    return [...this.#peers].filter(([, peer]) => isAnswering(peer, nowMs)).map(([node]) => node);
  }

  monitorOf(node: string): ActorRef<MonitorMessage> | null {
    return this.#peers.get(node)?.monitor ?? null;
  }

  /** By node, of those that answered lately. */
  sample(
    nowMs: number,
    probes: LinkProbes,
    isDirect: (node: string) => boolean = () => true,
  ): Readonly<Record<string, LinkSample>> {
    const links: Record<string, LinkSample> = {};
    for (const [node, peer] of this.#peers) {
      if (peer.rttMs === null || !isAnswering(peer, nowMs)) continue;
      const measured = probes.measured(node, nowMs);
      const relayed = isDirect(node) ? {} : { relayed: true as const };
      links[node] = { rttMs: peer.rttMs, bandwidthMbps: null, ...measured, ...relayed };
    }
    return links;
  }
}

function isAnswering({ rttMs, answeredAtMs }: Peer, nowMs: number): boolean {
  return rttMs !== null && nowMs - answeredAtMs <= SILENT_MS;
}
