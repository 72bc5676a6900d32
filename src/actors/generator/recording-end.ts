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

const PACK = 0xba;
const PACK_START = "\0\0\u0001\u00ba";
const PROGRAM_END = 0xb9;
const PACK_HEAD_BYTES = 14;
/** Start code and length. */
const PACKET_HEAD_BYTES = 6;
/** A pack has 2 KiB in most files; where none is in so many bytes, the structure is another one. */
const PACK_SEARCH_BYTES = 4 * 1024 * 1024;
const INCOMPLETE_PACKET = "its last packet is incomplete";

/** A file, its length, and as many bytes of it as are asked for, or fewer at its end. */
interface Recording {
  readonly bytes: number;
  readonly read: (at: number, count: number) => Promise<Buffer>;
}

/**
 * Why the recording at `path` ends before its end; null where it does not, or where its format does not tell: raw streams may end
 * anywhere, and streams of packets between two of them.
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
    if (text.startsWith(PACK_START)) return await programStreamCutShort(recording);
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
      return bytes % size === 0 ? null : INCOMPLETE_PACKET;
    }
  }
  return null;
}

/**
 * ISO/IEC 13818-1, 2.5.3, and 11172-1, 2.4.3: packs, each with packets whose head says their length. The packets behind the last
 * pack end with the file.
 */
async function programStreamCutShort({ bytes, read }: Recording): Promise<string | null> {
  const from = Math.max(0, bytes - PACK_SEARCH_BYTES);
  const tail = await read(from, bytes - from);
  let at = tail.lastIndexOf(PACK_START, undefined, "latin1");
  // What was cut off in the head of a pack has no packet to look at.
  if (at >= 0 && tail.length - at < PACK_HEAD_BYTES) return "its last pack is incomplete";
  while (at >= 0 && at < tail.length) {
    if (tail.length - at < PACKET_HEAD_BYTES) return isCutStart(tail.subarray(at)) ? INCOMPLETE_PACKET : null;
    if (tail.readUIntBE(at, 3) !== 1) return null;
    const code = tail.readUInt8(at + 3);
    if (code === PROGRAM_END) return null;
    if (code === PACK) at += packHeadBytes(tail, at);
    else at += PACKET_HEAD_BYTES + tail.readUInt16BE(at + 4);
  }
  return at > tail.length ? INCOMPLETE_PACKET : null;
}

/** The head of a pack of MPEG-2 says how many bytes are stuffed behind it; one of MPEG-1 has none. */
function packHeadBytes(tail: Buffer, at: number): number {
  const isMpeg2 = (tail.readUInt8(at + 4) & 0xc0) === 0x40;
  if (!isMpeg2) return 12;
  return PACK_HEAD_BYTES + (tail.length > at + 13 ? tail.readUInt8(at + 13) & 7 : 0);
}

/** Whether these few bytes are the beginning of the head of a packet, and not what fills a file up. */
function isCutStart(rest: Buffer): boolean {
  const start = [0, 0, 1];
  return rest.some((byte) => byte !== 0) && start.every((byte, index) => (rest[index] ?? byte) === byte);
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
