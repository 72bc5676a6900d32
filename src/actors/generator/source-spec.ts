/** Where video comes from, parsed from what the user typed. */

import { resolve } from "node:path";
import { SluiceError } from "../../task/errors.js";

interface Common {
  /** What logs and errors call the source: without credentials or query. */
  readonly label: string;
  /** It can be read again from any position, so it waits instead of dropping. */
  readonly replayable: boolean;
}

/** What a source is, as `parseSource` reads it. */
export type SourceSpec =
  /** One that `loops` is played over and over at its own speed, as a camera would show it. */
  | (Common & { readonly kind: "file"; readonly path: string; readonly loops: boolean })
  | (Common & NetworkAddress)
  | (Common & { readonly kind: "device"; readonly path: string })
  | (Common & { readonly kind: "test"; readonly pattern: TestPattern });

/** Where a stream is fetched. What it takes to get in is apart, so that no command line, log or error holds it. */
export interface NetworkAddress {
  readonly kind: "rtsp" | "http";
  /** Without credentials and without a fragment. */
  readonly url: string;
  readonly credentials: Credentials | null;
  /** Hosts besides its own that it may redirect to. */
  readonly redirectHosts: readonly string[];
}

/** Whether it is a playlist of HLS, as its name says: what is not called so is never taken for one. */
export function isPlaylist({ kind, url }: Pick<NetworkAddress, "kind" | "url">): boolean {
  return kind === "http" && /\.m3u8$/i.test(new URL(url).pathname);
}

/** As they are, not percent-encoded. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** A scene drawn by ffmpeg itself: three coloured boxes that cross a textured ground. */
export interface TestPattern {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly durationS: number;
}

const SOURCE_FORMS =
  "FILE, loop:FILE, rtsp://..., http(s)://..., /dev/videoN or test:WxH@FPS,duration=SECONDS";

const LOOP = "loop:";

/** @throws SluiceError `source-invalid` */
export function parseSource(text: string): SourceSpec {
  if (text === "test:" || text.startsWith("test:")) return parseTest(text);
  if (text.startsWith(LOOP)) return parseFile(text, text.slice(LOOP.length));
  if (/^\/dev\/video\d+$/.test(text)) return { kind: "device", path: text, label: text, replayable: false };
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return parseFile(text, text);
  if (scheme === "rtsp" || scheme === "rtsps") return parseUrl(text, "rtsp");
  if (scheme === "http" || scheme === "https") return parseUrl(text, "http");
  throw invalid(`${scheme}://...`, `it must be one of ${SOURCE_FORMS}`);
}

function parseFile(text: string, name: string): SourceSpec {
  if (name === "" || /\p{Cc}/u.test(name))
    throw invalid(text, "it must be a name without control characters");
  const loops = name !== text;
  return { kind: "file", path: resolve(name), label: text, replayable: !loops, loops };
}

/**
 * RFC 3986, 3.2: what stands before the host ends at the first `/`, `?` or `#`. A password with one of them as it is would be
 * read as something else, and shown: so there is no `@` after the host, and no fragment at all.
 */
function parseUrl(text: string, kind: "rtsp" | "http"): SourceSpec {
  const refused = (wanted: string): SluiceError =>
    invalid(
      `${kind}://...`,
      `${wanted}: in a name or password write "@" as %40, "#" as %23, "/" as %2F, "?" as %3F, "%" as %25`,
    );
  if (/[\s\p{Cc}]/u.test(text) || !URL.canParse(text)) throw refused("its address must be a valid URL");
  const url = new URL(text);
  if (url.hostname === "") throw refused("its address must name a host");
  if (text.includes("#")) throw refused('its address must have no "#"');
  if (url.pathname.includes("@") || url.search.includes("@")) {
    throw refused('its address must have no "@" after the host');
  }
  const credentials = credentialsOf(url);
  if (credentials === "broken") throw refused("its name and password must be percent-encoded");
  const { protocol, host, pathname, search } = url;
  const label = `${protocol}//${credentials === null ? "" : "***@"}${host}${withoutSecrets(pathname)}${search === "" ? "" : "?..."}`;
  url.username = "";
  url.password = "";
  return { kind, url: url.href, credentials, redirectHosts: [], label, replayable: false };
}

function credentialsOf({ username, password }: URL): Credentials | "broken" | null {
  if (username === "" && password === "") return null;
  try {
    return { user: decodeURIComponent(username), password: decodeURIComponent(password) };
  } catch {
    // A "%" that begins no escape.
    return "broken";
  }
}

/** Some cameras take the password as a part of their path. */
function withoutSecrets(path: string): string {
  return path.replace(/((?:pass(?:word|wd)?|pwd|secret|token|key)=)[^&/]*/gi, "$1***");
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
