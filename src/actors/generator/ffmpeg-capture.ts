/**
 * The capture port on ffmpeg: one process for each capture, read no faster than frames are requested, always killed and reaped.
 *
 * F1 A process does not outlive its capture: `close`, the end and any end of this process all end in its SIGKILL.
 * F2 No frame is read beyond what was requested: ffmpeg blocks in its pipe, and memory stays at one frame.
 * F3 After a position no frame up to it is handed out, and none after it is left out: a seek that lands too late is repeated
 *    further ahead, and what has no index is read from its start and counted.
 * F4 The stream is the one that ffmpeg would take by itself, and never a cover: which one that is shows in its log, and where it is
 *    not the first it is opened again.
 * F5 `onEnd` is called once, after the last frame, with the process gone.
 */

import { type Clock, systemClock, type TimerHandle } from "../../runtime/clock.js";
import { errorText } from "../../runtime/errors.js";
import { SluiceError } from "../../task/errors.js";
import type { Capture, CaptureInfo, CaptureListener, CaptureOptions, CapturePort } from "./capture.js";
import { findFfmpeg } from "./ffmpeg-binary.js";
import { FfmpegProcess } from "./ffmpeg-process.js";
import { crashed, endedEarly, unreachable, type FfmpegReport } from "./ffmpeg-report.js";
import { captureArguments, greyBytesOf, type SyncOption } from "./ffmpeg-source.js";
import type { FramedFrame } from "./framing.js";
import { openRelay, type Relay } from "./relay.js";
import { cutShort } from "./recording-end.js";
import { checkSource } from "./source-check.js";
import type { NetworkAddress } from "./source-spec.js";

export interface FfmpegCaptureOptions {
  /** Path of ffmpeg; default as `findFfmpeg` decides at the first capture. */
  readonly ffmpeg?: string;
  /** How long an address, a device or a pipe may take to be opened. Default 10,000 ms. */
  readonly connectTimeoutMs?: number;
  /** How long a recording over HTTP, or a pipe, may send nothing until that is said. Default 5,000 ms. */
  readonly stallMs?: number;
  /** And until it is given up. Default 30,000 ms. */
  readonly stallTimeoutMs?: number;
  readonly clock?: Clock;
}

/** Captures with ffmpeg. */
export function createFfmpegCapture(options: FfmpegCaptureOptions = {}): CapturePort {
  const settings = {
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    stallMs: options.stallMs ?? 5_000,
    stallTimeoutMs: options.stallTimeoutMs ?? 30_000,
    clock: options.clock ?? systemClock,
    ffmpeg: () => options.ffmpeg ?? findFfmpeg(),
  };
  return {
    open: (captureOptions, listener) => {
      const capture = new FfmpegCapture(captureOptions, listener, settings);
      void capture.begin();
      return capture;
    },
  };
}

interface Settings {
  readonly connectTimeoutMs: number;
  readonly stallMs: number;
  readonly stallTimeoutMs: number;
  readonly clock: Clock;
  readonly ffmpeg: () => string;
}

/** How often a recording over HTTP, or a pipe, is looked at. */
const LOOK_MS = 1_000;

/** A signal to the group of this process ends an ffmpeg that has not left it yet: by then the capture is closed, or goes on. */
const STARTS_AGAIN_MAX = 3;
const START_AGAIN_MS = 200;

/** How far ahead of a position to seek, tried in turn; the last resort is the start of the source. */
const SEEK_MARGINS_US = [200_000, 3_000_000, 20_000_000];

/** By path of the binary: known once it has refused `-vsync`. */
const syncOptions = new Map<string, SyncOption>();

class FfmpegCapture implements Capture {
  readonly #options: CaptureOptions;
  readonly #listener: CaptureListener;
  readonly #settings: Settings;
  #process: FfmpegProcess | null = null;
  /** Of an address. */
  #relay: Relay | null = null;
  #demand = 0;
  #attempt = 0;
  /** Number of the stream to take; null for the first. */
  #stream: number | null = null;
  /** The format of pictures without a time of their own: that of their arrival is theirs. */
  #timeless: string | null = null;
  /** A file that is none: whoever writes into it may stop to. */
  #isPipe = false;
  #framesTaken = 0;
  #startsAgain = 0;
  #landed = false;
  #informed = false;
  #closed = false;
  #timer: TimerHandle | null = null;

