import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import * as fc from "fast-check";
import { ByteReader } from "../../../src/transport/codec/byte-reader.js";
import { ByteWriter } from "../../../src/transport/codec/byte-writer.js";
import { MalformedError } from "../../../src/transport/codec/malformed.js";

type Step =
  | readonly ["u8" | "u32" | "varint" | "f64", number]
  | readonly ["text" | "address", string]
  | readonly ["keys", readonly string[]]
  | readonly ["bytes", Uint8Array];

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.integer({ min: 0, max: 6_000 }).map((length) => "a".repeat(length)),
  fc.integer({ min: 0, max: 6_000 }).map((length) => "ä".repeat(length)),
  fc.constantFrom("settled", "sluice://edge-1/sources/cam-1#17", "", "a", "ab", "abc", "abcd"),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.constant("u8" as const), fc.nat(0xff)),
  fc.tuple(fc.constant("u32" as const), fc.nat(0xffff_ffff)),
  fc.tuple(fc.constant("varint" as const), fc.maxSafeNat()),
  fc.tuple(fc.constant("f64" as const), fc.double()),
  fc.tuple(fc.constantFrom("text" as const, "address" as const), text),
  fc.tuple(
    fc.constant("keys" as const),
    fc.array(
      text.filter((key) => key !== "__proto__"),
      { minLength: 1, maxLength: 8 },
    ),
  ),
  fc.tuple(fc.constant("bytes" as const), fc.uint8Array({ maxLength: 300 })),
);

function write(writer: ByteWriter, [kind, value]: Step): void {
  switch (kind) {
    case "keys":
      return writer.keys(value);
    case "bytes":
      return writer.bytes(value);
    case "text":
    case "address":
      return writer[kind](value);
    case "u8":
    case "u32":
    case "varint":
    case "f64":
      return writer[kind](value);
  }
}

function check(reader: ByteReader, [kind, value]: Step): void {
  switch (kind) {
    case "keys":
      return assert.equal(reader.keys(value.length), value);
    case "bytes":
      return assert.equal(Uint8Array.from(reader.bytes(value.length)), value);
    case "text":
    case "address":
      return assert.is(reader.text(), value);
    case "u8":
    case "u32":
    case "varint":
    case "f64":
      return assert.ok(Object.is(reader[kind](), value), `${kind} ${value}`);
  }
}

test("ByteReader reads what ByteWriter wrote, in slabs of any size, and nothing is left", () => {
  const reader = new ByteReader(new Uint8Array(0));
  fc.assert(
    fc.property(
      fc.array(fc.array(step, { maxLength: 12 }), { maxLength: 8 }),
      fc.integer({ min: 1, max: 2_000 }),
      (records, slabBytes) => {
        const writer = new ByteWriter(slabBytes);
        const written = records.map((steps) => {
          writer.begin();
          for (const one of steps) write(writer, one);
          const { length } = writer;
          const record = writer.finish();
          assert.is(record.end - record.start, length);
          return { steps, record };
        });
        for (const { steps, record } of written) {
          reader.reset(record.buffer, record.start, record.end);
          for (const one of steps) check(reader, one);
          assert.is(reader.remaining, 0);
          assert.is(reader.position, record.end);
        }
      },
    ),
    { numRuns: 400 },
  );
});

test("ByteWriter: varint of the largest safe integer takes 8 bytes; anything but a safe integer from 0 is a RangeError", () => {
  const writer = new ByteWriter();
  writer.begin();
  writer.varint(Number.MAX_SAFE_INTEGER);
  assert.is(writer.length, 8);
  for (const wrong of [-1, Number.MAX_SAFE_INTEGER + 1, Number.NaN]) {
    assert.throws(
      () => writer.varint(wrong),
      (error: unknown) => error instanceof RangeError,
    );
  }
});

test("ByteWriter: finished records of a slab follow each other without a gap, and stay as they are", () => {
  const writer = new ByteWriter(64);
  const records = Array.from({ length: 12 }, (_, index) => {
    writer.begin();
    writer.text(`record ${index}`);
    return writer.finish();
  });
  const slabs = new Set(records.map((record) => record.buffer));
  assert.is(slabs.size, 2);
  for (const [index, record] of records.entries()) {
    const before = records[index - 1];
    assert.is(record.start, before?.buffer === record.buffer ? before.end : 0);
    assert.is(new ByteReader(record.buffer.subarray(record.start, record.end)).text(), `record ${index}`);
  }
});

