/**
 * Places in compiled files as places in their sources. Node can do so itself, and then reads the map of every file that any
 * process or thread loads; here the maps of those that failed are read, at the door by which a stack leaves.
 */

import { existsSync, readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { dirname, resolve } from "node:path";

const PLACE = /(?:file:\/\/)?(\/[^\s:()"']+\.js):(\d+):(\d+)/g;

/** Enough for all files of a process; a text may name any others. */
const MAPS_MAX = 200;
const maps = new Map<string, SourceMap | null>();

/** @param text such as a stack */
export function withOriginalPlaces(text: string): string {
  return text.replaceAll(PLACE, (place, path: string, line: string, column: string) => {
    if (!maps.has(path) && maps.size < MAPS_MAX) maps.set(path, readMap(`${path}.map`));
    const entry = maps.get(path)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (entry === undefined || !("originalSource" in entry)) return place;
    const source = resolve(dirname(path), entry.originalSource);
    return `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  });
}

function readMap(path: string): SourceMap | null {
  if (!existsSync(path)) return null;
  try {
    // A compiler wrote it, most likely our own.
    return new SourceMap(JSON.parse(readFileSync(path, "utf8")) as SourceMapPayload);
  } catch {
    // The place stays as it is.
    return null;
  }
}
