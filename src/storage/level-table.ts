/**
 * Table files of level: recognises one whose index is damaged, and writes a new index over its blocks.
 *
 * level checks neither the index of a table nor its end. With a changed index it looks for a key in the wrong block and
 * does not find it, and its own repair gives up the whole table. The blocks themselves lie one behind the other from the
 * start, each with its checksum, so where one ends is found by trying.
 *
 * Layout: leveldb's `doc/table_format.md`; a block ends in its compression (1 byte) and a masked CRC-32C (4 bytes).
 */

import { open, readFile, rename, writeFile, type FileHandle } from "node:fs/promises";
import { crc32c } from "./crc32c.js";
import { uncompress } from "./snappy.js";

const MAGIC = 0xdb4775248b80fb57n;
/** Two block handles, padded to 40 bytes, and the magic number. */
const FOOTER_BYTES = 48;
const TRAILER_BYTES = 5;
/** A block ends behind the entry that fills it: 4 KiB and the largest entry. A task with its pixels is the largest. */
const BLOCK_BYTES_MAX = 64 * 1024 * 1024;
/** Type of an internal key, in the first of its last eight bytes: a deletion or a value. */
const KEY_TYPES = new Set([0, 1]);
const KEY_TAG_BYTES = 8;

interface Handle {
  readonly offset: number;
  readonly size: number;
}

/** What is wrong with the end and the index of a table, for people; null where nothing is. */
export async function tableDamage(path: string): Promise<string | null> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    if (size === 0) return "it is empty";
    if (size < FOOTER_BYTES) return "it is too short for a table";
    const footer = await readAt(file, size - FOOTER_BYTES, FOOTER_BYTES);
    const index = indexHandle(footer);
    if (index === null || index.offset + index.size + TRAILER_BYTES > size) return "its end is damaged";
    const block = await readAt(file, index.offset, index.size + TRAILER_BYTES);
    return isWhole(block) ? null : "its index is damaged";
  } finally {
    await file.close();
  }
}

/** Gives a table a new index over every block before the first unreadable one. @returns how many blocks it has kept */
export async function mendTable(path: string): Promise<number> {
  const bytes = await readFile(path);
  const blocks: { readonly handle: Handle; readonly lastKey: Uint8Array }[] = [];
  let offset = 0;
  for (;;) {
    const size = blockSize(bytes, offset);
    if (size === null) break;
    const lastKey = lastKeyOf(bytes.subarray(offset, offset + size), bytes[offset + size] ?? 0);
    if (lastKey === null) break;
    blocks.push({ handle: { offset, size }, lastKey });
    offset += size + TRAILER_BYTES;
  }
  if (blocks.length === 0) return 0;
  const meta = blockOf([]);
  const index = blockOf(blocks.map(({ handle, lastKey }) => ({ key: lastKey, value: handleBytes(handle) })));
  const footer = Buffer.alloc(FOOTER_BYTES);
  Buffer.concat([
    handleBytes({ offset, size: meta.length - TRAILER_BYTES }),
    handleBytes({ offset: offset + meta.length, size: index.length - TRAILER_BYTES }),
  ]).copy(footer);
  footer.writeBigUInt64LE(MAGIC, FOOTER_BYTES - 8);
  const mended = Buffer.concat([bytes.subarray(0, offset), meta, index, footer]);
  // A name of level's for files under way: it deletes what a crash leaves of it.
  const under = path.replace(/\.\w+$/, ".dbtmp");
  await writeFile(under, mended, { flush: true });
  await rename(under, path);
  return blocks.length;
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

function indexHandle(footer: Buffer): Handle | null {
  if (footer.length < FOOTER_BYTES || footer.readBigUInt64LE(FOOTER_BYTES - 8) !== MAGIC) return null;
  const at = { at: 0 };
  // The index comes second.
  const [, , offset = null, size = null] = [0, 1, 2, 3].map(() => varint(footer, at));
  return offset === null || size === null ? null : { offset, size };
}

/** Whether a block with its trailer has the checksum that it ends in. */
function isWhole(block: Buffer): boolean {
  const end = block.length - 4;
  return end > 0 && masked(crc32c(block, 0, end)) === block.readUInt32LE(end);
}

/** Bytes of the block at `offset` without its trailer: the first length whose checksum is right. Null where none is. */
function blockSize(bytes: Buffer, offset: number): number | null {
  const last = Math.min(bytes.length - TRAILER_BYTES, offset + BLOCK_BYTES_MAX);
  let running = 0;
  for (let at = offset; at <= last; at++) {
    const compression = bytes[at] ?? 0;
    running = crc32c(bytes, at, at + 1, running);
    if (compression <= 1 && at > offset && masked(running) === bytes.readUInt32LE(at + 1)) return at - offset;
  }
  return null;
}

/** Last key of a block of entries; null where it is no such block. */
function lastKeyOf(stored: Buffer, compression: number): Uint8Array | null {
  const block = compression === 0 ? stored : uncompress(stored);
  if (block === null || block.length < 8) return null;
  const restarts = block.readUInt32LE(block.length - 4);
  const end = block.length - 4 - restarts * 4;
  const at = { at: 0 };
  let key: Buffer = Buffer.alloc(0);
  while (at.at < end) {
    const shared = varint(block, at);
    const rest = varint(block, at);
    const valueBytes = varint(block, at);
    if (shared === null || rest === null || valueBytes === null || shared > key.length) return null;
    key = Buffer.concat([key.subarray(0, shared), block.subarray(at.at, at.at + rest)]);
    at.at += rest + valueBytes;
    if (!KEY_TYPES.has(key[key.length - KEY_TAG_BYTES] ?? -1)) return null;
  }
  return end > 0 && at.at === end ? key : null;
}

/** A block that is not compressed, with its trailer; every entry has its whole key. */
function blockOf(entries: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[]): Buffer {
  const parts: Uint8Array[] = [];
  const restarts: number[] = [];
  let size = 0;
  for (const { key, value } of entries) {
    restarts.push(size);
    const entry = [varintBytes(0), varintBytes(key.length), varintBytes(value.length), key, value];
    parts.push(...entry);
    size += entry.reduce((sum, { length }) => sum + length, 0);
  }
  if (restarts.length === 0) restarts.push(0);
  const tail = Buffer.alloc((restarts.length + 1) * 4 + TRAILER_BYTES);
  for (const [index, restart] of restarts.entries()) tail.writeUInt32LE(restart, index * 4);
  tail.writeUInt32LE(restarts.length, restarts.length * 4);
  const block = Buffer.concat([...parts, tail]);
  block.writeUInt32LE(masked(crc32c(block, 0, block.length - 4)), block.length - 4);
  return block;
}

/** As leveldb's `crc32c::Mask`: a checksum that is stored is not that of bytes that hold checksums. */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function handleBytes({ offset, size }: Handle): Buffer {
  return Buffer.concat([varintBytes(offset), varintBytes(size)]);
}

function varintBytes(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

/** Reads a varint and moves on; null where it does not end. */
function varint(bytes: Uint8Array, place: { at: number }): number | null {
  let value = 0;
  for (let factor = 1; factor < 2 ** 50; factor *= 128) {
    const byte = bytes[place.at++];
    if (byte === undefined) return null;
    value += (byte & 127) * factor;
    if (byte < 128) return value;
  }
  return null;
}