test("ByteWriter moves an open record that does not fit its slab, with what was patched in it", () => {
  const writer = new ByteWriter(32);
  writer.begin();
  writer.bytes(new Uint8Array(20));
  const first = writer.finish();
  writer.begin();
  writer.u32(0);
  writer.patchU32(0, 0xdeadbeef);
  writer.bytes(new Uint8Array(1_000).fill(7));
  writer.patchU32(4, 0x01020304);
  const second = writer.finish();
  assert.is.not(second.buffer, first.buffer);
  assert.is(second.start, 0);
  const reader = new ByteReader(second.buffer.subarray(second.start, second.end));
  assert.is(reader.u32(), 0xdeadbeef);
  assert.is(reader.u32(), 0x01020304);
  assert.equal(Uint8Array.from(reader.bytes(996)), new Uint8Array(996).fill(7));
  assert.throws(() => writer.patchU32(0, 1), "nothing is open");
});

test("ByteWriter: abandon drops the open record, and begin and finish have to alternate", () => {
  const writer = new ByteWriter();
  writer.begin();
  writer.u8(1);
  writer.finish();
  writer.begin();
  writer.text("dropped");
  assert.throws(
    () => writer.begin(),
    (error: unknown) => error instanceof TypeError,
  );
  writer.abandon();
  assert.is(writer.length, 0);
  writer.begin();
  writer.u8(2);
  const { buffer, start, end } = writer.finish();
  assert.equal([...buffer.subarray(start - 1, end)], [1, 2]);
  assert.throws(
    () => writer.finish(),
    (error: unknown) => error instanceof TypeError,
  );
});

test("ByteWriter: a lone surrogate becomes U+FFFD", () => {
  const writer = new ByteWriter();
  writer.begin();
  writer.text("a\uD800b");
  const { buffer, start, end } = writer.finish();
  assert.is(new ByteReader(buffer.subarray(start, end)).text(), "a\uFFFDb");
});

test("ByteReader throws MalformedError if bytes are missing, a varint is not a safe integer or a text is not UTF-8", () => {
  const wrong: readonly [readonly number[], (reader: ByteReader) => unknown][] = [
    [[], (reader) => reader.u8()],
    [[1, 2, 3], (reader) => reader.u32()],
    [[1, 2, 3, 4, 5, 6, 7], (reader) => reader.f64()],
    [[0x80], (reader) => reader.varint()],
    [[0x80, 0], (reader) => reader.varint()],
    [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x10], (reader) => reader.varint()],
    [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], (reader) => reader.varint()],
    [[4, 97, 98, 99], (reader) => reader.text()],
    [[2, 0xc3, 0x28], (reader) => reader.text()],
    [[1], (reader) => reader.bytes(2)],
    [[2, 1, 97], (reader) => reader.keys(2)],
    [[3, 1, 97, 0], (reader) => reader.keys(1)],
    [[0xff, 1, 97], (reader) => reader.keys(1_000_000_000)],
  ];
  for (const [bytes, read] of wrong) {
    const reader = new ByteReader(Uint8Array.from(bytes));
    assert.throws(
      () => read(reader),
      (error: unknown) => error instanceof MalformedError,
      JSON.stringify(bytes),
    );
  }
});

test("ByteReader does not read beyond its range, and refuses a range that the bytes do not have", () => {
  const reader = new ByteReader(new Uint8Array(0));
  const bytes = Uint8Array.from([9, 9, 1, 2, 9, 9]);
  reader.reset(bytes, 2, 4);
  assert.is(reader.remaining, 2);
  assert.is(reader.u8(), 1);
  assert.throws(
    () => reader.u32(),
    (error: unknown) => error instanceof MalformedError,
  );
  for (const [start, end] of [
    [-1, 2],
    [3, 2],
    [0, 7],
  ] as const) {
    assert.throws(
      () => reader.reset(bytes, start, end),
      (error: unknown) => error instanceof RangeError,
    );
  }
});

test("ByteReader does not mix up texts that share a slot of its cache", () => {
  const writer = new ByteWriter();
  const reader = new ByteReader(new Uint8Array(0));
  // More than there are slots, each twice in turn.
  for (let index = 0; index < 20_000; index += 1) {
    const value = `text ${index % 5_000}`;
    writer.begin();
    writer.address(value);
    writer.keys([value, "same"]);
    const { buffer, start, end } = writer.finish();
    reader.reset(buffer, start, end);
    assert.is(reader.text(), value);
    assert.equal(reader.keys(2), [value, "same"]);
  }
});

test.run();
