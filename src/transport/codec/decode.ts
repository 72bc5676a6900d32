/**
 * Decodes untrusted bytes into plain data.
 *
 * DC1 Bytes that encode no value throw `MalformedError`, and nothing else is thrown.
 * DC2 Nesting and elements are limited, and a count that the remaining bytes could not hold is refused.
 * DC3 No key sets a prototype, nothing is evaluated, and the sender can have no classes instantiated but those named in
 *     `encodeValue`.
 * DC4 Each attachment is used exactly once. It becomes part of the value uncopied; an inline array is copied, so that it keeps
 *     no frame alive.
 * DC5 Objects of one kind have one hidden class, as their keys are assigned in the order in which they were written.
 */

import type { ActorRef } from "../../runtime/actor-ref.js";
import { arrayOf, copyOf, KIND_SHARED } from "./array-kinds.js";
import { ByteReader } from "./byte-reader.js";
import { createDecodedError } from "./decoded-error.js";
import {
  BIGINT_DIGITS_MAX,
  DEPTH_MAX,
  ELEMENTS_MAX,
  HEAVY_ELEMENTS,
  SHARED_ELEMENTS,
} from "./message-limits.js";
import { MalformedError } from "./malformed.js";
import * as tags from "./tags.js";

export interface DecodeLimits {
  /** Containers inside each other. Default 64. */
  readonly depth?: number;
  /** Items, properties and entries in all; Maps, Sets, errors and byte arrays count for 8 more. Default 1,000,000. */
  readonly elements?: number;
}

/** Makes a ref from an address; an error means that the address is malformed. */
type Resolve = (address: string) => ActorRef<never>;

const HEXADECIMAL = /^-?[0-9a-f]+$/;
const NO_LIMITS: DecodeLimits = {};

/** What an element takes beyond its slot: an empty object has 56 bytes, a text 24 and its letters. */
const ELEMENT_BYTES = 56;
/** What any message takes, with what it waits in. */
const MESSAGE_BYTES = 256;
const NO_BYTES = new Uint8Array();
const NO_ATTACHMENTS: readonly Uint8Array[] = [];

/** Decodes the messages of one sender, one after the other. */
export class Decoder {
  reader: ByteReader = new ByteReader(NO_BYTES);
  attachments = NO_ATTACHMENTS;
  readonly resolve: Resolve;
  readonly #limits: Required<DecodeLimits>;
  /** What is left of the limits. */
  depth: number;
  elements: number;
  /** Indexes of the attachments used so far; null before the first. */
  used: Set<number> | null = null;
  /** Of the last message: what it takes in memory, in bytes, about as V8 has it. */
  bytes = 0;

  /** @param resolve may throw if the address is invalid */
  constructor(resolve: Resolve, { depth = DEPTH_MAX, elements = ELEMENTS_MAX }: DecodeLimits = NO_LIMITS) {
    this.resolve = resolve;
    this.#limits = { depth, elements };
    this.depth = depth;
    this.elements = elements;
  }

  /**
   * Reads the value at the reader's position. The caller checks, by `reader.remaining`, that nothing follows it.
   *
   * @param attachments of this message, in the order of their index; they become part of the value
   * @throws MalformedError
   */
  decode(reader: ByteReader, attachments: readonly Uint8Array[]): unknown {
    const { depth, elements } = this.#limits;
    this.reader = reader;
    this.attachments = attachments;
    this.depth = depth;
    this.elements = elements;
    this.used = null;
    const textBytes = reader.remaining;
    const value = decodeNext(this);
    const usedCount = readUsed(this);
    if (usedCount !== attachments.length) {
      throw new MalformedError(`Cannot decode: ${attachments.length - usedCount} attachments are not used`);
    }
    this.bytes = MESSAGE_BYTES + textBytes + ELEMENT_BYTES * (elements - this.elements);
    for (const attachment of attachments) this.bytes += attachment.byteLength;
    this.attachments = NO_ATTACHMENTS;
    return value;
  }
}

/** As its methods have changed it. */
function readUsed({ used }: Decoder): number {
  return used?.size ?? 0;
}

/**
 * Reads the value at the reader's position. The caller checks, by `reader.remaining`, that nothing follows it.
 *
 * @param attachments of this message, in the order of their index; they become part of the value
 * @param resolve may throw if the address is invalid
 * @throws MalformedError
 */
export function decodeValue(
  reader: ByteReader,
  attachments: readonly Uint8Array[],
  resolve: Resolve,
  limits: DecodeLimits = NO_LIMITS,
): unknown {
  return new Decoder(resolve, limits).decode(reader, attachments);
}

function decodeNext(decoding: Decoder): unknown {
  const { reader } = decoding;
  const tag = reader.u8();
  if (tag < tags.TAG_NULL) return tag;
  // The most frequent first.
  switch (tag) {
    case tags.TAG_TEXT:
      return reader.text();
    case tags.TAG_NUMBER:
      return reader.f64();
    case tags.TAG_OBJECT:
      return decodeObject(decoding);
    case tags.TAG_INTEGER:
      return reader.varint();
    case tags.TAG_ARRAY:
      return decodeArray(decoding);
    case tags.TAG_REF:
      return decodeRef(decoding);
    case tags.TAG_NULL:
      return null;
    case tags.TAG_UNDEFINED:
      return undefined;
    case tags.TAG_TRUE:
      return true;
    case tags.TAG_FALSE:
      return false;
    case tags.TAG_MAP:
      return decodeMap(decoding);
    case tags.TAG_SET:
      return decodeSet(decoding);
    case tags.TAG_NEGATIVE:
      return -1 - reader.varint();
    case tags.TAG_ATTACHMENT:
      return decodeAttachment(decoding);
    case tags.TAG_BYTES:
      return decodeBytes(decoding);
    case tags.TAG_ERROR:
      return decodeError(decoding);
    case tags.TAG_BIGINT:
      return decodeBigint(decoding);
    default:
      throw new MalformedError(`Cannot decode: there is no tag ${tag}`);
  }
}

