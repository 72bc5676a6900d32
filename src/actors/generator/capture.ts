/** The port between a generator and whatever captures: frames on demand, one end, no exceptions. */

import type { Configuration } from "../../task/configuration.js";
import type { SluiceError } from "../../task/errors.js";
import type { NativeVideo } from "../../task/native-video.js";
import type { SourceSpec } from "./source-spec.js";

/** Opens sources. One of your own reads what ffmpeg does not. */
export interface CapturePort {
  /**
   * Begins to capture `source` as `configuration` says: scaled, encoded, and sampled by presentation time.
   * `listener` is not called before this returns, nor after `close`.
   */
  open(options: CaptureOptions, listener: CaptureListener): Capture;
}

/** What is to be captured, and from where on. */
export interface CaptureOptions {
  readonly source: SourceSpec;
  readonly configuration: Configuration;
  /** Only later frames are wanted; null for all of them, of a live source from now on. */
  readonly after: Position | null;
}

/** How far a source was read. */
export interface Position {
  /** Number of a frame of this source, from 0: every frame that is decoded counts, captured or not. */
  readonly frame: number;
  /** Presentation time of that frame in the source, in microseconds. */
  readonly sourceUs: number;
  /** A time leads to one frame: the capture may begin near it. Otherwise it counts frames from the start of the source. */
  readonly seekable: boolean;
}

/** A source that is being read. */
export interface Capture {
  /** Bytes of the source so far: whether it sends anything while no picture comes of it. Null where nobody counts them. */
  readonly bytes: number | null;
  /** Requests more frames. A capture reads no further than it is requested to, so that memory stays bounded. */
  request(frames: number): void;
  /** Ends the capture and its process at once. Idempotent. */
  close(): void;
}

/** What a capture calls as frames come and as it ends. */
export interface CaptureListener {
  /** Once, before the first frame. */
  onInfo(info: CaptureInfo): void;
  /** Called once for each frame that was requested, in order. */
  onFrame(frame: CapturedFrame): void;
  /** A recording sends nothing, though frames were requested; it is waited for. */
  onStalled?(): void;
  /** Once, last: null at the end of the stream, or what went wrong. */
  onEnd(error: SluiceError | null): void;
}

/** What is known of a source once it is open. */
export interface CaptureInfo {
  /** For people: `h264, 640x360, 25 fps, 12.0 s`. */
  readonly description: string;
  /** Null for a stream that has no end, or does not say. */
  readonly durationUs: number | null;
  /** Its server has said how many bytes there are, so that it has an end though it names no duration. Default false. */
  readonly measured?: boolean;
  /** Its container has an index, under which times only grow. */
  readonly seekable: boolean;
  /** Before it is sampled and scaled; absent where it does not say. */
  readonly native?: NativeVideo;
}

/** A frame as it comes from a source. */
export interface CapturedFrame {
  /** In the source, from 0; in a stream without an end, from the opening on. Every frame that is decoded counts. */
  readonly number: number;
  /** Frames before it, and behind the one before or the position, that were decoded and not sampled. */
  readonly passedOver: number;
  /** Presentation time in the source, in microseconds; it may step. */
  readonly ptsUs: number;
  /** Of the bytes: equal pictures have equal checksums. */
  readonly checksum: number;
  /** In shared memory, owned by the receiver. `rgb`: uint8 HWC RGB, `width * height * 3`. `jpeg`: one image. */
  readonly data: Uint8Array;
  /**
   * The same picture in grey for a motion gate: uint8, `MOTION_GRID`, row by row. Only where the configuration has a gate; without
   * it none is left out.
   */
  readonly grey?: Uint8Array;
  /** When the frame was complete, ms since the Unix epoch. */
  readonly capturedAtMs: number;
}
