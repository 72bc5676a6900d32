/** Packets as they stand between the messages of an RTSP connection (RFC 2326, 10.12). */

/** `$`, the channel and a length of 16 bits. */
const HEAD_BYTES = 4;
const MARK = 0x24;

/** Puts a packet on a channel. */
export function interleaved(channel: number, payload: Buffer): Buffer {
  const packet = Buffer.allocUnsafe(HEAD_BYTES + payload.length);
  packet[0] = MARK;
  packet[1] = channel;
  packet.writeUInt16BE(payload.length, 2);
  payload.copy(packet, HEAD_BYTES);
  return packet;
}

/** Calls `take` for each packet of a run of whole ones. */
export function eachPacket(run: Buffer, take: (channel: number, payload: Buffer) => void): void {
  for (let at = 0; at + HEAD_BYTES <= run.length;) {
    const end = at + HEAD_BYTES + run.readUInt16BE(at + 2);
    take(run[at + 1] ?? 0, run.subarray(at + HEAD_BYTES, end));
    at = end;
  }
}

/** Bytes of media: a camera without pictures may send its reports all the same, which are told apart by type (RFC 5761, 4). */
export function mediaBytes(payload: Buffer): number {
  const type = payload[1] ?? 0;
  return type >= 192 && type <= 223 ? 0 : payload.length;
}
