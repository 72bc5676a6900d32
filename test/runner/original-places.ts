/**
 * Places in compiled files as places in their sources. Node can do so itself, and then reads the map of every file that any
 * process or thread loads; here the maps of those that failed are read.
 */

import { existsSync, readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { dirname, resolve } from "node:path";

const PLACE = /(?:file:\/\/)?(\/[^\s:()"']+\.js):(\d+):(\d+)/g;

/** @param text such as a stack */
export function withOriginalPlaces(text: string): string {
  const maps = new Map<string, SourceMap | null>();
  return text.replaceAll(PLACE, (place, path: string, line: string, column: string) => {
    if (!maps.has(path)) maps.set(path, readMap(`${path}.map`));
    const entry = maps.get(path)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (entry === undefined || !("originalSource" in entry)) return place;
    const source = resolve(dirname(path), entry.originalSource);
    return `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  });
}

function readMap(path: string): SourceMap | null {
  if (!existsSync(path)) return null;
  // Our own compiler wrote it.
  return new SourceMap(JSON.parse(readFileSync(path, "utf8")) as SourceMapPayload);
}
