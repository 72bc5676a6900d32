import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import * as fc from "fast-check";
import { ByteWriter } from "../../../src/transport/codec/byte-writer.js";
import { ByteBudget } from "../../../src/transport/link/byte-budget.js";
import { LANE_CODE, RECORD, RECORD_HEADER_BYTES } from "../../../src/transport/link/records.js";
import { createLinkPair, type LinkSide } from "../../support/link-pair.js";

const texts = ({ arrived }: LinkSide) => arrived.map(({ text }) => text);

test("Link delivers messages of both lanes and notices, control before data of the same turn", () => {
  const { left, right, settle } = createLinkPair();
  settle();
  left.tell("data 1");
  left.tell("control", { lane: "control" });
  left.tell("data 2");
  left.link.notice((writer) => writer.text("notice"));
  settle();
  assert.equal(texts(right), ["control", "data 1", "data 2"]);
  assert.equal(right.notices, ["notice"]);
});

test("Link packs the messages of one turn into one frame", () => {
  const { left, right, settle } = createLinkPair();
  settle();
  for (let n = 0; n < 500; n++) left.tell(`message ${n}`);
  left.link.sender.flush();
  assert.is(left.outgoing.length, 1);
  settle();
  assert.is(right.arrived.length, 500);
});

test("LinkSender sends no data beyond the credit, and control all the same", () => {
  const { left, right, settle, step } = createLinkPair({ windowBytes: 64 * 1024, chunkBytes: 16 * 1024 });
  settle();
  left.large("bulk", 1_000_000);
  left.link.sender.flush();
  const bytes = left.outgoing.reduce((sum, frame) => sum + frame.byteLength, 0);
  assert.ok(bytes >= 64 * 1024 && bytes < 90 * 1024, `${bytes} bytes are under way`);
  left.tell("control", { lane: "control" });
  const before = left.outgoing.length;
  left.link.sender.flush();
  assert.is(left.outgoing.length, before + 1);
  while (step(left));
  assert.equal(texts(right), ["control"]);
  settle();
  assert.equal(texts(right), ["control", "bulk"]);
  assert.is(left.link.sender.queuedBytes, 0);
  assert.is(left.link.sender.waiting, 0);
});

test("LinkSender lets streams take turns: a small message waits for no large one of another", () => {
  const { left, right, settle } = createLinkPair();
  settle();
  for (const n of [1, 2]) left.large(`large ${n}`, 3_000_000, { stream: "large" });
  left.tell("behind it", { stream: "large" });
  left.tell("small", { stream: "small" });
  settle();
  assert.equal(texts(right), ["small", "large 1", "large 2", "behind it"]);
});

test("LinkSender refuses what finds no room, and takes it again later", () => {
  const { left, right, settle } = createLinkPair({ queueBytes: 1_000_000 });
  settle();
  assert.is(left.large("fits", 900_000), true);
  assert.is(left.large("does not", 900_000), false);
  assert.equal(left.link.sender.refused, { control: 0, data: 1 });
  settle();
  assert.is(left.large("fits again", 900_000), true);
  settle();
  assert.equal(texts(right), ["fits", "fits again"]);
});

test("LinkSender refuses control messages that the socket does not take", () => {
  const { left, settle } = createLinkPair({ controlBytes: 10_000 });
  settle();
  const taken = Array.from({ length: 100 }, () => left.tell("x".repeat(900), { lane: "control" }));
  assert.is(taken.filter(Boolean).length, 13);
  assert.is(left.link.sender.refused.control, 87);
});

test("LinkSender has room for small control messages whatever large ones wait", () => {
  const { left, right, settle } = createLinkPair({ controlBytes: 100_000, inlineBytes: 1_000 });
  settle();
  assert.ok(left.large("large", 99_900, { lane: "control" }));
  assert.not(left.large("another", 2_000, { lane: "control" }));
  const settlements = Array.from({ length: 20 }, (_, index) => `settlement ${index}`);
  for (const text of settlements) assert.ok(left.tell(text + " ".repeat(200), { lane: "control" }), text);
  settle();
  assert.equal(
    texts(right).map((text) => text.trimEnd()),
    ["large", ...settlements],
  );
});

