/** The limits of a link, and of all links of a node. */

import { totalmem } from "node:os";

/** Bounds of the links of a node. */
export interface LinkLimits {
  /** What all links of a node hold together, in bytes: see `byte-budget.ts`. */
  readonly budgetBytes: number;
  /** Data that the other side may have in flight to here, in bytes: what a control message may have to wait for. */
  readonly windowBytes: number;
  /** Largest chunk of a large message, in bytes. */
  readonly chunkBytes: number;
  /** Largest message that goes as one record, in bytes; a longer one goes in chunks. */
  readonly inlineBytes: number;
  /** Messages that wait for credit, in bytes; more are refused. */
  readonly queueBytes: number;
  /**
   * Bytes that the socket has not taken, a new control message included; beyond that the message is refused. Those of one record
   * may have a quarter more.
   */
  readonly controlBytes: number;
  /** One message with all its attachments, in bytes. */
  readonly messageBytes: number;
  /** Large messages being received at the same time. */
  readonly assemblies: number;
  /** For the next part of a large message, in ms. */
  readonly assemblyMs: number;
  /** Bytes of data that the socket has not taken, whatever the other side has granted. */
  readonly socketBytes: number;
  /** A socket that takes nothing for so long, in ms, belongs to somebody who does not read. */
  readonly stuckMs: number;
  /** Where memory is short, what waits for a peer has to be gone in this time, in ms, at the pace of the last `stuckMs`. */
  readonly drainMs: number;
  /** Records besides data that the other side may send: per second, and at once. Data is bounded by its credit. */
  readonly controlRate: { readonly perSecond: number; readonly burst: number };
  /** Between heartbeats, in ms. */
  readonly heartbeatMs: number;
  /**
   * Silence after which the other side is down, in ms: more where one of the two was held up of late, and time during which this side
   * stood still does not count (see `liveness.ts`).
   */
  readonly silenceMs: number;
}

/**
 * Silence of an operator, and of the hub for one, in ms: nothing has to be routed elsewhere where one of them is slow, and a command
 * that people wait for is not to fail by it.
 */
export const OPERATOR_SILENCE_MS = 5_000;

const KIB = 1024;
const MIB = 1024 * KIB;

const MESSAGE_BYTES = 64 * MIB;

/**
 * An eighth of the memory of this machine, or of what it gives to this process, but no more than 320 MiB. And no less than lets
 * any message through: a quarter of it is one peer's, each way.
 */
function budgetBytes(): number {
  const constrained = process.constrainedMemory();
  const memory = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return Math.max(4 * MESSAGE_BYTES, Math.min(320 * MIB, Math.floor(memory / 8)));
}

/** Window and chunk trade the latency of control under load against the bulk rate; measured by `bench/e2e/link.ts`. */
export const DEFAULT_LINK_LIMITS: LinkLimits = {
  budgetBytes: budgetBytes(),
  windowBytes: 256 * KIB,
  chunkBytes: 32 * KIB,
  inlineBytes: 16 * KIB,
  queueBytes: 128 * MIB,
  controlBytes: 8 * MIB,
  messageBytes: MESSAGE_BYTES,
  assemblies: 4_096,
  assemblyMs: 60_000,
  // Four windows: more than any receiver of the same version grants.
  socketBytes: MIB,
  stuckMs: 5_000,
  drainMs: 60_000,
  controlRate: { perSecond: 50_000, burst: 200_000 },
  heartbeatMs: 250,
  silenceMs: 1_000,
};
