/**
 * Encodes plain data into bytes.
 *
 * E1 The value is only read; an object that occurs twice in it is written twice.
 * E2 Byte arrays of `ATTACHMENT_BYTES_MIN` and more are not copied: the same memory becomes an attachment.
 * E3 A message that contains anything another node cannot have is refused as a whole, by `UnencodableError` and by no other
 *    error. The caller then abandons the record; the attachments are as they were.
 * E4 What is written keeps the default limits of a decoder.
 */

import { isActorRef } from "../../runtime/actor-ref.js";
import { KIND_BUFFER, KIND_SHARED, kindOf } from "./array-kinds.js";
import type { ByteWriter } from "./byte-writer.js";
import {
  ATTACHMENT_BYTES_MIN,
  BIGINT_DIGITS_MAX,
  CAUSES_MAX,
  DEPTH_MAX,
  ELEMENTS_MAX,
  HEAVY_ELEMENTS,
  SHARED_ELEMENTS,
} from "./message-limits.js";
import * as tags from "./tags.js";
import { UnencodableError } from "./unencodable.js";

/** The encoding of one message. */
interface Encoding {
  readonly writer: ByteWriter;
  readonly attachments: Uint8Array[];
  /** Of the value being written. */
  depth: number;
  /** So far, as `message-limits.ts` counts them. */
  elements: number;
}

/** What an error may have besides a name and a message. */
interface ErrorFields {
  readonly code: unknown;
  readonly retry: unknown;
  readonly details: unknown;
}

/**
 * Writes `value` into the open record of `writer`.
 *
 * `undefined`, `null`, booleans, numbers, bigints, strings, arrays, plain objects (own enumerable keys that are strings),
 * Maps, Sets, errors (`name`, `message`, `code`, `retry`, `details`, `cause`), refs, and arrays of bytes of every kind.
 * A lone surrogate becomes U+FFFD, a hole becomes `undefined`, and an object without a prototype gets one.
 *
 * @param attachments receives the large byte arrays, in the order of their index; nobody may write to them until they are
 *                    sent
 * @throws UnencodableError for anything else, and for nesting deeper than 64
 */
export function encodeValue(writer: ByteWriter, value: unknown, attachments: Uint8Array[]): void {
  const attachmentCount = attachments.length;
  try {
    encodeNext({ writer, attachments, depth: 0, elements: 0 }, value);
  } catch (thrown) {
    attachments.length = attachmentCount;
    if (thrown instanceof UnencodableError) throw thrown;
    // A getter, the address of a ref, a proxy: reading an object may run code of its owner.
    throw new UnencodableError("Cannot encode the message as reading it failed", { cause: thrown });
  }
}

function encodeNext(encoding: Encoding, value: unknown): void {
  const { writer } = encoding;
  switch (typeof value) {
    case "string":
      writer.u8(tags.TAG_TEXT);
      writer.text(value);
      return;
    case "number":
      encodeNumber(writer, value);
      return;
    case "boolean":
      writer.u8(value ? tags.TAG_TRUE : tags.TAG_FALSE);
      return;
    case "undefined":
      writer.u8(tags.TAG_UNDEFINED);
      return;
    case "object":
      if (value === null) writer.u8(tags.TAG_NULL);
      else encodeObject(encoding, value);
      return;
    case "bigint":
      encodeBigint(writer, value);
      return;
    case "function":
    case "symbol":
      throw new UnencodableError(`Cannot encode a ${typeof value}: it means nothing on another node`);
  }
}

/** Counts `elements` against the limit. */
function spend(encoding: Encoding, elements: number): void {
  encoding.elements += elements;
  if (encoding.elements > ELEMENTS_MAX) {
    throw new UnencodableError(`Cannot encode a message of more than ${ELEMENTS_MAX} elements`);
  }
}

function encodeNumber(writer: ByteWriter, value: number): void {
  // Not an integer of 32 bits, or -0.
  if ((value | 0) !== value || (value === 0 && 1 / value < 0)) {
    writer.u8(tags.TAG_NUMBER);
    writer.f64(value);
  } else if (value < 0) {
    writer.u8(tags.TAG_NEGATIVE);
    writer.varint(-1 - value);
  } else if (value < tags.TAG_NULL) {
    writer.u8(value);
  } else {
    writer.u8(tags.TAG_INTEGER);
    writer.varint(value);
  }
}

function encodeBigint(writer: ByteWriter, value: bigint): void {
  const digits = value.toString(16);
  if (digits.length > BIGINT_DIGITS_MAX) {
    throw new UnencodableError(`Cannot encode a bigint of more than ${BIGINT_DIGITS_MAX} hexadecimal digits`);
  }
  writer.u8(tags.TAG_BIGINT);
  writer.text(digits);
}

function encodeObject(encoding: Encoding, value: object): void {
  descend(encoding);
  if (Array.isArray(value)) {
    encodeArray(encoding, value);
  } else {
    if (isPlain(value)) encodePlain(encoding, value);
    else encodeSpecial(encoding, value);
  }
  encoding.depth -= 1;
}

function descend(encoding: Encoding): void {
  if (encoding.depth >= DEPTH_MAX) {
    throw new UnencodableError(`Cannot encode a message that nests deeper than ${DEPTH_MAX}, or in a cycle`);
  }
  encoding.depth += 1;
}

