import * as fc from "fast-check";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { RtspSplitter } from "../../../src/actors/generator/rtsp-splitter.js";

const media = (bytes: number) =>
  Buffer.concat([Buffer.from([0x24, 0, bytes >> 8, bytes & 255]), Buffer.alloc(bytes, 7)]);
const STREAM = Buffer.concat([
  Buffer.from("RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 5\r\n\r\n$abcd"),
  media(3),
  media(0),
  media(2_000),
  Buffer.from("GET_PARAMETER rtsp://cam/s RTSP/1.0\r\nCSeq:  2\r\n\r\n"),
  media(1),
]);

function split(chunks: readonly Buffer[]): readonly string[] {
  const heard: string[] = [];
  let mediaBytes = 0;
  const splitter = new RtspSplitter(
    (bytes) => (mediaBytes += bytes.length),
    (message) => heard.push(`${mediaBytes} ${message.text().toString("latin1")}`),
  );
  for (const chunk of chunks) assert.ok(splitter.accept(chunk));
  return [...heard, `${mediaBytes}`];
}

test("RtspSplitter tells messages from media, however the bytes arrive", () => {
  const whole = split([STREAM]);
  assert.is(whole.length, 3);
  assert.match(whole[0] ?? "", /^0 RTSP\/1\.0 200 OK\r\n.*\$abcd$/s);
  fc.assert(
    fc.property(fc.array(fc.nat(STREAM.length), { maxLength: 12 }), (cuts) => {
      const at = [0, ...cuts.toSorted((a, b) => a - b), STREAM.length];
      assert.equal(split(at.slice(1).map((end, index) => STREAM.subarray(at[index], end))), whole);
    }),
  );
});

test("RtspSplitter takes no head and no body without end, and no length that is none", () => {
  for (const text of [
    "x".repeat(20_000),
    `RTSP/1.0 200 OK\r\nA: ${"x".repeat(20_000)}\r\n\r\n`,
    "RTSP/1.0 200 OK\r\nContent-Length: 1000000000\r\n\r\n",
    "RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n",
    "RTSP/1.0 200 OK\r\nContent-Length: x\r\n\r\n",
  ]) {
    const splitter = new RtspSplitter(
      () => {},
      () => {},
    );
    assert.not.ok(splitter.accept(Buffer.from(text)), text.slice(0, 60));
  }
});

test.run();
