/** A capture port whose every frame and end comes from the test, which sees every request. */

import type {
  CaptureInfo,
  CaptureListener,
  CaptureOptions,
  CapturePort,
} from "../../../src/actors/generator/capture.js";
import type { SluiceError } from "../../../src/task/errors.js";

interface FakeCapture {
  readonly options: CaptureOptions;
  /** Frames requested in all. */
  requested: number;
  given: number;
  bytes: number | null;
  closed: boolean;
  info(info?: Partial<CaptureInfo>): void;
  /** One frame at `ms` of the source; its bytes are all `mark`. */
  frame(
    ms: number,
    options?: { readonly mark?: number; readonly bytes?: number; readonly grey?: Uint8Array },
  ): void;
  stall(): void;
  end(error?: SluiceError): void;
}

export interface FakeCapturePort extends CapturePort {
  readonly opened: FakeCapture[];
  /** The one opened last. */
  readonly last: FakeCapture;
  now: () => number;
}

export function createFakeCapture(): FakeCapturePort {
  const opened: FakeCapture[] = [];
  const port: FakeCapturePort = {
    opened,
    now: () => 0,
    get last() {
      const capture = opened.at(-1);
      if (capture === undefined) throw new Error("No capture was opened");
      return capture;
    },
    open(options, listener) {
      const fake = createFake(options, listener, () => port.now());
      opened.push(fake);
      return {
        get bytes() {
          return fake.bytes;
        },
        request: (frames) => void (fake.requested += frames),
        close: () => void (fake.closed = true),
      };
    },
  };
  return port;
}

function createFake(options: CaptureOptions, listener: CaptureListener, now: () => number): FakeCapture {
  let ended = false;
  const fake: FakeCapture = {
    options,
    requested: 0,
    given: 0,
    bytes: null,
    closed: false,
    info: (info) =>
      listener.onInfo({
        description: "h264",
        durationUs: 10_000_000,
        seekable: true,
        ...info,
      }),
    frame(ms, { mark = fake.given, bytes = 4, grey } = {}) {
      if (fake.closed || ended) return;
      if (fake.given >= fake.requested) throw new Error(`Frame at ${ms} ms was not requested`);
      const number = (options.after?.frame ?? -1) + 1 + fake.given;
      fake.given += 1;
      const data = new Uint8Array(bytes).fill(mark);
      listener.onFrame({
        number,
        passedOver: 0,
        ptsUs: ms * 1_000,
        checksum: mark,
        data,
        ...(grey && { grey }),
        capturedAtMs: now(),
      });
    },
    stall: () => listener.onStalled?.(),
    end(error) {
      if (fake.closed || ended) return;
      ended = true;
      listener.onEnd(error ?? null);
    },
  };
  return fake;
}