test("LinkSender.hold keeps messages back and lets notices go, until release", () => {
  const { left, right, settle } = createLinkPair();
  settle();
  left.link.sender.hold();
  left.tell("held");
  left.tell("held control", { lane: "control" });
  left.link.notice((writer) => writer.text("notice"));
  settle();
  assert.equal([texts(right), right.notices], [[], ["notice"]]);
  left.link.sender.release();
  settle();
  assert.equal(texts(right), ["held control", "held"]);
});

test("Link keeps the order of every stream and lane, whatever is sent and however it interleaves", () => {
  const message = fc.record({
    lane: fc.constantFrom("control" as const, "data" as const),
    stream: fc.constantFrom("a", "b", "c"),
    bytes: fc.constantFrom(0, 0, 0, 5_000, 70_000, 300_000),
    steps: fc.nat(4),
  });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 60 }), (messages) => {
      const { left, right, settle, step } = createLinkPair({ windowBytes: 100_000, chunkBytes: 30_000 });
      settle();
      messages.forEach(({ lane, stream, bytes, steps }, index) => {
        const text = `${lane} ${stream} ${index}`;
        assert.ok(
          bytes === 0 ? left.tell(text, { lane, stream }) : left.large(text, bytes, { lane, stream }),
        );
        for (let n = 0; n < steps; n++) step(left);
        if (steps > 2) step(right);
      });
      settle();
      assert.is(right.arrived.length, messages.length);
      for (const { text, attachments } of right.arrived) {
        const sent = messages[Number(text.split(" ")[2])];
        assert.is(attachments[0]?.byteLength ?? 0, sent?.bytes);
      }
      for (const lane of ["control", "data"]) {
        for (const stream of ["a", "b", "c"]) {
          const order = texts(right)
            .filter((text) => text.startsWith(`${lane} ${stream} `))
            .map((text) => Number(text.split(" ")[2]));
          assert.equal(
            order,
            order.toSorted((a, b) => a - b),
          );
        }
      }
      assert.equal([right.ends, left.link.sender.waiting], [[], 0]);
    }),
    { numRuns: 60 },
  );
});

test("Link ends once on a frame that violates its protocol, whatever the bytes are", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
      const { left, right, settle } = createLinkPair();
      settle();
      right.link.receive(bytes);
      right.link.receive(bytes);
      assert.ok(right.ends.length <= 1);
      if (right.ends.length === 0) return;
      assert.is(right.ends[0]?.code, "malformed");
      left.tell("nobody hears it");
      settle();
      assert.equal(texts(right), []);
    }),
    { numRuns: 300 },
  );
});

test("Link never has more data under way than the window of its receiver: each chunk is credited once", () => {
  const { left, right, settle, step } = createLinkPair({ windowBytes: 64 * 1024, chunkBytes: 8 * 1024 });
  settle();
  for (const stream of ["a", "b"]) left.large(stream, 2_000_000, { stream });
  for (let n = 0; n < 100; n++) left.tell(`small ${n}`, { stream: "c" });
  let most = 0;
  do {
    // All that it has granted so far is known to the sender.
    while (step(right));
    most = Math.max(most, underWay(left));
  } while (step(left));
  assert.ok(most > 32 * 1024 && most <= 64 * 1024 + 9 * 1024, `${most} bytes were under way`);
  assert.is(right.arrived.length, 102);
});

test("LinkSender gives a receiver that grants without end no more than its socket takes, and refuses the rest", () => {
  const { left, step, clock } = createLinkPair({
    socketBytes: 100_000,
    queueBytes: 1_000_000,
    stuckMs: 2_000,
  });
  while (step(left));
  left.link.receive(creditOf(1e300));
  left.link.receive(creditOf(Number.NaN));
  const taken = Array.from({ length: 100 }, (_, n) => left.large(`${n}`, 50_000));
  for (let n = 0; n < 3_000; n++) left.tell("small".repeat(100), { stream: "small" });
  left.link.sender.flush();
  left.link.sender.flush();
  assert.ok(underWay(left) <= 100_000 + 33 * 1024, `${underWay(left)} bytes are under way`);
  assert.ok(taken.filter(Boolean).length < 20);
  // A peer that reads nothing, and heartbeats on.
  for (let ms = 0; ms <= 2_500 && left.ends.length === 0; ms += 250) {
    clock.advance(250);
    left.link.receive(heartbeatOf(1));
    left.link.tick(clock.now());
  }
  assert.is(left.ends[0]?.code, "slow");
  assert.match(left.ends[0]?.reason ?? "", /it has read nothing for 2000 ms: \d+ bytes wait for it/);
});

