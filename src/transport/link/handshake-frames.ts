/**
 * The frames of a handshake: JSON text, small, and checked before any of it is used.
 *
 * hello -> challenge -> proof -> welcome; the accepting side may answer with `refused` instead.
 */

import { parseWith, z } from "../../runtime/parse.js";
import { TRANSPORT_ERROR_CODES, TransportError, type TransportErrorCode } from "../errors.js";

/** Version of the protocol between nodes, and the oldest version that this one still speaks. */
export const PROTOCOL = 1;
export const PROTOCOL_MIN = 1;

/** Of a frame from a peer that has proved nothing yet, in bytes. */
const UNPROVED_FRAME_BYTES_MAX = 4_096;

const nonce = z.string().min(16).max(128);
const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/i);
const proof = z.string().max(128);

const hello = z.object({
  type: z.literal("hello"),
  protocol: z.number().int(),
  protocolMin: z.number().int(),
  cluster: z.string().max(64).nullable(),
  name,
  roles: z.array(z.enum(["cloud", "edge", "operator"])).max(8),
  url: z
    .string()
    .max(256)
    .regex(/^(?:wss?|memory|port):\/\//)
    .nullable(),
  version: z.string().max(64),
  pid: z.number().int().min(0),
  token: z.string().max(64).nullable(),
  /** Public half of the key that the node has its name by; null of a node that keeps none. */
  nameKey: z.string().max(64).nullable().default(null),
  /** Whether the node has that key again when it starts again, or only for as long as it runs. */
  nameKeyLasts: z.enum(["node", "process"]).default("node"),
  nonce,
});
const challenge = z.object({
  type: z.literal("challenge"),
  protocol: z.number().int(),
  cluster: z.string().max(64),
  /** Tells the cluster from others of its name; null of one that has nothing to tell it by. */
  clusterId: z.string().max(64).nullable().default(null),
  name,
  nonce,
});
const proven = z.object({
  type: z.literal("proof"),
  proof: proof.nullable(),
  nameProof: proof.nullable().default(null),
});
const welcome = z.object({ type: z.literal("welcome"), proof: proof.nullable(), welcome: z.unknown() });
const refused = z.object({
  type: z.literal("refused"),
  code: z.string().max(64),
  message: z.string().max(1_024),
  retry: z.enum(["never", "backoff"]).optional(),
});

export type Hello = Readonly<z.output<typeof hello>>;
export type Challenge = Readonly<z.output<typeof challenge>>;
export type Proof = Readonly<z.output<typeof proven>>;
type Welcome = Readonly<z.output<typeof welcome>>;
type Refused = Readonly<z.output<typeof refused>>;

const fromDialler = z.discriminatedUnion("type", [hello, proven]);
const fromAcceptor = z.discriminatedUnion("type", [challenge, welcome, refused]);

export function encodeFrame(frame: Hello | Challenge | Proof | Welcome | Refused): Uint8Array {
  return Buffer.from(JSON.stringify(frame));
}

/** @throws TransportError `handshake-failed` */
export function parseFromDialler(frame: Uint8Array): Hello | Proof {
  return parseFrame(fromDialler, frame, UNPROVED_FRAME_BYTES_MAX);
}

/** @throws TransportError `handshake-failed` */
export function parseFromAcceptor(frame: Uint8Array): Challenge | Welcome | Refused {
  return parseFrame(fromAcceptor, frame, 4 * UNPROVED_FRAME_BYTES_MAX);
}

function parseFrame<Schema extends z.ZodType>(
  schema: Schema,
  frame: Uint8Array,
  bytesMax: number,
): z.output<Schema> {
  if (frame.byteLength > bytesMax) throw handshakeFailed(`a frame of ${frame.byteLength} bytes is too long`);
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString("utf8"));
  } catch (error) {
    throw handshakeFailed("a frame is not JSON", error);
  }
  const parsed = parseWith(schema, value);
  if (!parsed.ok) throw handshakeFailed(parsed.problem.slice(0, 200));
  return parsed.value;
}

/** An error that names `problem`. */
export function handshakeFailed(problem: string, cause?: unknown): TransportError {
  return new TransportError(`Cannot shake hands: ${problem}`, {
    code: "handshake-failed",
    ...(cause !== undefined && { cause }),
  });
}

export function refusalFrame({ code, message, retry }: TransportError): Uint8Array {
  return encodeFrame({ type: "refused", code, message: message.slice(0, 1_000), retry });
}

/** The error that the other side sent; a code that this version does not know becomes `handshake-failed`. */
export function refusalOf({ code, message, retry }: Refused): TransportError {
  const known = TRANSPORT_ERROR_CODES.find((candidate) => candidate === code);
  const meaning: TransportErrorCode = known ?? "handshake-failed";
  return new TransportError(message, {
    code: meaning,
    retry: retry ?? (meaning === "cluster-full" ? "backoff" : "never"),
  });
}
