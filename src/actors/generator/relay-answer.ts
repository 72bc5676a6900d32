/** How what a server answers is passed on to ffmpeg: as it is, or as a playlist whose addresses are the relay's own. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline, Transform } from "node:stream";
import { beginsPlaylist, MARK_BYTES, rewritePlaylist, type PlaylistReading } from "./playlist.js";

/** What of the answer ffmpeg reads. */
const PASSED_ON = ["content-type", "content-length", "content-range", "accept-ranges"];
/** A day of segments of two seconds has 3 MB. */
const PLAYLIST_BYTES_MAX = 8 * 1024 * 1024;

/** @param kind a segment of a playlist is no playlist itself: ffmpeg would follow it past the relay */
export function passOn(response: IncomingMessage, answer: ServerResponse, kind: "stream" | "segment"): void {
  const headers = PASSED_ON.flatMap((name): [string, string][] => {
    const value = response.headers[name];
    return typeof value === "string" ? [[name, value]] : [];
  });
  answer.writeHead(response.statusCode ?? 502, Object.fromEntries(headers));
  // A stream that breaks off is broken off for ffmpeg, too, which says so.
  if (kind === "stream") pipeline(response, answer, () => {});
  else pipeline(response, withoutPlaylist(), answer, () => {});
}

function withoutPlaylist(): Transform {
  let first: Buffer | null = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _, done) {
      if (first === null) {
        done(null, chunk);
        return;
      }
      const begin = Buffer.concat([first, chunk]);
      if (beginsPlaylist(begin)) {
        done(new Error("A segment is a playlist"));
        return;
      }
      first = begin.length < MARK_BYTES ? begin : null;
      done(null, first === null ? begin : undefined);
    },
    flush(done) {
      done(null, first ?? undefined);
    },
  });
}

/** Passes a playlist on once it is whole. @param onProblem instead, where it cannot be */
export function passPlaylistOn(
  response: IncomingMessage,
  answer: ServerResponse,
  reading: PlaylistReading,
  onProblem: (problem: string) => void,
): void {
  const parts: Buffer[] = [];
  let bytes = 0;
  response.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > PLAYLIST_BYTES_MAX) response.destroy(new Error("The playlist is too long"));
    else parts.push(chunk);
  });
  response.once("error", () => onProblem("its playlist is too long, or breaks off"));
  response.once("end", () => {
    const rewritten = rewritePlaylist(Buffer.concat(parts).toString("utf8"), reading);
    if (rewritten.ok)
      answer.writeHead(200, { "content-type": "application/vnd.apple.mpegurl" }).end(rewritten.text);
    else onProblem(rewritten.problem);
  });
}