function encodeArray(encoding: Encoding, items: readonly unknown[]): void {
  const { writer } = encoding;
  const { length } = items;
  spend(encoding, length);
  writer.u8(tags.TAG_ARRAY);
  writer.varint(length);
  for (let index = 0; index < length; index += 1) encodeNext(encoding, items[index]);
}

function encodePlain(encoding: Encoding, value: object): void {
  const { writer } = encoding;
  const keys = Object.keys(value);
  for (const key of keys) {
    // By its key, as asking each object whether it is a ref would cost more than writing it.
    if (key === "tell" && isActorRef(value)) {
      encodeRef(writer, value.address);
      return;
    }
    if (key === "__proto__")
      throw new UnencodableError('Cannot encode an object that has the key "__proto__"');
  }
  spend(encoding, keys.length);
  writer.u8(tags.TAG_OBJECT);
  writer.varint(keys.length);
  if (keys.length === 0) return;
  writer.keys(keys);
  const values = value as Readonly<Record<string, unknown>>; // its own keys are read
  for (const key of keys) encodeNext(encoding, values[key]);
}

/** Objects of the classes that every node has. */
function encodeSpecial(encoding: Encoding, value: object): void {
  const { writer } = encoding;
  if (ArrayBuffer.isView(value)) {
    const kind = kindOf(value);
    if (kind === undefined) throw unknownClass(value);
    encodeBytes(encoding, kind, viewOf(value));
  } else if (isActorRef(value)) {
    encodeRef(writer, value.address);
  } else if (value instanceof Map) {
    encodeMap(encoding, value);
  } else if (value instanceof Set) {
    encodeSet(encoding, value);
  } else if (value instanceof Error) {
    encodeError(encoding, value, 0);
  } else if (value instanceof ArrayBuffer) {
    encodeBytes(encoding, KIND_BUFFER, new Uint8Array(value));
  } else if (value instanceof SharedArrayBuffer) {
    encodeBytes(encoding, KIND_BUFFER | KIND_SHARED, new Uint8Array(value));
  } else {
    throw unknownClass(value);
  }
}

function encodeRef(writer: ByteWriter, address: string): void {
  writer.u8(tags.TAG_REF);
  writer.address(address);
}

function encodeMap(encoding: Encoding, map: ReadonlyMap<unknown, unknown>): void {
  const { size } = map;
  spend(encoding, HEAVY_ELEMENTS + 2 * size);
  encoding.writer.u8(tags.TAG_MAP);
  encoding.writer.varint(size);
  let count = 0;
  for (const [key, item] of map) {
    encodeNext(encoding, key);
    encodeNext(encoding, item);
    count += 1;
  }
  checkCount(count, size);
}

function encodeSet(encoding: Encoding, set: ReadonlySet<unknown>): void {
  const { size } = set;
  spend(encoding, HEAVY_ELEMENTS + size);
  encoding.writer.u8(tags.TAG_SET);
  encoding.writer.varint(size);
  let count = 0;
  for (const item of set) {
    encodeNext(encoding, item);
    count += 1;
  }
  checkCount(count, size);
}

/** A getter inside a collection may have changed it. */
function checkCount(count: number, wanted: number): void {
  if (count !== wanted) throw new UnencodableError("Cannot encode a collection that changes meanwhile");
}

function encodeBytes(encoding: Encoding, kind: number, bytes: Uint8Array): void {
  const { writer, attachments } = encoding;
  spend(encoding, (kind & KIND_SHARED) === 0 ? HEAVY_ELEMENTS : SHARED_ELEMENTS);
  if (bytes.length >= ATTACHMENT_BYTES_MIN) {
    writer.u8(tags.TAG_ATTACHMENT);
    writer.u8(kind);
    writer.varint(attachments.push(bytes) - 1);
  } else {
    writer.u8(tags.TAG_BYTES);
    writer.u8(kind);
    writer.varint(bytes.length);
    writer.bytes(bytes);
  }
}

/** What a program distinguishes errors by; no stack, which is useful only where the error arose. */
function encodeError(encoding: Encoding, error: Error & Partial<ErrorFields>, causes: number): void {
  const { writer } = encoding;
  const { code, details, cause } = error;
  const hasCode = typeof code === "string";
  const hasDetails = hasCode && isPlain(details) && Object.keys(details).length > 0;
  const hasCause = causes < CAUSES_MAX && (typeof cause === "string" || cause instanceof Error);
  spend(encoding, HEAVY_ELEMENTS);
  writer.u8(tags.TAG_ERROR);
  writer.u8(
    (hasCode ? tags.ERROR_HAS_CODE : 0) |
      (error.retry === "backoff" ? tags.ERROR_BACKS_OFF : 0) |
      (hasDetails ? tags.ERROR_HAS_DETAILS : 0) |
      (hasCause ? tags.ERROR_HAS_CAUSE : 0),
  );
  writer.text(error.name);
  writer.text(error.message);
  if (hasCode) writer.text(code);
  if (hasDetails) encodeNext(encoding, details);
  if (!hasCause) return;
  if (cause instanceof Error) {
    descend(encoding);
    encodeError(encoding, cause, causes + 1);
    encoding.depth -= 1;
  } else {
    encodeNext(encoding, cause);
  }
}

function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function viewOf(view: ArrayBufferView): Uint8Array {
  return view instanceof Uint8Array ? view : new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function unknownClass(value: object): UnencodableError {
  const { name } = value.constructor;
  return new UnencodableError(
    `Cannot encode a ${name}: wanted plain data, a ref, an error or an array of bytes`,
  );
}
