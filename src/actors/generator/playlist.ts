/**
 * Playlists of HLS (RFC 8216), as far as a source may be one: what they name is fetched by the relay, and so ffmpeg is given a
 * playlist whose every address is the relay's own.
 */

type PlaceKind = "playlist" | "segment";

/** What the relay fetches where ffmpeg asks for one of its addresses. */
export interface Place {
  readonly url: URL;
  readonly kind: PlaceKind;
}

/** Tags that name no address. All others are left out: other renditions, parts that are yet to come, private ones. */
const KEPT_TAGS = new Set([
  "#EXTM3U",
  "#EXTINF",
  "#EXT-X-BYTERANGE",
  "#EXT-X-DISCONTINUITY",
  "#EXT-X-DISCONTINUITY-SEQUENCE",
  "#EXT-X-ENDLIST",
  "#EXT-X-MEDIA-SEQUENCE",
  "#EXT-X-PLAYLIST-TYPE",
  "#EXT-X-PROGRAM-DATE-TIME",
  "#EXT-X-STREAM-INF",
  "#EXT-X-TARGETDURATION",
  "#EXT-X-VERSION",
]);

export interface PlaylistReading {
  /** Where an address in it may lead; null for nowhere. */
  readonly resolve: (location: string) => URL | null;
  /** The relay's own address for a place. */
  readonly place: (place: Place) => string;
}

/** The playlist for ffmpeg, or why there is none. */
export function rewritePlaylist(
  text: string,
  { resolve, place }: PlaylistReading,
): { readonly ok: true; readonly text: string } | { readonly ok: false; readonly problem: string } {
  const lines = text.split(/\r?\n/);
  if (lines[0] !== MARK) return refused("it is no playlist of HLS, as its name says");
  const rewritten: string[] = [];
  let kind: PlaceKind = "segment";
  for (const line of lines) {
    const tag = /^#[^:]*/.exec(line)?.[0];
    const location =
      tag === "#EXT-X-MAP" ? /URI="([^"]*)"/.exec(line)?.[1] : tag === undefined ? line.trim() : "";
    if (tag === "#EXT-X-KEY" && !/METHOD=NONE/.test(line))
      return refused("its segments are encrypted, and are not read");
    if (tag !== undefined && KEPT_TAGS.has(tag)) rewritten.push(line);
    if (tag === "#EXT-X-STREAM-INF") kind = "playlist";
    if (location === undefined || location === "") continue;
    const url = resolve(location);
    if (url === null) return refused("its playlist leads to another host, which is not allowed");
    const own = place({ url, kind: tag === undefined ? kind : "segment" });
    rewritten.push(tag === undefined ? own : line.replace(/URI="[^"]*"/, `URI="${own}"`));
    if (tag === undefined) kind = "segment";
  }
  return { ok: true, text: `${rewritten.join("\n")}\n` };
}

function refused(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem };
}

/** What every playlist begins with (RFC 8216, 4.3.1.1), and by which ffmpeg knows one. */
const MARK = "#EXTM3U";
export const MARK_BYTES = MARK.length;

export function beginsPlaylist(bytes: Buffer): boolean {
  return bytes.toString("latin1", 0, MARK_BYTES) === MARK;
}

/** Twelve hours of segments of a second; of a live playlist the oldest are gone by then. */
const PLACES_MAX = 50_000;

/** The addresses that a relay has given out below its own path. */
export class Places {
  readonly #path: string;
  readonly #byPath = new Map<string, Place>();
  readonly #paths = new Map<string, string>();
  #count = 0;

  constructor(path: string) {
    this.#path = path;
  }

  find(path: string): Place | null {
    return this.#byPath.get(path) ?? null;
  }

  /** The path of a place: the same one each time. It ends as the place's own does, which ffmpeg looks at. */
  give(place: Place): string {
    const key = `${place.kind} ${place.url.href}`;
    const known = this.#paths.get(key);
    if (known !== undefined) return known;
    this.#count += 1;
    const ending = /\.[a-z0-9]{1,5}$/i.exec(place.url.pathname)?.[0] ?? ".ts";
    const path = `${this.#path}/${this.#count}${place.kind === "playlist" ? ".m3u8" : ending}`;
    this.#paths.set(key, path);
    this.#byPath.set(path, place);
    for (const [oldest, first] of this.#paths) {
      if (this.#paths.size <= PLACES_MAX) break;
      this.#paths.delete(oldest);
      this.#byPath.delete(first);
    }
    return path;
  }
}
