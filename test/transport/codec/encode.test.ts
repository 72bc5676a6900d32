import { deepStrictEqual } from "node:assert";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import * as fc from "fast-check";
import { CodedError, RuntimeError } from "../../../src/runtime/errors.js";
import { SluiceError } from "../../../src/task/errors.js";
import { allocateShared } from "../../../src/runtime/shared-memory.js";
import { ByteWriter } from "../../../src/transport/codec/byte-writer.js";
import { encodeValue } from "../../../src/transport/codec/encode.js";
import {
  ATTACHMENT_BYTES_MIN,
  BIGINT_DIGITS_MAX,
  CAUSES_MAX,
  DEPTH_MAX,
} from "../../../src/transport/codec/message-limits.js";
import { TransportError } from "../../../src/transport/errors.js";
import { UnencodableError } from "../../../src/transport/codec/unencodable.js";
import { finishedTask } from "../../support/tasks.js";
import { decode, encode, plainData, roundTrip, testRef } from "./plain-data.js";

const ARRAYS = [
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigUint64Array,
  BigInt64Array,
];

function refuses(value: unknown, what: string): void {
  assert.throws(
    () => encode(value),
    (error: unknown) => error instanceof UnencodableError,
    what,
  );
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { value };
  return value;
}

test("encodeValue and decodeValue give back any plain data, and leave the message as it was", () => {
  fc.assert(
    fc.property(plainData, (value) => {
      // Enough to see a change: refs lose their class.
      const before: unknown = structuredClone(value);
      deepStrictEqual(roundTrip(value), value);
      deepStrictEqual(structuredClone(value), before);
    }),
    { numRuns: 500 },
  );
});

test("encodeValue: a task comes back whole, with its Maps", () => {
  const task = finishedTask({ sequence: 7 });
  deepStrictEqual(roundTrip({ type: "submit", task }), { type: "submit", task });
});

test("encodeValue takes a byte for integers up to 127, and -0, NaN and infinities are exact", () => {
  assert.is(encode(127).bytes.length, 1);
  assert.is(encode(128).bytes.length, 3);
  assert.is(encode(-1).bytes.length, 2);
  assert.is(encode(1e12).bytes.length, 9);
  for (const number of [-0, Number.NaN, Infinity, -Infinity, 5e-324, Number.MAX_SAFE_INTEGER, -(2 ** 53)]) {
    assert.ok(Object.is(roundTrip(number), number), String(number));
  }
});

test("encodeValue: a hole becomes undefined, an object without a prototype gets one, other keys are left out", () => {
  const sparse: number[] = [];
  sparse[1] = 5;
  deepStrictEqual(roundTrip(sparse), [undefined, 5]);
  const bare = Object.assign(Object.create(null) as object, { a: 1, [Symbol("s")]: 2 });
  Object.defineProperty(bare, "hidden", { value: 3, enumerable: false });
  deepStrictEqual(roundTrip(bare), { a: 1 });
  deepStrictEqual(Object.keys(roundTrip({ b: 1, a: 2, 1: 3 }) as object), ["1", "b", "a"]);
});

test("encodeValue writes a ref as its address, of whatever class it is", () => {
  const literal = { address: "sluice://edge/literal", tell: () => {}, toJSON: () => "any" };
  const back = roundTrip({ replyTo: testRef("sluice://edge/a#3"), literal, list: [literal] });
  deepStrictEqual(back, {
    replyTo: testRef("sluice://edge/a#3"),
    literal: testRef("sluice://edge/literal"),
    list: [testRef("sluice://edge/literal")],
  });
  deepStrictEqual(roundTrip({ tell: "no function" }), { tell: "no function" });
});

