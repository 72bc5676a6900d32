/**
 * Bandwidth between nodes, estimated from what tasks took to cross: from when a node handed a task to the link until the other
 * one had all of it. What waits before or behind the link does not count, nor does a delivery after the first.
 */

import type { TaskOutcome } from "../../task/reports.js";
import type { NodeName } from "../../task/identity.js";
import { carriesFrames, type Pipeline } from "../../task/pipeline.js";

/** Least weight of a new observation in the moving average; ten observations make up nine tenths of it. */
const SMOOTHING = 0.2;
/** A crossing that took this long, in ms, has seen enough of the link to count for 63 %: so a link that has collapsed is known at once. */
const SETTLED_MS = 2_000;
/** A link that takes so many times as long, or as short, is another one than before: what was known of it is of no use. */
const CHANGED_TIMES = 3;
/** Between transfers, in ms. */
const SILENCE_MS = 15_000;
/** Shorter ones are taken by the middle of three: one that met a busy machine on its way is none of the link's. */
const NEWEST_KEPT = 3;
/** A transfer of fewer bytes says more about latency than about bandwidth, unless it takes long. */
export const TRANSFER_BYTES_MIN = 16_384;
const TRANSFER_MS_MIN = 50;

export interface Transfer {
  readonly from: NodeName;
  readonly to: NodeName;
  readonly bytes: number;
  /** ms since the Unix epoch, on the clock of `from`. */
  readonly sentAtMs: number;
  /** On the clock of `to`. */
  readonly arrivedAtMs: number;
}

export interface Bandwidth {
  readonly mbps: number;
  readonly observedAtMs: number;
}

/** Transfers that waited for one another, taken together: a busy node that reads several at once hides what each took, but not what all did. */
interface Run {
  readonly bytes: number;
  readonly ms: number;
}

interface Link extends Bandwidth {
  readonly run: Run;
  /** Of the newest transfers, in seconds a Mbit. */
  readonly newest: readonly number[];
  /** When the newest transfer seen had arrived. */
  readonly arrivedAtMs: number;
}

/** Directed estimates by pair of nodes; forgotten with either node. */
export class BandwidthEstimates {
  readonly #byNode = new Map<NodeName, Map<NodeName, Link>>();

  /**
   * A transfer that is sent while another one crosses the link waits for it: its own time begins where that one has arrived.
   * One that is told of after a later one is left out, as what it waited for is not known any more.
   *
   * @param rttMs of the link where it is known: half of it is latency, which no bandwidth would shorten
   */
  observe(transfer: Transfer, nowMs: number, rttMs: number | null = null): void {
    const { from, to, bytes, sentAtMs, arrivedAtMs } = transfer;
    const before = this.#byNode.get(from)?.get(to);
    if (before !== undefined && arrivedAtMs <= before.arrivedAtMs) return;
    const queued = before !== undefined && sentAtMs < before.arrivedAtMs;
    const latencyMs = queued ? 0 : (rttMs ?? 0) / 2;
    const durationMs = arrivedAtMs - (queued ? before.arrivedAtMs : sentAtMs) - latencyMs;
    if (!(durationMs > 0) || !(bytes > 0)) return;
    if (bytes < TRANSFER_BYTES_MIN && durationMs < TRANSFER_MS_MIN) return;
    const run = runOf(queued ? before.run : null, { bytes, ms: durationMs });
    const slowness = run.ms / ((run.bytes * 8) / 1_000);
    // What crossed before a long silence says nothing of what crosses now.
    const isOld = before !== undefined && sentAtMs - before.arrivedAtMs > SILENCE_MS;
    const newest = [...(isOld ? [] : (before?.newest ?? [])), slowness].slice(-NEWEST_KEPT);
    const observed = durationMs < SETTLED_MS ? middleOf(newest) : slowness;
    const weight = Math.max(SMOOTHING, 1 - Math.exp(-durationMs / SETTLED_MS));
    let links = this.#byNode.get(from);
    if (links === undefined) this.#byNode.set(from, (links = new Map<NodeName, Link>()));
    // Of times, not of rates: a link that was fast for long and has become slow takes its time for every byte from now on.
    const known = before === undefined ? observed : 1 / before.mbps;
    const isFaster = observed * CHANGED_TIMES < known;
    const isSlower = observed > CHANGED_TIMES * known && (newest.length > 1 || durationMs >= SETTLED_MS);
    const averaged = isFaster || isSlower ? observed : known + weight * (observed - known);
    links.set(to, { mbps: 1 / averaged, observedAtMs: nowMs, arrivedAtMs, newest, run });
  }

  between(from: NodeName, to: NodeName): Bandwidth | null {
    const link = this.#byNode.get(from)?.get(to);
    return link === undefined ? null : { mbps: link.mbps, observedAtMs: link.observedAtMs };
  }

  /** The nodes to which anything was seen to cross from `node`. */
  reachedFrom(node: NodeName): Iterable<NodeName> {
    return this.#byNode.get(node)?.keys() ?? [];
  }

  forget(node: NodeName): void {
    this.#byNode.delete(node);
    for (const links of this.#byNode.values()) links.delete(node);
  }
}

/** What is older than about twice `SETTLED_MS` counts for less and less: the link may have changed since. */
function runOf(before: Run | null, { bytes, ms }: Run): Run {
  if (before === null) return { bytes, ms };
  const weight = before.ms > SETTLED_MS ? 0.5 : 1;
  return { bytes: weight * before.bytes + bytes, ms: weight * before.ms + ms };
}

/** Of two the faster one. */
function middleOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;
}

export interface TransferScope {
  readonly pipeline: Pipeline;
  readonly sourceNode: NodeName;
}

/**
 * What `outcome` tells about links: the first attempts of its first delivery that came with the payload straight from the node
 * of the stage before. A join is left out, as its start waits for the slowest branch.
 */
export function transfersOf(
  outcome: TaskOutcome,
  { pipeline, sourceNode }: TransferScope,
): readonly Transfer[] {
  const { payloadBytes: bytes, hops } = outcome;
  const transfers: Transfer[] = [];
  for (const { stage: id, node: to, attempt, delivery, sentAtMs, enqueuedAtMs: arrivedAtMs } of hops) {
    const stage = pipeline.stages.find((other) => other.id === id);
    if (attempt !== 1 || delivery !== 1 || sentAtMs === undefined) continue;
    if (stage === undefined || stage.predecessors.length > 1) continue;
    const [predecessor = null] = stage.predecessors;
    if (!carriesFrames(pipeline, predecessor, stage.id)) continue;
    const from = predecessor === null ? sourceNode : hops.find((other) => other.stage === predecessor)?.node;
    if (from === undefined || from === to) continue;
    transfers.push({ from, to, bytes, sentAtMs, arrivedAtMs });
  }
  return transfers;
}
