/**
 * Whether a recording on disk is all there, by the structure of its container. ffmpeg says so of MP4 with an index and of Matroska
 * alone; of others it reads what there is and ends as if that were all.
 */

import { open, type FileHandle } from "node:fs/promises";

/** Sizes of packets of an MPEG transport stream: plain, with a time before each, with a checksum behind each. */
const TS_PACKET_BYTES = [188, 192, 204];
const TS_SYNC = 0x47;
/** Boxes at the top level of an MP4; a fragmented one has two a fragment. */
const BOXES_MAX = 1_000_000;
const FLV_TAG_HEAD_BYTES = 11;

/** A file, its length, and as many bytes of it as are asked for, or fewer at its end. */
interface Recording {
  readonly bytes: number;
  readonly read: (at: number, count: number) => Promise<Buffer>;
}

/**
 * Why the recording at `path` ends before its end; null where it does not, or where its format does not tell: a program stream
 * (MPG) and raw streams may end anywhere.
 */
export async function cutShort(path: string): Promise<string | null> {
  const file = await open(path);
  try {
    const recording = await recordingOf(file);
    const head = await recording.read(0, 16);
    const text = head.toString("latin1");
    if (text.startsWith("FLV")) return await flvCutShort(recording);
    if (text.startsWith("RIFF")) return await riffCutShort(recording);
    if (text.slice(4, 8) === "ftyp") return await mp4CutShort(recording);
    return await tsCutShort(recording);
  } finally {
    await file.close();
  }
}

async function recordingOf(file: FileHandle): Promise<Recording> {
  const { size } = await file.stat();
  return {
    bytes: size,
    async read(at, count) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(count), 0, count, at);
      return buffer.subarray(0, bytesRead);
    },
  };
}

/** ISO/IEC 13818-1, 2.4.3: packets of one size, each begins with a sync byte. */
async function tsCutShort({ bytes, read }: Recording): Promise<string | null> {
  const head = await read(0, 1_024);
  for (const size of TS_PACKET_BYTES) {
    const first = size === 192 ? 4 : 0;
    const starts = [0, 1, 2, 3].map((index) => head[first + index * size]);
    if (starts.every((byte) => byte === TS_SYNC)) {
      return bytes % size === 0 ? null : "its last packet is incomplete";
    }
  }
  return null;
}

/** FLV 10.1, annex E.3: behind each tag stands its size; the head says how much of a tag there is to be. */
async function flvCutShort({ bytes, read }: Recording): Promise<string | null> {
  const tail = await read(bytes - 4, 4);
  const size = tail.length === 4 ? tail.readUInt32BE(0) : 0;
  const at = bytes - 4 - size;
  const head = size < FLV_TAG_HEAD_BYTES || at < 0 ? Buffer.alloc(0) : await read(at, FLV_TAG_HEAD_BYTES);
  const whole = head.length === FLV_TAG_HEAD_BYTES && head.readUIntBE(1, 3) + FLV_TAG_HEAD_BYTES === size;
  return whole ? null : "its last tag is incomplete";
}

/** AVI: chunks of RIFF, one behind the other (OpenDML has several). One that is still being written has the size 0. */
async function riffCutShort({ bytes, read }: Recording): Promise<string | null> {
  for (let at = 0; at + 8 <= bytes;) {
    const head = await read(at, 8);
    if (head.toString("latin1", 0, 4) !== "RIFF") return null;
    const size = head.readUInt32LE(4);
    if (size === 0) return "its size is not known, so it was not finished";
    if (at + 8 + size > bytes) return `${at + 8 + size - bytes} bytes of it are missing`;
    // Chunks begin at even places.
    at += 8 + size + (size % 2);
  }
  return null;
}

/** ISO/IEC 14496-12, 4.2: boxes, each with its size; 1 for one of 64 bits behind it, 0 for all that is left. */
async function mp4CutShort({ bytes, read }: Recording): Promise<string | null> {
  let at = 0;
  for (let count = 0; count < BOXES_MAX && at < bytes; count++) {
    const head = await read(at, 16);
    if (head.length < 8) return "its last box is incomplete";
    const short = head.readUInt32BE(0);
    if (short === 0) return null;
    const size = short === 1 && head.length === 16 ? Number(head.readBigUInt64BE(8)) : short;
    // What is no box any more says nothing.
    if (size < 8) return null;
    at += size;
  }
  return at > bytes ? `${at - bytes} bytes of it are missing` : null;
}