test("LinkSender goes on with a socket that takes little at a time", () => {
  const { left, right, settle, step, clock } = createLinkPair({ socketBytes: 100_000, stuckMs: 1_000 });
  settle();
  left.large("slowly", 1_000_000);
  while (right.arrived.length === 0) {
    clock.advance(250);
    for (const side of [left, right]) side.link.tick(clock.now());
    step(left);
    step(right);
    assert.equal([...left.ends, ...right.ends], []);
  }
});

test("LinkSender puts out a peer that reads too slowly for what waits for it, where memory is short and only there", () => {
  for (const crowded of [true, false]) {
    const budget = new ByteBudget(2_000_000);
    const others = budget.open("others", () => {});
    const limits = { socketBytes: 40_000, stuckMs: 1_000, drainMs: 10_000 };
    const { left, right, step, clock } = createLinkPair(limits, budget);
    while (step(left) || step(right));
    assert.ok(left.large("large", 400_000));
    if (crowded) others.socketHolds(500_000, 0);
    for (let ms = 0; ms < 3_000 && left.ends.length === 0; ms += 250) {
      clock.advance(250);
      for (const { link } of [left, right]) link.tick(clock.now());
      // A chunk a second, of a dozen.
      if (ms % 500 === 0) step(left);
      while (step(right));
    }
    assert.is(left.ends[0]?.code, crowded ? "slow" : undefined);
    if (crowded) assert.match(left.ends[0]?.reason ?? "", /it reads too slowly: \d+ bytes wait for it/);
  }
});

test("Link ends a peer that asks for heartbeats without end and reads none of them", () => {
  const { left, step, clock } = createLinkPair({ controlBytes: 10_000 });
  while (step(left));
  for (let n = 0; n < 5_000; n++) {
    left.link.receive(heartbeatOf(0));
    left.link.sender.flush();
  }
  assert.ok(underWay(left) < 21_000, `${underWay(left)} bytes wait`);
  clock.advance(250);
  left.link.tick(clock.now());
  assert.is(left.ends[0]?.code, "slow");
});

test("LinkReceiver holds no more of unfinished messages than its share, also where they have many parts", () => {
  for (const parts of [1, 2_000]) {
    const { left, right, settle } = createLinkPair({ budgetBytes: 4_000_000, windowBytes: 100_000_000 });
    settle();
    for (let id = 1; right.ends.length === 0 && id < 100; id++) {
      right.link.receive(openOf(id, parts, 100));
      right.link.receive(chunkOf(id, 100));
      if (right.ends.length === 0) right.link.receive(new Uint8Array(100));
    }
    settle();
    const few = parts === 1;
    assert.is(right.ends[0]?.code ?? "none", few ? "none" : "malformed");
    assert.is(left.arrived.length, 0);
  }
});

test("LinkReceiver gives back what a message held once it is whole: any number of them may follow each other", () => {
  const { left, right, settle } = createLinkPair({ budgetBytes: 4_000_000 });
  settle();
  for (let n = 0; n < 30; n++) {
    assert.ok(left.large(`${n}`, 900_000));
    settle();
  }
  assert.equal([right.arrived.length, right.ends, left.ends], [30, [], []]);
});

test("Link gives back all that it holds of the budget when it ends, and takes nothing more", () => {
  const budget = new ByteBudget(4_000_000);
  const { left, settle, clock } = createLinkPair({}, budget);
  settle();
  left.link.receive(openOf(1, 1, 100_000));
  left.large("waits", 900_000);
  left.link.sender.flush();
  left.link.tick(clock.now());
  assert.ok(budget.usedBytes > 900_000, `${budget.usedBytes} bytes`);
  left.link.fail("enough");
  assert.is(budget.usedBytes, 0);
  assert.equal([left.large("too late", 10_000), left.tell("control", { lane: "control" })], [false, false]);
  assert.is(budget.usedBytes, 0);
});

