/** Writes envelopes into the writer of the link that leads to their member, and sends them. */

import type { Lane } from "../../runtime/actor-ref.js";
import type { DeadLetterReason } from "../../runtime/dead-letters.js";
import type { RemoteTarget } from "../../runtime/remote.js";
import type { ByteWriter } from "../codec/byte-writer.js";
import { encodeValue } from "../codec/encode.js";
import type { Link } from "../link/link.js";
import type { LinkLimits } from "../link/link-limits.js";
import { RECORD, RECORD_HEADER_BYTES } from "../link/records.js";
import type { Member } from "./cluster.js";
import { KIND, writeAddress } from "./envelope.js";
import type { Incidents } from "./incidents.js";
import type { Route } from "./routes.js";

export class EnvelopeSender {
  /** Of this node; 0 while it is not a member. */
  session = 0;
  readonly #limits: LinkLimits;
  readonly #incidents: Incidents;

  constructor(limits: LinkLimits, incidents: Incidents) {
    this.#limits = limits;
    this.#incidents = incidents;
  }

  /**
   * Sends a message of an actor of this node.
   *
   * @param askId of the ask that it is the request of; null for a plain message
   * @returns null once it is on its way, and otherwise why it cannot be sent
   */
  message(
    route: Route,
    target: RemoteTarget,
    message: unknown,
    lane: Lane,
    askId: number | null,
  ): DeadLetterReason | null {
    const { path, incarnation } = target.target;
    const { writer } = route.link.sender;
    this.#begin(writer, lane, this.session, route.member.session);
    if (askId === null) {
      writer.u8(KIND.tell);
    } else {
      writer.u8(KIND.ask);
      writer.varint(askId);
    }
    writeAddress(writer, path, incarnation);
    const attachments: Uint8Array[] = [];
    try {
      encodeValue(writer, message, attachments);
    } catch {
      // It holds what cannot cross, or a getter of it threw: tell never throws, and the dead letter shows the message.
      writer.abandon();
      return "unencodable";
    }
    return this.#post(route, lane, target.address, attachments);
  }

  /**
   * Sends an envelope between the exchanges themselves.
   *
   * @param write puts what its kind has into the writer
   * @param from session that it comes from; only a hub may speak for another. Default: this node's
   */
  control(
    route: Route,
    kind: number,
    write: (writer: ByteWriter) => void,
    from: number = this.session,
  ): void {
    const { writer } = route.link.sender;
    this.#begin(writer, "control", from, route.member.session);
    writer.u8(kind);
    write(writer);
    if (this.#post(route, "control", "", []) !== null) this.#incidents.add("control-refused");
  }

  /**
   * Passes on an envelope from one member to another, unread.
   *
   * @param from session of its sender
   * @param rest what follows the kind
   * @returns null once it is on its way, and otherwise why it cannot be sent
   */
  relay(
    route: Route,
    from: number,
    lane: Lane,
    kind: number,
    rest: Uint8Array,
    attachments: readonly Uint8Array[],
  ): DeadLetterReason | null {
    const { writer } = route.link.sender;
    const to = route.member.session;
    this.#begin(writer, lane, from, to);
    writer.u8(kind);
    writer.bytes(rest);
    return this.#post(route, lane, `${from}>${to}`, attachments);
  }

  /** Asks `member` over `link` to answer once it has everything that was sent over it before, in both lanes. */
  flush(member: Member, link: Link, id: number): void {
    for (const lane of ["control", "data"] as const) {
      const { writer } = link.sender;
      this.#begin(writer, lane, this.session, member.session);
      writer.u8(KIND.flush);
      writer.varint(id);
      writer.patchU32(1, writer.length - RECORD_HEADER_BYTES);
      link.sender.barrier(lane, member.session, writer.finish());
    }
  }

  #begin(writer: ByteWriter, lane: Lane, from: number, to: number): void {
    writer.begin();
    writer.u8(lane === "control" ? RECORD.control : RECORD.data);
    writer.u32(0);
    writer.u32(from);
    writer.u32(to);
  }

  /** Sends what the writer of the link holds since `#begin`. */
  #post(
    { link, member }: Route,
    lane: Lane,
    streamKey: string,
    attachments: readonly Uint8Array[],
  ): DeadLetterReason | null {
    const { writer } = link.sender;
    const { length } = writer;
    if (attachments.length === 0 && length <= this.#limits.inlineBytes) {
      writer.patchU32(1, length - RECORD_HEADER_BYTES);
      return link.sender.message(lane, member.session, streamKey, writer.finish()) ? null : "link-full";
    }
    let bytes = length;
    for (const attachment of attachments) bytes += attachment.byteLength;
    if (bytes > this.#limits.messageBytes) {
      writer.abandon();
      this.#incidents.add("message-too-large");
      return "too-large";
    }
    const { buffer, start, end } = writer.finish();
    const head = buffer.subarray(start + RECORD_HEADER_BYTES, end);
    return link.sender.large(lane, member.session, streamKey, { head, attachments }) ? null : "link-full";
  }
}
