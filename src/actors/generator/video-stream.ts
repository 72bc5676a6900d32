/** Which video stream of a source is taken, by what ffmpeg logs of each. */

import { soundNative, type NativeVideo } from "../../task/native-video.js";

export interface VideoStream {
  /** Among all streams of the source. */
  readonly index: number;
  /** For people: `h264, 640x360, 25 fps`. */
  readonly description: string;
  /** Null where it is not said how large it is. */
  readonly native: NativeVideo | null;
  /** The source says that a player should take it. */
  readonly isDefault: boolean;
  /** ffmpeg itself knows it for one picture: a cover or a thumbnail. `0:V` passes it over. */
  readonly isPicture: boolean;
  /** It looks like one picture, which ffmpeg before 4.4 does not always know. */
  readonly isStill: boolean;
}

/** Codecs of single pictures: video too, but then with a rate. */
const STILL_CODECS = new Set(["mjpeg", "png", "bmp", "gif", "webp", "tiff"]);

/** A line such as `Stream #0:1(und): Video: h264 (High), yuv420p, 320x180, 25 fps (default)`; null for any other. */
export function parseVideoStream(text: string): VideoStream | null {
  const match = /^\s*Stream #0:(\d+)\S* Video: (\w+)/.exec(text);
  if (match === null) return null;
  const [, index = "", codec = ""] = match;
  const [, size, width, height] = / ((\d{2,5})x(\d{2,5}))\b/.exec(text) ?? [];
  const fps = / ([\d.]+) fps\b/.exec(text)?.[1];
  return {
    index: Number(index),
    description: [codec, size, fps === undefined ? undefined : `${fps} fps`]
      .filter((part) => part !== undefined)
      .join(", "),
    native: soundNative({
      width: Number(width ?? 0),
      height: Number(height ?? 0),
      fps: fps === undefined ? null : Number(fps),
    }),
    isDefault: text.includes("(default)"),
    isPicture: text.includes("(attached pic)"),
    isStill: STILL_CODECS.has(codec) && fps === undefined,
  };
}

/**
 * The stream that ffmpeg takes by itself: the largest, of equal ones the default and then the first. That one is the default
 * is worth 5,000,000 pixels (`choose_stream` in ffmpeg's `ffmpeg_mux_init.c`). Covers and thumbnails come last.
 */
export function chooseStream(streams: readonly VideoStream[]): VideoStream | null {
  const worth = ({ native, isDefault, isPicture, isStill }: VideoStream): number =>
    isPicture || isStill ? -1 : (native?.width ?? 0) * (native?.height ?? 0) + (isDefault ? 5_000_000 : 0);
  return streams.reduce<VideoStream | null>(
    (best, stream) => (best === null || worth(stream) > worth(best) ? stream : best),
    null,
  );
}

/** The one that `0:V` is, which is the first. */
export function firstStream(streams: readonly VideoStream[]): VideoStream | null {
  return streams.find(({ isPicture }) => !isPicture) ?? null;
}