test("Link ends a peer whose large message does not go on", () => {
  const { right, settle, clock } = createLinkPair({ assemblyMs: 5_000 });
  settle();
  right.link.receive(openOf(1, 1, 100_000));
  for (let ms = 0; ms < 20_000 && right.ends.length === 0; ms += 250) {
    if (ms === 3_000) {
      right.link.receive(chunkOf(1, 100));
      right.link.receive(new Uint8Array(100));
    }
    clock.advance(250);
    right.link.receive(heartbeatOf(1));
    right.link.tick(clock.now());
    if (ms < 7_500) assert.equal(right.ends, []);
  }
  assert.equal(right.ends, [{ code: "slow", reason: "a large message has not gone on for 5000 ms" }]);
});

test("LinkReceiver allocates nothing for a message that is larger than allowed", () => {
  const { left, right, settle } = createLinkPair({ messageBytes: 1_000_000 });
  settle();
  left.large("too large", 1_000_001);
  settle();
  assert.match(right.ends[0]?.reason ?? "", /A message has 10000\d\d bytes/);
});

test("LinkReceiver ends a link whose peer floods it with control messages, and tolerates a burst", () => {
  const { left, right, settle, clock } = createLinkPair({ controlRate: { perSecond: 100, burst: 60 } });
  settle();
  for (let n = 0; n < 50; n++) left.tell("burst", { lane: "control" });
  settle();
  clock.advance(500);
  for (let n = 0; n < 45; n++) left.tell("more", { lane: "control" });
  settle();
  assert.equal([right.arrived.length, right.ends], [95, []]);
  for (let n = 0; n < 100; n++) left.tell("too much", { lane: "control" });
  settle();
  assert.equal(right.ends, [{ code: "malformed", reason: "Too many control messages come" }]);
});

test("Link takes bytes of a frame that is not whole yet for life, and a line without any for silence", () => {
  const { left, settle, clock } = createLinkPair();
  settle();
  const wait = (periods: number, bytes: number): void => {
    for (let n = 0; n < periods; n++) {
      clock.advance(250);
      left.partial.bytes += bytes;
      left.link.tick(clock.monotonic());
    }
  };
  wait(20, 100);
  assert.equal(left.ends, []);
  wait(4, 0);
  assert.equal(left.ends, [{ code: "silent", reason: "silent for 1000 ms" }]);
});

test("Link.probe resolves with whether the other side answers in time", async () => {
  const { left, settle, clock } = createLinkPair();
  settle();
  const answered = left.link.probe(1_000);
  settle();
  assert.is(await answered, true);
  const silent = left.link.probe(1_000);
  clock.advance(1_000);
  assert.is(await silent, false);
});

test("Link knows the round trip to the other side and the offset of its clock", () => {
  const { left, right, settle, clock } = createLinkPair();
  settle();
  clock.advance(40);
  left.link.tick(clock.now());
  clock.advance(10);
  settle();
  clock.advance(10);
  right.link.tick(clock.now());
  settle();
  assert.ok(left.link.rttMs !== null && left.link.rttMs >= 0 && left.link.rttMs <= 20);
  assert.ok(Math.abs(left.link.clockOffsetMs ?? 99) <= 10);
});

function underWay({ outgoing }: LinkSide): number {
  return outgoing.reduce((sum, frame) => sum + frame.byteLength, 0);
}

function recordOf(type: number, write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter();
  writer.begin();
  writer.u8(type);
  writer.u32(0);
  write(writer);
  writer.patchU32(1, writer.length - RECORD_HEADER_BYTES);
  const { buffer, start, end } = writer.finish();
  return Uint8Array.from(buffer.subarray(start, end));
}

function creditOf(limit: number): Uint8Array {
  return recordOf(RECORD.credit, (writer) => writer.f64(limit));
}

function heartbeatOf(echoedMs: number): Uint8Array {
  return recordOf(RECORD.heartbeat, (writer) => {
    for (const ms of [1, echoedMs, 0]) writer.f64(ms);
  });
}

function openOf(id: number, parts: number, bytes: number): Uint8Array {
  return recordOf(RECORD.open, (writer) => {
    writer.u32(id);
    writer.u8(LANE_CODE.data);
    writer.varint(parts);
    for (let part = 0; part < parts; part++) {
      writer.varint(part === 0 ? bytes * 2 : bytes);
      writer.u8(0);
    }
    writer.varint(0);
  });
}

function chunkOf(id: number, bytes: number): Uint8Array {
  return recordOf(RECORD.chunk, (writer) => {
    writer.u32(id);
    writer.u32(bytes);
  });
}

test.run();
