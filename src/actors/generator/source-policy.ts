/**
 * What an operator elsewhere may have this node open.
 *
 * SP1 What is not allowed is refused, before anything of it is opened or looked at.
 * SP2 A refusal is the same whether or not a file exists where it was named.
 */

import { lstat, realpath } from "node:fs/promises";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { SluiceError } from "../../task/errors.js";
import { parseSource, type SourceSpec } from "./source-spec.js";

/** Kinds of sources, as a user names them. */
export const SOURCE_KINDS = ["rtsp", "http", "file", "device", "test"] as const;
/** What kind of source an operator may name. */
export type SourceKind = SourceSpec["kind"];

/** What operators may have a node open. */
export interface SourcePolicy {
  /** Default `rtsp`, `http`, `file` and `test`. */
  readonly kinds: readonly SourceKind[];
  /** Hosts of `rtsp` and `http`: `camera-1`, `10.0.0.7`, or `*.site.example` for all below it. Null, the default, for any. */
  readonly hosts: readonly string[] | null;
  /** Folders below which files may be; a relative path begins in the first. Default none: no file may be opened. */
  readonly folders: readonly string[];
}

/** Addresses and test scenes, and no file or device. */
export const DEFAULT_SOURCE_POLICY: SourcePolicy = {
  kinds: ["rtsp", "http", "file", "test"],
  hosts: null,
  folders: [],
};

/**
 * Parses what an operator asks for, as far as `policy` allows it; "any" is for a program that orders its own node.
 *
 * @throws SluiceError `source-invalid`, `source-refused`
 */
export async function admitSource(text: string, policy: SourcePolicy | "any"): Promise<SourceSpec> {
  const source = parseSource(text);
  if (policy === "any") return source;
  const { kind, label } = source;
  if (!policy.kinds.includes(kind)) {
    const kinds = policy.kinds.length === 0 ? "nothing" : policy.kinds.join(", ");
    throw refused(label, `this node opens no source of the kind "${kind}" for operators: it opens ${kinds}`);
  }
  if (source.kind === "file") {
    const name = source.loops ? text.slice("loop:".length) : text;
    return { ...source, path: await admitFile(name, policy.folders) };
  }
  if (source.kind !== "rtsp" && source.kind !== "http") return source;
  if (policy.hosts === null) return source;
  const { hostname } = new URL(source.url);
  if (!isAmong(hostname, policy.hosts)) {
    throw refused(
      label,
      "this node opens no address of this host for operators: it has a list (--source-host)",
    );
  }
  return { ...source, redirectHosts: policy.hosts };
}

/** Whether `hosts` name a host, or a domain above it as `*.DOMAIN`. */
export function isAmong(hostname: string, hosts: readonly string[]): boolean {
  const host = hostname.toLowerCase();
  return hosts.some((entry) => {
    const wanted = entry.toLowerCase();
    return wanted.startsWith("*.") ? host.endsWith(wanted.slice(1)) : host === wanted;
  });
}

/** @returns the path without links: what it leads to later is what was checked */
async function admitFile(text: string, folders: readonly string[]): Promise<string> {
  const [first] = folders;
  const path = first === undefined ? null : resolve(first, text);
  for (const folder of path === null ? [] : folders) {
    const found = await below(resolve(folder), path ?? "");
    if (found !== null) return found;
  }
  throw refused(text, "this node opens files for operators below its own folders alone (--source-root)");
}

/** Follows `path` from `folder` on, a step at a time. @returns null where it leads out of it, or cannot be followed */
async function below(folder: string, path: string): Promise<string | null> {
  const way = relative(folder, path);
  if (way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way)) return null;
  const root = await realpath(folder).catch(() => null);
  if (root === null) return null;
  let current = root;
  for (const step of way.split(sep)) {
    const next = join(current, step);
    const real = await realpath(next).catch((error: NodeJS.ErrnoException) => error.code ?? "");
    if (real === "ENOENT") {
      // A link to nothing leads out as much as one to something does.
      const isLink = await lstat(next).then(
        () => true,
        () => false,
      );
      return isLink ? null : join(root, way);
    }
    if (!isAbsolute(real) || (real !== root && !real.startsWith(root.endsWith(sep) ? root : root + sep)))
      return null;
    current = real;
  }
  return current;
}

function refused(label: string, reason: string): SluiceError {
  return new SluiceError(`Cannot open source "${label}" as ${reason}`, { code: "source-refused" });
}