test("encodeValue refuses with UnencodableError what another node cannot have", () => {
  class Own {
    readonly field = 1;
  }
  const cycle: Record<string, unknown> = {};
  cycle["self"] = [cycle];
  const stray = {
    get address(): string {
      throw new RangeError("no address");
    },
    tell: () => {},
    toJSON: () => "",
  };
  const wrong: Readonly<Record<string, unknown>> = {
    function: () => 1,
    symbol: Symbol("s"),
    own: new Own(),
    bare: Object.create(Object.create(null) as object),
    date: new Date(0),
    regExp: /a/,
    promise: Promise.resolve(),
    weakMap: new WeakMap(),
    cycle,
    deep: nested(DEPTH_MAX + 1),
    stray,
    getter: {
      get field(): never {
        throw new Error("getter");
      },
    },
    prototype: JSON.parse('{"__proto__": 1}'),
    bigint: 16n ** BigInt(BIGINT_DIGITS_MAX),
    many: Array.from({ length: 1_001 }, () => Array.from({ length: 1_000 }, () => 0)),
    details: new CodedError("x", { code: "c", details: { f: () => 1 } }),
  };
  for (const [what, value] of Object.entries(wrong)) {
    refuses(value, what);
    refuses([new Map([[1, { value }]])], `${what}, inside`);
  }
  deepStrictEqual(roundTrip(nested(DEPTH_MAX)), nested(DEPTH_MAX));
});

test("encodeValue leaves the attachments as they were where it refuses", () => {
  const first = new Uint8Array(1);
  const attachments = [first];
  const writer = new ByteWriter();
  writer.begin();
  assert.throws(
    () => encodeValue(writer, [new Uint8Array(ATTACHMENT_BYTES_MIN), () => 1], attachments),
    (error: unknown) => error instanceof UnencodableError,
  );
  assert.is(attachments.length, 1);
  assert.is(attachments[0], first);
});

test("encodeValue does not copy large byte arrays: the same memory goes in and comes out", () => {
  const whole = new Uint8Array(3 * ATTACHMENT_BYTES_MIN).map((_, index) => index);
  const frame = whole.subarray(5, 5 + ATTACHMENT_BYTES_MIN);
  const shared = allocateShared(ATTACHMENT_BYTES_MIN);
  const message = {
    frames: [{ data: frame }, { data: shared }],
    small: whole.subarray(0, ATTACHMENT_BYTES_MIN - 1),
  };
  const encoded = encode(message);
  assert.is(encoded.attachments.length, 2);
  assert.is(encoded.attachments[0]?.buffer, whole.buffer);
  assert.is(encoded.attachments[0]?.byteOffset, frame.byteOffset);
  assert.is(encoded.attachments[1]?.buffer, shared.buffer);
  const back = decode(encoded) as typeof message;
  assert.is(back.frames[0]?.data, encoded.attachments[0]);
  assert.is(back.frames[1]?.data.buffer, shared.buffer);
  deepStrictEqual(back, message);
  assert.is.not(back.small.buffer, encoded.bytes.buffer, "what is inline keeps no frame alive");
});

test("encodeValue: arrays of every kind come back as that kind, inline and attached, from and to odd offsets", () => {
  for (const length of [0, 1, 7, ATTACHMENT_BYTES_MIN]) {
    for (const make of ARRAYS) {
      for (const offset of [0, 1]) {
        const size = make.BYTES_PER_ELEMENT;
        const buffer = new ArrayBuffer((length + 1) * size);
        new Uint8Array(buffer).forEach((_, index, bytes) => (bytes[index] = index * 7));
        const array = new make(buffer, offset * size, length);
        const encoded = encode({ pad: "x".repeat(offset), array });
        // As a link may have received them: at any place of a larger buffer.
        const attachments = encoded.attachments.map((bytes) => atOddOffset(bytes));
        const back = decode({ ...encoded, attachments }) as { readonly array: typeof array };
        deepStrictEqual(back.array, array, `${make.name} ${length}`);
      }
    }
    const view = new DataView(new ArrayBuffer(length + 3), 3);
    deepStrictEqual(roundTrip(view), view);
    const buffer = Uint8Array.from({ length }, (_, index) => index).buffer;
    const back = roundTrip(buffer);
    deepStrictEqual(back, buffer);
    assert.is(back === buffer, length >= ATTACHMENT_BYTES_MIN);
    const sharedBuffer = new SharedArrayBuffer(length);
    const sharedBack = roundTrip(sharedBuffer);
    assert.ok(sharedBack instanceof SharedArrayBuffer && sharedBack.byteLength === length);
    const bytes = roundTrip(Buffer.alloc(length, 5));
    assert.ok(bytes instanceof Uint8Array && !Buffer.isBuffer(bytes) && bytes.length === length);
  }
});

