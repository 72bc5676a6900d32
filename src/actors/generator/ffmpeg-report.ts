/** Reads ffmpeg's log on standard error: what the source is, and why it failed. */

import { SluiceError } from "../../task/errors.js";
import type { CaptureInfo } from "./capture.js";
import type { SourceSpec } from "./source-spec.js";
import { chooseStream, firstStream, parseVideoStream, type VideoStream } from "./video-stream.js";

/** Lines kept for the error's text; a stream that is damaged for hours logs thousands. */
const ERRORS_KEPT = 20;

export class FfmpegReport {
  readonly #source: SourceSpec;
  readonly #errors: string[] = [];
  #durationUs: number | null = null;
  readonly #streams: VideoStream[] = [];
  #indexed = false;
  #timeless: string | null = null;
  #mapped = false;
  #levelled = false;

  constructor(source: SourceSpec) {
    this.#source = source;
  }

  accept(line: string): void {
    const match = /^(?:\[[^\]]* @ [^\]]*\] )*\[(info|warning|error|fatal|panic)\] ?(.*)$/.exec(line);
    this.#levelled ||= match !== null;
    const [level, text] = match === null ? ["error", line] : [match[1], match[2] ?? ""];
    if (level === "error" || level === "fatal" || level === "panic") {
      if (text.trim() === "") return;
      this.#errors.push(text.trim());
      if (this.#errors.length > ERRORS_KEPT) this.#errors.shift();
    } else if (level === "info" && !this.#mapped) {
      this.#mapped = /^(Stream mapping:|Output #0)/.test(text);
      this.#acceptInfo(text);
    }
  }

  /** Null until ffmpeg has opened the source. */
  get info(): CaptureInfo | null {
    if (!this.#mapped) return null;
    const duration = this.#durationUs === null ? [] : [`${(this.#durationUs / 1e6).toFixed(1)} s`];
    const { description = "video", native = null } = chooseStream(this.#streams) ?? {};
    return {
      description: [description, ...duration].join(", "),
      durationUs: this.#durationUs,
      seekable: this.#durationUs !== null && this.#indexed,
      // The rate of pictures without times is ffmpeg's own.
      ...(native && { native: this.#timeless === null ? native : { ...native, fps: null } }),
    };
  }

  /** The number of the stream that is to be taken, where it is not the first one; null where it is. */
  get betterStream(): number | null {
    const chosen = chooseStream(this.#streams);
    return chosen === firstStream(this.#streams) ? null : (chosen?.index ?? null);
  }

  /** The format, where its pictures come without a time of their own; null of any other. */
  get timeless(): string | null {
    return this.#timeless;
  }

  /** It logs like ffmpeg, which names the level of each line. */
  get genuine(): boolean {
    return this.#levelled;
  }

  /** ffmpeg does not know this option. */
  refuses(option: string): boolean {
    return this.#errors.some((text) => text.includes(`Unrecognized option '${option}'`));
  }

  /** Why nothing could be read. @param relayProblem why the address could not be reached, where that is known */
  openingError(relayProblem: string | null): SluiceError {
    const log = this.#errors.join("\n");
    const { kind, label } = this.#source;
    if (relayProblem !== null) return unreachable(this.#source, relayProblem);
    if (/matches no streams/.test(log)) {
      return failure(
        "source-invalid",
        `Cannot open source "${label}" as it must hold video: it has no video stream`,
      );
    }
    if (kind === "rtsp" || kind === "http") {
      const unusable = /Invalid data found|not on whitelist/i.test(log);
      return unusable
        ? failure(
            "source-invalid",
            `Cannot open source "${label}" as it must be a video stream: ${this.#reason()}`,
          )
        : unreachable(this.#source, this.#reason());
    }
    if (kind === "device") return unreachable(this.#source, this.#reason());
    const reason = /moov atom not found/.test(log)
      ? "it has no index (moov atom not found), so it is no MP4, was cut short or is still being written"
      : /Invalid data found|not on whitelist/.test(log)
        ? "ffmpeg finds no video in it"
        : this.#reason();
    return failure("source-invalid", `Cannot open source "${label}" as it must be a video file: ${reason}`);
  }

  /**
   * Why the stream broke off after some frames; null where it ended normally.
   *
   * @param brokenOff what is known of it besides; null for nothing
   */
  earlyEnd(exitCode: number | null, brokenOff: string | null): SluiceError | null {
    const broken = this.#errors.some((text) => /partial file|Read error|File ended prematurely/.test(text));
    if (exitCode === 0 && !broken && brokenOff === null) return null;
    return endedEarly(this.#source, brokenOff ?? this.#reason());
  }

  #acceptInfo(text: string): void {
    const format = /^Input #0, (\S+), from/.exec(text)?.[1];
    if (format !== undefined) {
      this.#indexed = format.split(",").some((name) => INDEXED.has(name));
      if (TIMELESS.has(format)) this.#timeless = format;
    }
    const duration = /^\s*Duration: (\d+):(\d+):(\d+\.\d+)/.exec(text);
    if (duration !== null) {
      const [hours = 0, minutes = 0, seconds = 0] = duration.slice(1).map(Number);
      this.#durationUs = Math.round(((hours * 60 + minutes) * 60 + seconds) * 1e6);
    }
    const video = parseVideoStream(text);
    if (video !== null) this.#streams.push(video);
  }

  /** The most telling line of the log, without the source's name or any secret. */
  #reason(): string {
    const telling = this.#errors.find((text) => TELLING.test(text)) ?? this.#errors.at(-1);
    if (telling === undefined) return "ffmpeg gives no reason";
    const reason = telling.replace(/^.*(?:\/\/.*|file:.*): (?=[A-Z])/, "");
    return this.#redact(reason).replace(/\.$/, "");
  }

  #redact(text: string): string {
    const named = text.replaceAll(/(?:rtsp|http):\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}/g, this.#source.label);
    return named.replace(/:\/\/[^/\s@]*@/g, "://***@");
  }
}

/** Formats whose index leads to frames by time. Others are searched for a time, which may come twice in them. */
const INDEXED: ReadonlySet<string> = new Set(["mov", "mp4", "matroska", "webm", "avi"]);

/** Pictures one behind the other, and nothing else. ffmpeg takes them for 25 a second. */
const TIMELESS: ReadonlySet<string> = new Set(["mpjpeg", "mjpeg", "h264", "hevc", "m4v", "mpegvideo"]);

const TELLING =
  /partial file|Read error|File ended prematurely|refused|timed out|unreachable|resolve|[45]\d\d /;

/** No answer, or a refusal: trying again later may help. */
export function unreachable(source: SourceSpec, reason: string): SluiceError {
  return new SluiceError(
    `Cannot reach source "${source.label}": ${reason}; check its address and that it is running`,
    { code: "source-unreachable", retry: "backoff" },
  );
}

/** What came before is good. */
export function endedEarly({ label }: SourceSpec, reason: string): SluiceError {
  return failure(
    "source-ended-early",
    `Cannot read source "${label}" to its end as it breaks off: ${reason}; results so far are kept`,
  );
}

/** By a fault of its own. */
export function crashed(ffmpeg: string, signal: string, { label }: SourceSpec): SluiceError {
  return new SluiceError(
    `Cannot read source "${label}" on as "${ffmpeg}" was ended by ${signal}, which is a fault of ffmpeg or of this machine: set SLUICE_FFMPEG to another ffmpeg if it happens again; results so far are kept`,
    { code: "ffmpeg-crashed", retry: "backoff" },
  );
}

function failure(code: "source-invalid" | "source-ended-early", text: string): SluiceError {
  return new SluiceError(text, { code });
}
