/** The limits of a link. */

export interface LinkLimits {
  /** Data that the other side may have in flight to here, in bytes: what a control message may have to wait for. */
  readonly windowBytes: number;
  /** Largest chunk of a large message, in bytes. */
  readonly chunkBytes: number;
  /** Largest message that goes as one record, in bytes; a longer one goes in chunks. */
  readonly inlineBytes: number;
  /** Messages that wait for credit, in bytes; more are refused. */
  readonly queueBytes: number;
  /** Bytes that the socket has not taken, a new control message included; beyond that the message is refused. */
  readonly controlBytes: number;
  /** One message with all its attachments, in bytes. */
  readonly messageBytes: number;
  /** Large messages being received at the same time: how many, and how many bytes. */
  readonly assemblies: number;
  readonly assemblyBytes: number;
  /** Control messages and notices that the other side may send: per second, and at once. Data is bounded by its credit. */
  readonly controlRate: { readonly perSecond: number; readonly burst: number };
  /** Between heartbeats, in ms. */
  readonly heartbeatMs: number;
  /** Silence after which the other side is down, in ms; time during which this side stood still does not count. */
  readonly silenceMs: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

/** Window and chunk trade the latency of control under load against the bulk rate; measured by `bench/e2e/link.ts`. */
export const DEFAULT_LINK_LIMITS: LinkLimits = {
  windowBytes: 256 * KIB,
  chunkBytes: 32 * KIB,
  inlineBytes: 16 * KIB,
  queueBytes: 256 * MIB,
  controlBytes: 8 * MIB,
  messageBytes: 64 * MIB,
  assemblies: 4_096,
  assemblyBytes: 512 * MIB,
  controlRate: { perSecond: 50_000, burst: 200_000 },
  heartbeatMs: 250,
  silenceMs: 1_000,
};
