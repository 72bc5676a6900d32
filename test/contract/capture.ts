/** What every capture port does: run `captureContract` on each, with a source that ends, then `test.run()`. */

import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { Capture, CapturedFrame, CapturePort, Position } from "../../src/actors/generator/capture.js";
import type { SourceSpec } from "../../src/actors/generator/source-spec.js";
import type { Configuration } from "../../src/task/configuration.js";
import type { SluiceError } from "../../src/task/errors.js";
import { within } from "../support/within.js";

export interface CaptureSubject {
  readonly port: CapturePort;
  /** Can be read again, and seeks. */
  readonly source: SourceSpec;
  readonly configuration: Configuration;
  /** Frames until the end, 8 at least. */
  readonly frameCount: number;
  /** Gives captures the time to do what they should not. */
  readonly idle: () => Promise<void>;
}

type Heard = "info" | "frame" | "end";

/** A capture, and every call of its listener in order. */
interface Recording {
  readonly capture: Capture;
  readonly heard: readonly Heard[];
  readonly frames: readonly CapturedFrame[];
  /** What the end came with; undefined before it. */
  readonly error: SluiceError | null | undefined;
  /** Resolves once so many calls of one kind have come. */
  readonly until: (kind: Heard, count: number) => Promise<void>;
}

/** @param onHeard within each call of the listener */
function record(
  { port, source, configuration }: CaptureSubject,
  after: Position | null = null,
  onHeard: (kind: Heard, capture: Capture) => void = () => {},
): Recording {
  const heard: Heard[] = [];
  const frames: CapturedFrame[] = [];
  const waiting = new Set<() => void>();
  let error: SluiceError | null | undefined;
  let opened: Capture | null = null;
  const hear = (kind: Heard): void => {
    heard.push(kind);
    if (opened !== null) onHeard(kind, opened);
    for (const look of waiting) look();
  };
  const capture = port.open(
    { source, configuration, after },
    {
      onInfo: () => hear("info"),
      onFrame(frame) {
        frames.push(frame);
        hear("frame");
      },
      onEnd(reason) {
        error = reason;
        hear("end");
      },
    },
  );
  opened = capture;
  assert.equal(heard, [], "open calls nobody before it returns");
  return {
    capture,
    heard,
    frames,
    get error() {
      return error;
    },
    until: (kind, count) =>
      within(
        20_000,
        new Promise<void>((resolve) => {
          const look = (): void => {
            if (heard.filter((each) => each === kind).length < count) return;
            waiting.delete(look);
            resolve();
          };
          waiting.add(look);
          look();
        }),
        `${count} of ${kind}`,
      ),
  };
}

const identities = (frames: readonly CapturedFrame[]): readonly (readonly number[])[] =>
  frames.map(({ ptsUs, checksum, number, passedOver }) => [ptsUs, checksum, number, passedOver]);

/** Every frame of the source. */
async function readAll(subject: CaptureSubject, after: Position | null = null): Promise<Recording> {
  const recording = record(subject, after);
  recording.capture.request(subject.frameCount + 1);
  await recording.until("end", 1);
  assert.is(recording.error, null);
  return recording;
}

/** @param use runs its argument with a source of its own */
export function captureContract(
  kind: string,
  use: (work: (subject: CaptureSubject) => Promise<void>) => Promise<void>,
): void {
  const each = (name: string, work: (subject: CaptureSubject) => Promise<void>): void =>
    test(`${kind}: ${name}`, () => within(60_000, use(work)));

  each("a capture informs once, and gives no frame that is not requested", async (subject) => {
    const { capture, heard, until } = record(subject);
    await until("info", 1);
    await subject.idle();
    assert.equal(heard, ["info"]);
    capture.request(2);
    await until("frame", 2);
    await subject.idle();
    assert.equal(heard, ["info", "frame", "frame"]);
    capture.close();
  });

  each("a capture informs before its first frame, however early that is requested", async (subject) => {
    const { capture, heard, until } = record(subject);
    capture.request(1);
    await until("frame", 1);
    assert.equal(heard, ["info", "frame"]);
    capture.close();
  });

  each("a capture gives every frame once, in order, however it is requested", async (subject) => {
    const whole = identities((await readAll(subject)).frames);
    assert.is(whole.length, subject.frameCount);
    assert.ok(whole.every(([ptsUs = 0], index) => index === 0 || ptsUs > (whole[index - 1]?.[0] ?? ptsUs)));
    const { capture, frames, until } = record(subject);
    capture.request(3);
    await until("frame", 3);
    await subject.idle();
    assert.equal(identities(frames), whole.slice(0, 3));
    for (let count = 0; count < 2; count++) capture.request(1);
    await until("frame", 5);
    await subject.idle();
    assert.equal(identities(frames), whole.slice(0, 5));
    capture.request(1_000);
    await until("end", 1);
    assert.equal(identities(frames), whole);
  });

  each("the end comes once, and only after the frames that are left are requested", async (subject) => {
    const recording = record(subject);
    const { capture, heard, until } = recording;
    capture.request(subject.frameCount - 1);
    await until("frame", subject.frameCount - 1);
    await subject.idle();
    assert.is(heard.at(-1), "frame");
    capture.request(1);
    await until("end", 1);
    await subject.idle();
    assert.equal(heard, ["info", ...Array<Heard>(subject.frameCount).fill("frame"), "end"]);
    assert.is(recording.error, null);
  });

  each("nothing comes after close, and a second close is harmless", async (subject) => {
    const early = record(subject);
    early.capture.request(4);
    early.capture.close();
    const { capture, heard, until } = record(subject);
    capture.request(2);
    await until("frame", 2);
    capture.request(4);
    capture.close();
    capture.close();
    await subject.idle();
    assert.equal([early.heard, heard], [[], ["info", "frame", "frame"]]);
    early.capture.close();
  });

  for (const kindOfCall of ["info", "frame"] as const) {
    each(`nothing comes after a close within a call for ${kindOfCall}`, async (subject) => {
      const { capture, heard, until } = record(subject, null, (call, open) => {
        if (call === kindOfCall) open.close();
      });
      capture.request(4);
      await until(kindOfCall, 1);
      await subject.idle();
      assert.is(heard.at(-1), kindOfCall);
      assert.is(heard.filter((call) => call === kindOfCall).length, 1);
    });
  }

  each("close after the end is harmless", async (subject) => {
    const { capture, heard } = await readAll(subject);
    capture.close();
    await subject.idle();
    assert.is(heard.filter((call) => call === "end").length, 1);
  });

  each("a capture after a position gives the frames behind it, and no other", async (subject) => {
    const whole = (await readAll(subject)).frames;
    for (const index of [0, Math.floor(subject.frameCount / 2), subject.frameCount - 1]) {
      const { number: frame = Number.NaN, ptsUs: sourceUs = Number.NaN } = whole[index] ?? {};
      for (const seekable of [true, false]) {
        const { frames } = await readAll(subject, { frame, sourceUs, seekable });
        assert.equal(identities(frames), identities(whole.slice(index + 1)), `after frame ${index}`);
      }
    }
  });

  each("captures of one source are independent of each other", async (subject) => {
    const [first, second] = [record(subject), record(subject)];
    first.capture.request(2);
    second.capture.request(4);
    await Promise.all([first.until("frame", 2), second.until("frame", 4)]);
    first.capture.close();
    second.capture.request(subject.frameCount);
    await second.until("end", 1);
    assert.equal([first.frames.length, second.frames.length], [2, subject.frameCount]);
  });
}
