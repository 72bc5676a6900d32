/** A source with no process behind it: tiny frames, as fast as they are requested or at a rate, and what is in them. */

import type { CapturePort } from "../../src/actors/generator/capture.js";
import type { SourceSpec } from "../../src/actors/generator/source-spec.js";

export interface ScriptedSourceOptions {
  /** Frames until the end; default without end. */
  readonly count?: number;
  /** A live source gives a frame every so many ms, and loses those that nobody requested. */
  readonly liveEveryMs?: number;
  /** Writes the frame's first bytes. */
  readonly write?: (index: number, bytes: Uint8Array) => void;
}

export interface ScriptedSource {
  readonly source: SourceSpec;
  readonly capture: CapturePort;
  /** Frames given so far, by all captures. */
  readonly given: number;
  /** Captures open now. */
  readonly open: number;
}

const FRAME_US = 1_000;

export function scriptedSource(options: ScriptedSourceOptions = {}): ScriptedSource {
  const { count = Infinity, liveEveryMs, write } = options;
  let given = 0;
  let open = 0;

  const capture: CapturePort = {
    open({ configuration: { width, height }, after }, listener) {
      let next = after === null ? 0 : after.frame + 1;
      let wanted = 0;
      let closed = false;
      let giving = false;
      open += 1;

      const giveOne = (): void => {
        // Closed from within the frame before.
        if (wanted === 0) return;
        const data = new Uint8Array(new SharedArrayBuffer(width * height * 3));
        const index = next++;
        write?.(index, data);
        wanted -= 1;
        given += 1;
        listener.onFrame({
          number: index,
          passedOver: 0,
          ptsUs: index * FRAME_US,
          checksum: index,
          data,
          capturedAtMs: Date.now(),
        });
      };
      const endWhenDone = (): void => {
        if (closed || next < count) return;
        close();
        listener.onEnd(null);
      };
      const give = (): void => {
        giving = false;
        if (closed) return;
        for (let left = Math.min(wanted, count - next); left > 0; left -= 1) giveOne();
        endWhenDone();
      };
      const tick = (): void => {
        if (wanted > 0) giveOne();
        else next += 1;
        endWhenDone();
      };
      const close = (): void => {
        if (closed) return;
        closed = true;
        wanted = 0;
        open -= 1;
        clearInterval(timer);
      };
      const timer = liveEveryMs === undefined ? undefined : setInterval(tick, liveEveryMs);
      setImmediate(() => {
        if (closed) return;
        const durationUs = liveEveryMs === undefined && count < Infinity ? count * FRAME_US : null;
        listener.onInfo({ description: "scripted", durationUs, seekable: false });
      });

      return {
        bytes: null,
        request(frames) {
          wanted += frames;
          if (liveEveryMs !== undefined || giving) return;
          giving = true;
          setImmediate(give);
        },
        close,
      };
    },
  };
  const replayable = liveEveryMs === undefined;
  const pattern = { width: 16, height: 16, fps: 30, durationS: 1 };
  return {
    source: { kind: "test", pattern, label: "scripted", replayable },
    capture,
    get given() {
      return given;
    },
    get open() {
      return open;
    },
  };
}
