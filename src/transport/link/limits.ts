/** The bounds of a link; every one has a default and a unit. */

export interface LinkLimits {
  /** Data that the other side may have under way to here, in bytes: what it costs a control message to wait its turn. */
  readonly windowBytes: number;
  /** Largest piece of a large message, in bytes. */
  readonly chunkBytes: number;
  /** Largest message that goes as one record, in bytes; a longer one goes in chunks. */
  readonly inlineBytes: number;
  /** Messages that wait here for credit, in bytes; more are refused. */
  readonly queueBytes: number;
  /** Control messages that the socket has not taken, in bytes; more are refused. */
  readonly controlBytes: number;
  /** One message with all its attachments, in bytes. */
  readonly messageBytes: number;
  /** Large messages that arrive at the same time: how many, and how many bytes. */
  readonly assemblies: number;
  readonly assemblyBytes: number;
  /** Control messages and notices that the other side may send: a second, and at once. Data is bounded by its credit. */
  readonly controlRate: { readonly perSecond: number; readonly burst: number };
  /** Between heartbeats, in ms. */
  readonly heartbeatMs: number;
  /** Silence after which the other side is taken for dead, in ms; time that this side itself stood still does not count. */
  readonly silenceMs: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

/** Window and chunk: control under bulk against bulk rate, measured by `bench/e2e/link.ts`. */
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
