/**
 * The door to fluent-ffmpeg: builds the command line of one capture.
 *
 * Only its builder is used. Its `run()` spawns ffmpeg three more times to probe formats and encoders (0.4 to 1.4 s),
 * throws out of an event handler where the process cannot be spawned, and offers no further pipe; so
 * `ffmpeg-capture.ts` owns the process.
 *
 * One encoder feeds two muxers: the frames' bytes on pipe 1, and on pipe 3, ahead of each frame, a line of the
 * `framecrc` muxer with its size and checksum.
 *
 * For a motion gate a second encoder writes each frame once more, small and grey, to pipe 4.
 *
 * Times do not take that way, as ffmpeg's output side lets them only grow and makes up those that do not. The sampling prints
 * them to the log as the source gives them, and the output side is given the numbers 0, 1, 2 in their place.
 */

import ffmpeg from "fluent-ffmpeg";
import { assertNever } from "../../runtime/errors.js";
import { isGated, type Configuration } from "../../task/configuration.js";
import { MOTION_GRID } from "../../task/motion-gate.js";
import type { CaptureOptions, Position } from "./capture.js";
import { isPlaylist, type SourceSpec, type TestPattern } from "./source-spec.js";

/** `-fps_mode` replaced `-vsync` in ffmpeg 5.1. */
export type SyncOption = "-vsync" | "-fps_mode";

export interface Opening {
  /** Where to begin to decode; null for the start. */
  readonly seekUs: number | null;
  readonly syncOption: SyncOption;
  /** Number of the stream to take; null for the first that is video and no cover picture. */
  readonly stream: number | null;
  /** The format of pictures whose times are those of their arrival; null where they have their own. */
  readonly timeless: string | null;
  /** Of an address: what ffmpeg opens in its place. Its own is no business of ffmpeg's, and may hold secrets. */
  readonly relayUrl: string | null;
}

/** Arguments for ffmpeg. */
export function captureArguments(
  { source, configuration, after }: CaptureOptions,
  { seekUs, syncOption, timeless, stream, relayUrl }: Opening,
): readonly string[] {
  const { width, height, fps, encoding } = configuration;
  const frames = encoding === "rgb" ? "rawvideo" : "image2pipe";
  const gated = isGated(configuration);
  const timeOptions = [syncOption, "passthrough", "-enc_time_base", "1:1000000"];
  const command = ffmpeg(inputName(source, relayUrl))
    .inputOptions(["-hide_banner", "-nostdin", "-nostats", "-v", "repeat+level+info", "-copyts"])
    .inputOptions(seekUs === null ? [] : seekOptions(seekUs))
    .inputOptions([...inputOptions(source), ...ONE_GRAPH])
    .inputOptions(timeless === null ? [] : arrivalOptions(timeless))
    .complexFilter(
      `[0:${stream ?? "V"}]select='${samplingExpression({ fps, after, fromStart: seekUs === null })}',settb=1/1000000,setpts=N,scale=${width}:${height}:flags=bilinear${gated ? GREY_BRANCH : "[v]"}`,
    )
    .output(`[f=framecrc:flush_packets=1]pipe\\:3|[f=${frames}:flush_packets=1]pipe\\:1`)
    .outputOptions(["-map", "[v]", ...timeOptions])
    .outputOptions(codecOptions(configuration))
    .format("tee");
  if (gated)
    command
      .output("pipe:4")
      .outputOptions(["-map", "[g]", ...timeOptions, "-c:v", "rawvideo", "-flush_packets", "1"])
      .format("rawvideo");
  // Published in its types; the only way to the arguments without its run.
  // oxlint-disable-next-line no-underscore-dangle
  return command._getArguments();
}

/**
 * A stream may change its size or format: where ffmpeg built the filters anew, as it does by itself, they would count and sample from
 * the start again. `scale` takes each picture as it is.
 */
const ONE_GRAPH = ["-reinit_filter", "0"];

/** Of the scaled picture; by averages, in which noise is small. */
const GREY_BRANCH = `,split[v][m];[m]scale=${MOTION_GRID.columns}:${MOTION_GRID.rows}:flags=area,format=gray[g]`;

/** Of each picture on pipe 4; null where there is none. */
export function greyBytesOf(configuration: Configuration): number | null {
  return isGated(configuration) ? MOTION_GRID.columns * MOTION_GRID.rows : null;
}

/** Where the format is known none of it is read ahead to find that out, and so with a time that is too late. */
function arrivalOptions(format: string): string[] {
  return ["-f", format, "-fpsprobesize", "0", "-use_wallclock_as_timestamps", "1"];
}

/** Absolute timestamps and the keyframe before: frames up to the wanted position are dropped by the sampling. */
function seekOptions(seekUs: number): string[] {
  return ["-noaccurate_seek", "-seek_timestamp", "1", "-ss", (seekUs / 1e6).toFixed(6)];
}

/**
 * Samples by presentation time: of each period of `fps` the frame nearest to its tick is taken, none twice, so that
 * 25 to 10 fps gives exactly 10, and timestamps rounded to milliseconds change nothing. A frame is nearest to a tick
 * where the tick lies within half the distance to the frame before. `ld(0)` holds the last tick that was served.
 *
 * A frame that is taken is printed as `frame-stamps.ts` reads it. `ld(3)` counts those that were passed over.
 *
 * Read from the start, frames are counted. After a seek the first decoded frame is passed, too: it shows whether the seek landed
 * early enough. `ld(2)` is the last one up to the position, whose number is known. Its own tick is set as early as it may have
 * been, as the frame before it is not known.
 */
