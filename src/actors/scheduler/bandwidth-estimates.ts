/** Bandwidth between nodes, estimated from what tasks took to cross: no probe traffic, no measurement to schedule. */

import type { TaskOutcome } from "../../task/reports.js";
import type { Configuration } from "../../task/configuration.js";
import type { NodeName } from "../../task/identity.js";
import { carriesFrames, type Pipeline } from "../../task/pipeline.js";

/** Weight of a new observation in the moving average; ten observations make up nine tenths of it. */
const SMOOTHING = 0.2;
/** A transfer of fewer bytes says more about latency than about bandwidth. */
export const TRANSFER_BYTES_MIN = 16_384;

export interface Transfer {
  readonly from: NodeName;
  readonly to: NodeName;
  readonly bytes: number;
  readonly durationMs: number;
}

export interface Bandwidth {
  readonly mbps: number;
  readonly observedAtMs: number;
}

/** Directed estimates by pair of nodes; forgotten with either node. */
export class BandwidthEstimates {
  readonly #byNode = new Map<NodeName, Map<NodeName, Bandwidth>>();

  /** @param rttMs of the link where it is known: half of it is latency, which no bandwidth would shorten */
  observe(transfer: Transfer, nowMs: number, rttMs: number | null = null): void {
    const durationMs = transfer.durationMs - (rttMs ?? 0) / 2;
    if (transfer.bytes < TRANSFER_BYTES_MIN || !(durationMs > 0)) return;
    const observed = (transfer.bytes * 8) / 1_000 / durationMs;
    let links = this.#byNode.get(transfer.from);
    if (links === undefined) this.#byNode.set(transfer.from, (links = new Map<NodeName, Bandwidth>()));
    const before = links.get(transfer.to)?.mbps ?? observed;
    links.set(transfer.to, { mbps: before + SMOOTHING * (observed - before), observedAtMs: nowMs });
  }

  between(from: NodeName, to: NodeName): Bandwidth | null {
    return this.#byNode.get(from)?.get(to) ?? null;
  }

  forget(node: NodeName): void {
    this.#byNode.delete(node);
    for (const links of this.#byNode.values()) links.delete(node);
  }
}

export interface TransferScope {
  readonly pipeline: Pipeline;
  readonly sourceNode: NodeName;
  /** As the source is captured now. */
  readonly configuration: Configuration;
}

/**
 * What `outcome` tells about links: for each first attempt on another node than its predecessor's, the time from the end
 * there to arrival here. A join is left out as its start waits for the slowest branch, and so is a stage that is reached
 * without the payload. The two times are of two clocks: a skew that makes the difference negative is not observed.
 */
export function transfersOf(
  outcome: TaskOutcome,
  { pipeline, sourceNode, configuration }: TransferScope,
): readonly Transfer[] {
  const bytes =
    outcome.payloadBytes > 0 ? outcome.payloadBytes : pixelBytes(configuration, outcome.frameCount);
  const transfers: Transfer[] = [];
  for (const hop of outcome.hops) {
    const stage = pipeline.stages.find(({ id }) => id === hop.stage);
    if (hop.attempt !== 1 || stage === undefined || stage.predecessors.length > 1) continue;
    const [predecessor = null] = stage.predecessors;
    const before = predecessor === null ? null : outcome.hops.find((other) => other.stage === predecessor);
    if (before === undefined || !carriesFrames(pipeline, predecessor, stage.id)) continue;
    const from = before?.node ?? sourceNode;
    if (from === hop.node) continue;
    const durationMs = hop.enqueuedAtMs - (before?.endedAtMs ?? outcome.createdAtMs);
    if (durationMs > 0) transfers.push({ from, to: hop.node, bytes, durationMs });
  }
  return transfers;
}

/** Of a task whose payload was gone when it was stored: raw frames have a size that follows, images have none. */
function pixelBytes({ encoding, width, height }: Configuration, frameCount: number): number {
  return encoding === "rgb" ? width * height * 3 * frameCount : 0;
}
