import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { SluiceError } from "../../../src/task/errors.js";
import { parseSource } from "../../../src/actors/generator/source-spec.js";

test("parseSource tells files, streams, devices and test scenes apart", () => {
  const kinds = [
    "clip.mp4",
    "loop:clip.mp4",
    "rtsps://cam/1",
    "https://host/live.m3u8",
    "/dev/video2",
    "test:",
  ].map((text) => {
    const { kind, replayable } = parseSource(text);
    return [kind, replayable];
  });
  assert.equal(kinds, [
    ["file", true],
    ["file", false],
    ["rtsp", false],
    ["http", false],
    ["device", false],
    ["test", true],
  ]);
});

test("parseSource takes a name that looks like an option or a protocol of ffmpeg for a file", () => {
  for (const text of ["-i", "concat:a|b", "subfile,,start,0,end,9,,:/etc/passwd", "C:\\clips\\a.mp4"]) {
    assert.is(parseSource(text).kind, "file");
  }
});

test("the label of a source shows neither credentials nor query", () => {
  assert.is(parseSource("rtsp://admin:pw@cam:554/s?key=1").label, "rtsp://***@cam:554/s?...");
  assert.is(parseSource("https://host/live.m3u8").label, "https://host/live.m3u8");
});

test("parseSource keeps credentials apart from the address, as they are", () => {
  for (const [text, user, password] of [
    ["rtsp://admin:pw@cam:554/s", "admin", "pw"],
    ["rtsp://admin:p%40ss%23w%2Fo%3Frd%25@cam/s", "admin", "p@ss#w/o?rd%"],
    ["rtsp://admin:p@ss@cam/s", "admin", "p@ss"],
    ["http://a%3Ab:@cam/s", "a:b", ""],
    ["rtsps://user@cam/s", "user", ""],
  ] as const) {
    const source = parseSource(text);
    if (source.kind !== "rtsp" && source.kind !== "http") throw new TypeError(text);
    assert.equal(source.credentials, { user, password }, text);
    assert.match(source.label, /^\w+:\/\/\*\*\*@cam(:554)?\/s$/);
    assert.match(source.url, /^\w+:\/\/cam(:554)?\/s$/);
  }
  const plain = parseSource("rtsp://cam/s");
  assert.is(plain.kind === "rtsp" && plain.credentials, null);
});

test("parseSource refuses a password that would be read as something else, and shows none of it", () => {
  for (const text of [
    "rtsp://admin:sec#ret@cam/s",
    "rtsp://admin:sec/ret@cam/s",
    "rtsp://admin:12/ret@cam/s",
    "rtsp://admin:12?ret@cam/s",
    "rtsp://admin:sec@ret/x@cam/s",
    "rtsp://admin:sec%ret@cam/s",
    "rtsp://admin:sec ret@cam/s",
    "http://admin:12#ret@cam/s",
    "rtsp:///s",
  ]) {
    try {
      parseSource(text);
      assert.unreachable(text);
    } catch (error) {
      assert.is((error as SluiceError).code, "source-invalid", text);
      assert.not.match((error as SluiceError).message, /sec|ret|admin|12/);
    }
  }
});

test("the label of a source shows no password that stands in its path", () => {
  assert.is(
    parseSource("rtsp://cam/user=admin&password=hunter2&channel=1.sdp").label,
    "rtsp://cam/user=admin&password=***&channel=1.sdp",
  );
});

test("parseSource reads the size, rate and length of a test scene", () => {
  const scene = parseSource("test:320x180@15,duration=2.5");
  assert.equal(scene.kind === "test" && scene.pattern, { width: 320, height: 180, fps: 15, durationS: 2.5 });
  const plain = parseSource("test:");
  assert.equal(plain.kind === "test" && plain.pattern, { width: 640, height: 360, fps: 25, durationS: 10 });
  const short = parseSource("test:duration=1");
  assert.is(short.kind === "test" && short.pattern.durationS, 1);
});

test("parseSource refuses what is no source, and repeats no credentials", () => {
  for (const text of [
    "",
    "ftp://u:pw@host/x",
    "test:1x1",
    "test:640x361",
    "test:blue",
    "rtsp://[",
    "test:@0",
  ]) {
    try {
      parseSource(text);
      assert.unreachable(text);
    } catch (error) {
      assert.instance(error, SluiceError, text);
      assert.is((error as SluiceError).code, "source-invalid");
      assert.not.match((error as SluiceError).message, /pw/);
    }
  }
});

test.run();
