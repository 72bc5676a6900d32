/** Where video comes from, parsed from what the user typed. */

import { resolve } from "node:path";
import { SluiceError } from "../../task/errors.js";

interface Common {
  /** What logs and errors call the source: without credentials or query. */
  readonly label: string;
  /** It can be read again from any position, so it waits instead of dropping. */
  readonly replayable: boolean;
}

export type SourceSpec =
  | (Common & { readonly kind: "file"; readonly path: string })
  | (Common & { readonly kind: "rtsp" | "http"; readonly url: string })
  | (Common & { readonly kind: "device"; readonly path: string })
  | (Common & { readonly kind: "test"; readonly pattern: TestPattern });

/** A scene drawn by ffmpeg itself: three coloured boxes that cross a textured ground. */
export interface TestPattern {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly durationS: number;
}

const SOURCE_FORMS = "FILE, rtsp://..., http(s)://..., /dev/videoN or test:WxH@FPS,duration=SECONDS";

/** @throws SluiceError `source-invalid` */
export function parseSource(text: string): SourceSpec {
  if (text === "test:" || text.startsWith("test:")) return parseTest(text);
  if (/^\/dev\/video\d+$/.test(text)) return { kind: "device", path: text, label: text, replayable: false };
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    if (text !== "" && !text.includes("\0")) {
      return { kind: "file", path: resolve(text), label: text, replayable: true };
    }
    throw invalid(text, "it must not be empty");
  }
  if (scheme === "rtsp" || scheme === "rtsps") return parseUrl(text, "rtsp");
  if (scheme === "http" || scheme === "https") return parseUrl(text, "http");
  throw invalid(`${scheme}://...`, `it must be one of ${SOURCE_FORMS}`);
}

function parseUrl(text: string, kind: "rtsp" | "http"): SourceSpec {
  if (!URL.canParse(text)) throw invalid(`${kind}://...`, "its address must be a valid URL");
  const { protocol, host, pathname, username, search } = new URL(text);
  const label = `${protocol}//${username === "" ? "" : "***@"}${host}${pathname}${search === "" ? "" : "?..."}`;
  return { kind, url: text, label, replayable: false };
}

/** `test:`, `test:640x360@25`, `test:320x180,duration=5`. */
function parseTest(text: string): SourceSpec {
  const match = /^test:(?:(\d{1,5})x(\d{1,5}))?(?:@(\d{1,3}))?(?:,?duration=(\d{1,6}(?:\.\d{1,3})?))?$/.exec(
    text,
  );
  if (match === null) throw invalid(text, "it must be like test:640x360@25,duration=10");
  const [, width = "640", height = "360", fps = "25", duration = "10"] = match;
  const pattern = {
    width: Number(width),
    height: Number(height),
    fps: Number(fps),
    durationS: Number(duration),
  };
  const inRange =
    [pattern.width, pattern.height].every((side) => side >= 16 && side <= 7680 && side % 2 === 0) &&
    pattern.fps >= 1 &&
    pattern.fps <= 240 &&
    pattern.durationS > 0;
  if (!inRange)
    throw invalid(text, "its sides must be even and 16 to 7680, its rate 1 to 240, its duration above 0");
  return { kind: "test", pattern, label: text, replayable: true };
}

function invalid(text: string, wanted: string): SluiceError {
  return new SluiceError(`Cannot read source "${text}" as ${wanted}`, { code: "source-invalid" });
}