  constructor(options: CaptureOptions, listener: CaptureListener, settings: Settings) {
    this.#options = options;
    this.#listener = listener;
    this.#settings = settings;
    this.#landed = options.after === null;
  }

  async begin(): Promise<void> {
    try {
      const mayWait = await checkSource(this.#options.source);
      if (this.#closed) return;
      const ffmpeg = this.#settings.ffmpeg();
      const { source } = this.#options;
      if (source.kind === "rtsp" || source.kind === "http") await this.#openRelay(source);
      if (this.#closed) return;
      this.#isPipe = mayWait && source.kind === "file";
      if (mayWait) this.#watchOpening(0);
      this.#start(ffmpeg);
    } catch (error) {
      this.#end(error instanceof SluiceError ? error : spawnFailure(error));
    }
  }

  get bytes(): number | null {
    return this.#relay?.bytes ?? null;
  }

  request(frames: number): void {
    this.#demand += frames;
    this.#process?.request(frames);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    this.#process?.kill();
    this.#relay?.close();
  }

  async #openRelay(address: NetworkAddress): Promise<void> {
    const relay = await openRelay(address);
    if (this.#closed) relay.close();
    else this.#relay = relay;
  }

  #start(ffmpeg: string): void {
    const syncOption = syncOptions.get(ffmpeg) ?? "-vsync";
    const { source, configuration } = this.#options;
    const greyBytes = greyBytesOf(configuration);
    const args = captureArguments(this.#options, {
      seekUs: this.#seekUs(),
      syncOption,
      stream: this.#stream,
      timeless: this.#timeless,
      relayUrl: this.#relay?.url ?? null,
    });
    const current = new FfmpegProcess(
      ffmpeg,
      args,
      { source, greyBytes },
      {
        onInfo: (info, { betterStream, timeless }) => {
          if (this.#stream === null && betterStream !== null) {
            this.#stream = betterStream;
            this.#startAgain(ffmpeg);
          } else if (timeless !== null && this.#arrives && this.#timeless === null) {
            this.#timeless = timeless;
            this.#startAgain(ffmpeg);
          } else this.#inform(info);
        },
        onFrame: (frame) => this.#frame(frame, ffmpeg),
        onExit: ({ error, exitCode, crash, keeperEndedBy, frameCount, report }) => {
          if (this.#closed || current !== this.#process) return;
          if (report.refuses("vsync") && syncOption === "-vsync") {
            syncOptions.set(ffmpeg, "-fps_mode");
            this.#start(ffmpeg);
          } else if (error !== null) {
            this.#end(spawnFailure(error));
          } else if (crash !== null) {
            this.#end(crashed(ffmpeg, crash, this.#options.source));
          } else if (!report.genuine && isOfGroup(keeperEndedBy) && this.#startsAgain < STARTS_AGAIN_MAX) {
            this.#startsAgain += 1;
            this.#timer = this.#settings.clock.after(START_AGAIN_MS, () => this.#start(ffmpeg));
          } else if (!report.genuine) {
            this.#end(impostor(ffmpeg, exitCode));
          } else if (frameCount === 0 && this.#seekUs() !== null) {
            this.#seekEarlier(ffmpeg);
          } else if (frameCount === 0 && (this.#options.after === null || report.info === null)) {
            this.#end(report.openingError(this.#relay?.problem ?? null));
          } else {
            void this.#endAfter(report, exitCode);
          }
        },
      },
    );
    this.#process = current;
    current.request(this.#demand);
  }

  /** It is sent as it is made, as far as anybody has said: a recording is as long as its server says. */
  get #arrives(): boolean {
    return this.#relay !== null && !this.#relay.measured;
  }

  #seekUs(): number | null {
    const { after } = this.#options;
    const margin = SEEK_MARGINS_US[this.#attempt];
    if (after === null || !after.seekable || margin === undefined) return null;
    return after.sourceUs > margin ? after.sourceUs - margin : null;
  }

  #seekEarlier(ffmpeg: string): void {
    this.#attempt += 1;
    this.#startAgain(ffmpeg);
  }

  #startAgain(ffmpeg: string): void {
    this.#process?.kill();
    this.#start(ffmpeg);
  }

  #inform(info: CaptureInfo): void {
    this.#timer?.cancel();
    if (this.#informed || this.#closed) return;
    this.#informed = true;
    const { source } = this.#options;
    // A stream without an end is watched by its frames.
    const measured = this.#relay?.measured === true;
    if (this.#isPipe || (source.kind === "http" && (info.durationUs !== null || measured)))
      this.#watchTransfer({ awaited: null, quietMs: 0 });
    this.#listener.onInfo(measured ? { ...info, measured } : info);
  }

  #frame(frame: FramedFrame, ffmpeg: string): void {
    if (this.#closed) return;
    const { after } = this.#options;
    if (after !== null && !this.#landed && this.#seekUs() !== null) {
      // Only a decoded frame before the position proves that none after it was passed over.
      if (frame.ptsUs >= after.sourceUs) {
        this.#seekEarlier(ffmpeg);
        return;
      }
      this.#landed = true;
      this.#process?.request(1);
      return;
    }
    this.#demand -= 1;
    this.#framesTaken += 1;
    const { byteLength: _byteLength, ...captured } = frame;
    this.#listener.onFrame({ ...captured, capturedAtMs: this.#settings.clock.now() });
  }

  /** A slow camera takes its time to be understood: it is waited for as long as bytes come. */
  #watchOpening(bytesBefore: number): void {
    const { source } = this.#options;
    const { connectTimeoutMs, clock } = this.#settings;
    this.#timer = clock.after(connectTimeoutMs, () => {
      const { bytes } = this;
      if (bytes !== null && bytes > bytesBefore) return this.#watchOpening(bytes);
      this.#process?.kill();
      const seen = this.#relay?.playing === true ? "it agrees to play, but sends nothing" : "no answer";
      this.#end(unreachable(source, `${seen} within ${connectTimeoutMs / 1000} s`));
    });
  }

  /** Frames are requested, and none or no byte of one has come: said after a while, and given up in the end. */
  #watchTransfer(before: { readonly awaited: number | null; readonly quietMs: number }): void {
    const { clock, stallMs, stallTimeoutMs } = this.#settings;
    this.#timer = clock.after(LOOK_MS, () => {
      const awaited = this.#isPipe ? this.#framesTaken : (this.#relay?.awaited ?? null);
      const quiet = this.#demand > 0 && awaited !== null && awaited === before.awaited;
      const quietMs = quiet ? before.quietMs + LOOK_MS : 0;
      if (quietMs >= stallTimeoutMs) {
        this.#process?.kill();
        this.#end(endedEarly(this.#options.source, `nothing has come for ${stallTimeoutMs / 1_000} s`));
        return;
      }
      if (quietMs >= stallMs && before.quietMs < stallMs) this.#listener.onStalled?.();
      if (!this.#closed) this.#watchTransfer({ awaited, quietMs });
    });
  }

  /** ffmpeg has come to an end: to that of the source, as far as anything tells. */
  async #endAfter(report: FfmpegReport, exitCode: number | null): Promise<void> {
    const { source } = this.#options;
    const early = report.earlyEnd(exitCode, this.#relay?.brokenOff ?? null);
    // What cannot be looked at any more tells nothing.
    const cut =
      early === null && source.kind === "file" ? await cutShort(source.path).catch(() => null) : null;
    this.#end(cut === null ? early : endedEarly(source, cut));
  }

  #end(error: SluiceError | null): void {
    if (this.#closed) return;
    this.close();
    this.#listener.onEnd(error);
  }
}

/** One that terminals and service managers send to whole groups. */
function isOfGroup(signal: NodeJS.Signals | null): boolean {
  return signal === "SIGINT" || signal === "SIGTERM" || signal === "SIGHUP";
}

function impostor(ffmpeg: string, exitCode: number | null): SluiceError {
  const end = exitCode === null ? "it was killed" : `it ended with exit code ${exitCode}`;
  return new SluiceError(
    `Cannot use "${ffmpeg}" as it does not answer like ffmpeg (${end}): set SLUICE_FFMPEG to one that does, or unset it`,
    { code: "ffmpeg-missing" },
  );
}

function spawnFailure(error: unknown): SluiceError {
  return new SluiceError(`Cannot start ffmpeg: ${errorText(error)}`, {
    code: "ffmpeg-missing",
    retry: "backoff",
    cause: error,
  });
}
