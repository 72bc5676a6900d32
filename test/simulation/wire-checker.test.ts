import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { WireChecker } from "../../src/simulation/wire-checker.js";
import { RECORD } from "../../src/transport/link/records.js";

const WINDOW_BYTES = 100;
const BARRIER_BYTES = 64;

function setUp() {
  const found: string[] = [];
  const wire = new WireChecker(WINDOW_BYTES, { onViolation: (text) => found.push(text), tried: () => {} });
  return { wire, found };
}

function record(type: number, body: (view: DataView) => void, length: number): Uint8Array {
  const frame = new Uint8Array(5 + length);
  const view = new DataView(frame.buffer);
  view.setUint8(0, type);
  view.setUint32(1, length, true);
  body(new DataView(frame.buffer, 5));
  return frame;
}

const credit = (limit: number) => record(RECORD.credit, (view) => view.setFloat64(0, limit, true), 8);
const data = (length: number) => record(RECORD.data, () => {}, length);

test("WireChecker lets a side grant what has arrived and a window more, and finds a byte beyond", () => {
  const { wire, found } = setUp();
  wire.arrived("acceptor", credit(WINDOW_BYTES));
  wire.arrived("dialler", data(35));
  wire.arrived("acceptor", credit(WINDOW_BYTES + 40));
  assert.equal(found, []);
  wire.arrived("acceptor", credit(WINDOW_BYTES + 41));
  assert.equal(found, ["credit: 141 bytes are granted where 40 have arrived"]);
});

test("WireChecker counts the chunks of a large message of the data lane, and those of no other", () => {
  for (const [lane, limit] of [
    [0, 100],
    [1, 150],
  ] as const) {
    const { wire, found } = setUp();
    wire.arrived("acceptor", credit(WINDOW_BYTES));
    wire.arrived(
      "dialler",
      record(RECORD.open, (view) => view.setUint8(4, lane), 5),
    );
    wire.arrived(
      "dialler",
      record(RECORD.chunk, (view) => view.setUint32(4, 50, true), 8),
    );
    wire.arrived("dialler", new Uint8Array(50));
    wire.arrived("acceptor", credit(limit));
    assert.equal(found, []);
    wire.arrived("acceptor", credit(limit + 1));
    assert.is(found.length, 1);
  }
});

test("WireChecker finds data that goes on where the credit is used up, but for the record that overdraws it", () => {
  const { wire, found } = setUp();
  wire.arrived("acceptor", credit(WINDOW_BYTES));
  wire.arrived("dialler", data(2_000));
  assert.equal(found, []);
  wire.arrived("dialler", data(BARRIER_BYTES - 5));
  assert.equal(found, [], "a barrier needs no credit");
  wire.arrived("dialler", data(BARRIER_BYTES));
  assert.equal(found, ["credit: 1969 bytes were sent beyond what was granted"]);
});

test.run();