function atOddOffset(bytes: Uint8Array): Uint8Array {
  const moved = new Uint8Array(bytes.length + 1).subarray(1);
  moved.set(bytes);
  return moved;
}

test("encodeValue: what was in shared memory is in shared memory again, also if the link received it elsewhere", () => {
  for (const length of [6, ATTACHMENT_BYTES_MIN]) {
    const pixels = allocateShared(length).fill(9);
    const encoded = encode(new Uint16Array(pixels.buffer));
    const attachments = encoded.attachments.map((bytes) => Uint8Array.from(bytes));
    const back = decode({ ...encoded, attachments });
    assert.ok(back instanceof Uint16Array && back.buffer instanceof SharedArrayBuffer);
    assert.is(back[2], 0x0909);
    assert.not.ok((roundTrip(new Uint8Array(length)) as Uint8Array).buffer instanceof SharedArrayBuffer);
  }
});

test("encodeValue: a coded error comes back as one, with its name, retry, details and cause", () => {
  const cause = Object.assign(new TypeError("why"), { code: "ERR_WHY" });
  const error = new RuntimeError("failed", {
    code: "ask-timeout",
    retry: "backoff",
    details: { afterMs: 5, target: testRef("sluice://edge/a") },
    cause,
  });
  const back = roundTrip(error);
  assert.ok(back instanceof RuntimeError);
  assert.is(back.name, "RuntimeError");
  assert.is(back.message, "failed");
  assert.is(back.code, "ask-timeout");
  assert.is(back.retry, "backoff");
  deepStrictEqual(back.details, { afterMs: 5, target: testRef("sluice://edge/a") });
  assert.ok(back.cause instanceof CodedError && back.cause.name === "TypeError");
  assert.is(back.stack, "RuntimeError: failed");
});

test("encodeValue: an error of a kind comes back as one of it, unless its code is none of that kind's", () => {
  const refused = new SluiceError("no", {
    code: "source-invalid",
    retry: "backoff",
    details: { source: "cam-1" },
  });
  const lost = new TransportError("gone", { code: "connect-failed", cause: refused });
  const back = roundTrip(lost);
  assert.ok(back instanceof TransportError && back.cause instanceof SluiceError);
  const { name, code, retry, details, message } = back.cause;
  assert.equal(
    [name, code, retry, details, message],
    ["SluiceError", "source-invalid", "backoff", { source: "cam-1" }, "no"],
  );
  // What another version, or a liar, says under the name of a kind is of none.
  const other = roundTrip(
    Object.assign(new CodedError("x", { code: "of-tomorrow" }), { name: "SluiceError" }),
  );
  assert.ok(other instanceof CodedError && !(other instanceof SluiceError));
  assert.equal([other.name, other.code], ["SluiceError", "of-tomorrow"]);
});

test("encodeValue: an ordinary error comes back with its name, and without what is not plain data", () => {
  const back = roundTrip(Object.assign(new RangeError("range"), { own: () => 1, cause: { not: "kept" } }));
  assert.ok(back instanceof Error && !(back instanceof CodedError));
  assert.is(back.name, "RangeError");
  assert.is(back.message, "range");
  assert.not.ok("cause" in back);
  assert.is((roundTrip(new Error("x", { cause: "text" })) as Error).cause, "text");
});

test(`encodeValue keeps ${CAUSES_MAX} causes of an error`, () => {
  let error = new Error("0");
  for (let level = 1; level < 10; level += 1) error = new Error(String(level), { cause: error });
  const messages: string[] = [];
  for (let at: unknown = roundTrip(error); at instanceof Error; at = at.cause) messages.push(at.message);
  assert.equal(messages, ["9", "8", "7", "6", "5"]);
  const cycle = new Error("cycle");
  cycle.cause = cycle;
  assert.ok(roundTrip(cycle) instanceof Error);
});

test.run();