function samplingExpression({
  fps,
  after,
  fromStart,
}: {
  readonly fps: number;
  readonly after: Position | null;
  readonly fromStart: boolean;
}): string {
  const tick = `floor((t+min(t-prev_t,1/${fps})/2)*${fps}+0.000001)`;
  const first = `floor(t*${fps}+${fromStart ? 0.5 : 0.000001})`;
  const due = "gt(ld(1),ld(0))+lt(t,prev_t)";
  if (after === null || fromStart) {
    const wanted = `gt(n,${after?.frame ?? -1})`;
    const take = `if(${wanted},${taken("n")},0)`;
    return `st(1,${tick});if(isnan(prev_t),st(0,${first});${take},if(${due},st(0,ld(1));${take},${passOver(wanted)}))`;
  }
  // Half a microsecond behind it, as its time is rounded.
  const positionS = ((after.sourceUs + 0.5) / 1e6).toFixed(7);
  const wanted = `gt(t,${positionS})`;
  const take = taken(`n-ld(2)+${after.frame}`);
  return `st(1,${tick});if(not(${wanted}),st(2,n));if(isnan(prev_t),st(0,${first});${take},if(${due},st(0,ld(1));if(${wanted},${take},0),${passOver(wanted)}))`;
}

/** Prints at level 32, which is `info`. */
function taken(number: string): string {
  return `print(${number},32);print(ld(3),32);print(t*1000000,32);st(3,0);1`;
}

function passOver(wanted: string): string {
  return `if(${wanted},st(3,ld(3)+1));0`;
}

function codecOptions({ encoding, quality }: Configuration): string[] {
  if (encoding === "rgb") return ["-c:v", "rawvideo", "-pix_fmt", "rgb24"];
  return ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-qmin", "1", "-q:v", String(quantiserOf(quality))];
}

/**
 * libjpeg scales its tables by `percent`, ffmpeg its own by n/8: on camera pictures the two then differ by less than
 * 1 dB of PSNR from quality 50 to 95. ffmpeg ends at 1, which is about 95.
 */
function quantiserOf(quality: number): number {
  const percent = quality < 50 ? 5_000 / quality : 200 - 2 * quality;
  return Math.min(31, Math.max(1, Math.round(percent * 0.08)));
}

function inputName(source: SourceSpec, relayUrl: string | null): string {
  switch (source.kind) {
    case "file":
      // A name with its protocol is never taken for another protocol or an option.
      return `file:${source.path}`;
    case "rtsp":
    case "http":
      if (relayUrl === null) throw new TypeError(`Cannot open "${source.label}" without a relay`);
      return relayUrl;
    case "device":
      return source.path;
    case "test":
      return testScene(source.pattern);
    default:
      return assertNever(source);
  }
}

/** Containers that hold their own video. Playlists and scripts, which name other files, are not among them. */
const FILE_FORMATS =
  "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,mxf,ivf,nut,dv,m4v,h264,hevc,mjpeg,gif";

/** Of those also the ones that arrive over HTTP, and the pictures in parts that cameras send. */
const HTTP_FORMATS = `${FILE_FORMATS},mpjpeg`;

/** What each kind may reach: no file makes ffmpeg open another or the network, no stream opens a local file. */
function inputOptions(source: SourceSpec): string[] {
  switch (source.kind) {
    case "file":
      return [
        ...(source.loops ? ["-re", "-stream_loop", "-1"] : []),
        "-protocol_whitelist",
        "file",
        "-format_whitelist",
        FILE_FORMATS,
      ];
    case "rtsp":
      return [
        "-f",
        "rtsp",
        "-protocol_whitelist",
        "rtsp,rtp,tcp",
        "-rtsp_transport",
        "tcp",
        // A slow camera is opened with its first picture, not with those that would tell its rate, and decoding holds none back. What is
        // read to open it is decoded, too (by `nobuffer` it is not): it may be the key frame that the next ones need.
        "-probesize",
        "32",
        "-fpsprobesize",
        "0",
        "-analyzeduration",
        "100000",
        "-thread_type",
        "slice",
      ];
    case "http":
      return isPlaylist(source)
        ? ["-f", "hls", "-protocol_whitelist", "http,tcp", "-format_whitelist", `hls,${FILE_FORMATS}`]
        : ["-protocol_whitelist", "http,tcp", "-format_whitelist", HTTP_FORMATS];
    case "device":
      return ["-f", "v4l2"];
    case "test":
      return ["-f", "lavfi"];
    default:
      return assertNever(source);
  }
}

function testScene({ width, height, fps, durationS }: TestPattern): string {
  const colour = (name: string, w: number, h: number) =>
    `color=c=${name}:s=${w}x${h}:r=${fps}:d=${durationS},format=yuv444p`;
  const even = (share: number, of: number) => Math.max(4, Math.round((of * share) / 2) * 2);
  const [w, h] = [even(0.14, width), even(0.16, height)];
  // Each begins inside the picture, so that something moves from the first frame on.
  const across = (seconds: number) => `mod(t/${seconds}+0.3\\,1)*(W+w)-w`;
  return [
    `${colour("0x707070", width, height)},noise=all_seed=7:alls=14[ground]`,
    `${colour("red", w, h)}[red]`,
    `${colour("blue", w, h)}[blue]`,
    `${colour("yellow", w, h)}[yellow]`,
    `[ground][red]overlay=x='${across(5)}':y=H*0.15:shortest=1[a]`,
    `[a][blue]overlay=x='W-w-(${across(7)})':y=H*0.42:shortest=1[b]`,
    `[b][yellow]overlay=x='${across(3.5)}':y=H*0.7:shortest=1`,
  ].join(";");
}
