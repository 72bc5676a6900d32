/** What the hub and the members tell each other about the cluster: plain data, checked where it arrives. */

import { parseWith, z } from "../../runtime/parse.js";
import type { ByteReader } from "../codec/byte-reader.js";
import type { ByteWriter } from "../codec/byte-writer.js";
import { decodeValue } from "../codec/decode.js";
import { encodeValue } from "../codec/encode.js";
import { MalformedError } from "../codec/malformed.js";
import type { MembershipEvent, Member } from "./cluster.js";

export type Notice =
  /** Hub to a new member, before anything else. */
  | { readonly type: "snapshot"; readonly sequence: number; readonly members: readonly Member[] }
  | { readonly type: "event"; readonly event: MembershipEvent }
  /** Member to hub: it drains. */
  | { readonly type: "leaving" }
  /** Member to hub: it has finished, and closes once it receives `goodbye`. */
  | { readonly type: "leave" }
  | { readonly type: "goodbye" }
  /** Member to hub: it wants a direct link to the member with this session. */
  | { readonly type: "introduce"; readonly session: number }
  /** Member to hub: the member with this session may dial it with this key now. */
  | { readonly type: "expecting"; readonly session: number; readonly token: string }
  /**
   * Hub to both: a key for one link between them. First to the one that is to be dialled, with `dial` null; to the other one,
   * with the URL to dial, once that one expects it.
   */
  | {
      readonly type: "introduced";
      readonly session: number;
      readonly token: string;
      readonly dial: string | null;
    };

const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/i);
const session = z.number().int().min(1).max(0xffffffff);
const sequence = z.number().int().min(0);
const token = z.string().max(128);
const url = z
  .string()
  .max(256)
  .regex(/^(?:wss?|memory|port):\/\//);
const member = z.object({
  name,
  session,
  roles: z.array(z.enum(["cloud", "edge", "operator"])).max(8),
  grants: z.array(z.string().max(64)).max(32),
  url: url.nullable(),
  version: z.string().max(64),
  pid: z.number(),
  joinedAtMs: z.number(),
});
const event = z.discriminatedUnion("type", [
  z.object({ type: z.literal("memberUp"), sequence, member }),
  z.object({ type: z.literal("memberLeaving"), sequence, member }),
  z.object({ type: z.literal("memberLeft"), sequence, member }),
  z.object({ type: z.literal("memberDown"), sequence, member, reason: z.string().max(1_000) }),
]);
const schema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("snapshot"), sequence, members: z.array(member).max(10_000) }),
  z.object({ type: z.literal("event"), event }),
  z.object({ type: z.literal("leaving") }),
  z.object({ type: z.literal("leave") }),
  z.object({ type: z.literal("goodbye") }),
  z.object({ type: z.literal("introduce"), session }),
  z.object({ type: z.literal("expecting"), session, token }),
  z.object({
    type: z.literal("introduced"),
    session,
    token,
    dial: url.nullable(),
  }),
]);

export function writeNotice(writer: ByteWriter, notice: Notice): void {
  encodeValue(writer, notice, []);
}

/** @throws MalformedError */
export function readNotice(reader: ByteReader): Notice {
  const value = decodeValue(reader, [], () => {
    throw new MalformedError("A notice contains a ref");
  });
  const parsed = parseWith(schema, value);
  if (!parsed.ok) throw new MalformedError(`Not a notice: ${parsed.problem}`);
  // The schema checks names; the brand on them exists for the compiler only.
  return parsed.value as Notice;
}
