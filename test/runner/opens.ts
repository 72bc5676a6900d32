/**
 * Which files can open something: those whose imports can start processes, threads or native calls, or open sockets or
 * databases. The others hold nothing but memory and files. Most of a short file's time is the start of Node and the loading of
 * what it tests, so those of either kind share processes.
 */

import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

const PARTS_OF_NODE = "child_process cluster dgram dns http http2 https net tls worker_threads".split(" ");
const LIBRARIES = "fluent-ffmpeg level onnxruntime-node sharp systeminformation ws".split(" ");
const OPENERS = new Set([...PARTS_OF_NODE.map((name) => `node:${name}`), ...LIBRARIES]);
const IMPORT = /^(?:import|export)\s[^;"']*?from "([^"]+)";|^import "([^"]+)";|\bimport\("([^"]+)"\)/gm;

/** @returns whether a compiled file can open something */
export function createOpens(): (path: string) => boolean {
  const imports = new Map<string, readonly string[]>();
  const importsOf = (path: string): readonly string[] => {
    const known = imports.get(path);
    if (known !== undefined) return known;
    const text = existsSync(path) ? readFileSync(path, "utf8") : "";
    const found = [...text.matchAll(IMPORT)].map(([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? "");
    const resolved = found.map((name) => (name.startsWith(".") ? resolve(dirname(path), name) : name));
    imports.set(path, resolved);
    return resolved;
  };
  return (path) => {
    const seen = new Set([path]);
    const open = [path];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for (const target of importsOf(next)) {
        if (OPENERS.has(target)) return true;
        if (!target.startsWith("/") || seen.has(target)) continue;
        seen.add(target);
        open.push(target);
      }
    }
    return false;
  };
}
