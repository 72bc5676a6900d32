/** What hub and members tell each other about themselves: plain data, checked where it arrives. */

import { parseWith, z } from "../../runtime/parse.js";
import type { ByteReader } from "../codec/byte-reader.js";
import type { ByteWriter } from "../codec/byte-writer.js";
import { decodeValue } from "../codec/decode.js";
import { encodeValue } from "../codec/encode.js";
import { MalformedError } from "../codec/malformed.js";
import type { MembershipEvent, Member } from "./cluster.js";

export type Notice =
  /** Hub to a new member, first of all. */
  | { readonly type: "snapshot"; readonly sequence: number; readonly members: readonly Member[] }
  | { readonly type: "event"; readonly event: MembershipEvent }
  /** Member to hub: it drains. */
  | { readonly type: "leaving" }
  /** Member to hub: it has nothing more to do, and closes once it is told `goodbye`. */
  | { readonly type: "leave" }
  | { readonly type: "goodbye" }
  /** Member to hub: it wants to reach that member directly. */
  | { readonly type: "introduce"; readonly session: number }
  /** Hub to both: a key that lasts for one link of the two. The one with a `url` to go to dials. */
  | {
      readonly type: "introduced";
      readonly session: number;
      readonly token: string;
      readonly dial: string | null;
    };

const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/i);
const session = z.number().int().min(1).max(0xffffffff);
const sequence = z.number().int().min(0);
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
  z.object({
    type: z.literal("introduced"),
    session,
    token: z.string().max(128),
    dial: url.nullable(),
  }),
]);

export function writeNotice(writer: ByteWriter, notice: Notice): void {
  encodeValue(writer, notice, []);
}

/** @throws MalformedError */
export function readNotice(reader: ByteReader): Notice {
  const value = decodeValue(reader, [], () => {
    throw new MalformedError("A notice holds an address");
  });
  const parsed = parseWith(schema, value);
  if (!parsed.ok) throw new MalformedError(`A notice is none: ${parsed.problem}`);
  // The schema checks the names that it lets through, and brands are no data.
  return parsed.value as Notice;
}