/** Reads how many elements follow, of at least `bytesMin` bytes each. */
function readCount(decoding: Decoder, bytesMin: number): number {
  const count = decoding.reader.varint();
  if (count * bytesMin > decoding.reader.remaining) {
    throw new MalformedError(`Cannot decode ${count} elements: ${decoding.reader.remaining} bytes are left`);
  }
  return count;
}

/** Counts `elements` against the limit. */
function spend(decoding: Decoder, elements: number): void {
  decoding.elements -= elements;
  if (decoding.elements < 0) throw new MalformedError("Cannot decode: there are too many elements");
}

function descend(decoding: Decoder): void {
  decoding.depth -= 1;
  if (decoding.depth < 0) throw new MalformedError("Cannot decode: it nests too deep");
}

function decodeArray(decoding: Decoder): readonly unknown[] {
  const count = readCount(decoding, 1);
  spend(decoding, count);
  descend(decoding);
  const items: unknown[] = [];
  for (let index = 0; index < count; index += 1) items.push(decodeNext(decoding));
  decoding.depth += 1;
  return items;
}

function decodeObject(decoding: Decoder): Record<string, unknown> {
  const count = readCount(decoding, 2);
  spend(decoding, count);
  descend(decoding);
  const object: Record<string, unknown> = {};
  if (count > 0) {
    for (const key of decoding.reader.keys(count)) object[key] = decodeNext(decoding);
  }
  decoding.depth += 1;
  return object;
}

function decodeMap(decoding: Decoder): ReadonlyMap<unknown, unknown> {
  const count = readCount(decoding, 2);
  spend(decoding, HEAVY_ELEMENTS + 2 * count);
  descend(decoding);
  const map = new Map<unknown, unknown>();
  for (let index = 0; index < count; index += 1) {
    const key = decodeNext(decoding);
    map.set(key, decodeNext(decoding));
  }
  decoding.depth += 1;
  return map;
}

function decodeSet(decoding: Decoder): ReadonlySet<unknown> {
  const count = readCount(decoding, 1);
  spend(decoding, HEAVY_ELEMENTS + count);
  descend(decoding);
  const set = new Set<unknown>();
  for (let index = 0; index < count; index += 1) set.add(decodeNext(decoding));
  decoding.depth += 1;
  return set;
}

function decodeRef({ reader, resolve }: Decoder): ActorRef<never> {
  const address = reader.text();
  try {
    return resolve(address);
  } catch (thrown) {
    throw new MalformedError("Cannot decode a ref: its address is invalid", { cause: thrown });
  }
}

function decodeBigint({ reader }: Decoder): bigint {
  const digits = reader.text();
  if (digits.length > BIGINT_DIGITS_MAX || !HEXADECIMAL.test(digits)) {
    throw new MalformedError("Cannot decode a bigint: it is not a hexadecimal number, or too long");
  }
  return digits.startsWith("-") ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`);
}

function decodeBytes(decoding: Decoder): unknown {
  const { reader } = decoding;
  const kind = reader.u8();
  const shared = (kind & KIND_SHARED) !== 0;
  spend(decoding, shared ? SHARED_ELEMENTS : HEAVY_ELEMENTS);
  return arrayOf(kind, copyOf(reader.bytes(reader.varint()), shared));
}

function decodeAttachment(decoding: Decoder): unknown {
  const { reader, attachments } = decoding;
  const kind = reader.u8();
  spend(decoding, (kind & KIND_SHARED) === 0 ? HEAVY_ELEMENTS : SHARED_ELEMENTS);
  const index = reader.varint();
  const attachment = attachments[index];
  decoding.used ??= new Set();
  if (attachment === undefined || decoding.used.has(index)) {
    throw new MalformedError(`Cannot decode: attachment ${index} is missing, or used already`);
  }
  decoding.used.add(index);
  return arrayOf(kind, attachment);
}

function decodeError(decoding: Decoder): Error {
  const { reader } = decoding;
  spend(decoding, HEAVY_ELEMENTS);
  descend(decoding);
  const flags = reader.u8();
  if (flags > tags.ERROR_FLAGS) throw new MalformedError(`Cannot decode an error: it has flags ${flags}`);
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const error = createDecodedError({
    name: reader.text(),
    message: reader.text(),
    code: has(tags.ERROR_HAS_CODE) ? reader.text() : null,
    retry: has(tags.ERROR_BACKS_OFF) ? "backoff" : "never",
    details: has(tags.ERROR_HAS_DETAILS) ? decodeDetails(decoding) : {},
    // Only if there is one: an error without a cause differs from one with the cause `undefined`.
    ...(has(tags.ERROR_HAS_CAUSE) ? { cause: decodeNext(decoding) } : {}),
  });
  decoding.depth += 1;
  return error;
}

function decodeDetails(decoding: Decoder): Readonly<Record<string, unknown>> {
  if (decoding.reader.u8() !== tags.TAG_OBJECT) {
    throw new MalformedError("Cannot decode an error: its details are not an object");
  }
  return decodeObject(decoding);
}
