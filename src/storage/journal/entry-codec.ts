/**
 * The format of an entry in the journal: a CRC-32 of all that follows, the length of the header, the header as on the wire,
 * and the frames one behind the other.
 *
 * The checksum is our own, as level reads its tables without checking theirs.
 */

import { crc32 } from "node:zlib";
import { allocateShared } from "../../runtime/shared-memory.js";
import { ByteReader } from "../../transport/codec/byte-reader.js";
import { ByteWriter } from "../../transport/codec/byte-writer.js";
import { decodeValue } from "../../transport/codec/decode.js";
import { encodeValue } from "../../transport/codec/encode.js";
import type { JournalEntry } from "./journal.js";

/** Checksum, then length of the header. */
const PREFIX_BYTES = 8;

const writer = new ByteWriter();

export function encodeEntry(entry: JournalEntry): Uint8Array {
  const { payload } = entry.task;
  const frames = payload?.frames ?? [];
  const header = {
    ...entry,
    task: { ...entry.task, payload: null },
    payload:
      payload === null
        ? null
        : {
            ...payload,
            frames: frames.map(({ ptsUs, data }) => ({ ptsUs, bytes: data.length })),
          },
  };
  writer.begin();
  encodeValue(writer, header, []);
  const { buffer, start, end } = writer.finish();
  const frameBytes = frames.reduce((sum, { data }) => sum + data.length, 0);
  const bytes = Buffer.allocUnsafe(PREFIX_BYTES + (end - start) + frameBytes);
  bytes.writeUInt32LE(end - start, 4);
  bytes.set(buffer.subarray(start, end), PREFIX_BYTES);
  let at = PREFIX_BYTES + (end - start);
  for (const { data } of frames) {
    bytes.set(data, at);
    at += data.length;
  }
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
  return bytes;
}

type Header = JournalEntry & {
  readonly payload:
    | (Omit<NonNullable<JournalEntry["task"]["payload"]>, "frames"> & {
        readonly frames: readonly { readonly ptsUs: number; readonly bytes: number }[];
      })
    | null;
};

/** Null where the bytes have changed on disk. Frames are in shared memory, as fresh ones are. */
export function decodeEntry(bytes: Uint8Array): JournalEntry | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < PREFIX_BYTES || crc32(bytes.subarray(4)) !== view.getUint32(0, true)) return null;
  const headerEnd = PREFIX_BYTES + view.getUint32(4, true);
  const value = decodeValue(new ByteReader(bytes.subarray(PREFIX_BYTES, headerEnd)), [], () => {
    throw new TypeError("A journal holds no refs");
  });
  // The checksum says that this file wrote it.
  const { payload, ...entry } = value as Header;
  if (payload === null) return entry;
  let at = headerEnd;
  const frames = payload.frames.map(({ ptsUs, bytes: length }) => {
    const data = allocateShared(length);
    data.set(bytes.subarray(at, at + length));
    at += length;
    return { ptsUs, data };
  });
  return { ...entry, task: { ...entry.task, payload: { ...payload, frames } } };
}
