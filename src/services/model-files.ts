/** What a folder of models holds, so that a node offers what it can load and nothing else. */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { ModelFile } from "../task/offers.js";

type Describe = (path: string) => Promise<ModelFile | null>;

/** Of one folder. Further ones are not offered. */
export const MODELS_MAX = 256;

/**
 * The files of a folder, in order of name, each with its SHA-256: a GB takes about 1 s. What cannot be read is left out, and so is
 * all of a folder that is not there: a stage that needs it says so.
 *
 * @param folder null has none
 * @param describe default: reads each file
 */
export async function listModelFiles(
  folder: string | null,
  describe: Describe = describeModelFile,
): Promise<readonly ModelFile[]> {
  if (folder === null) return [];
  const names = await readdir(folder).catch(() => []);
  const models: ModelFile[] = [];
  for (const file of names.filter((name) => name.endsWith(".onnx")).sort()) {
    if (models.length === MODELS_MAX) break;
    const model = await describe(join(folder, file)).catch(() => null);
    if (model !== null) models.push(model);
  }
  return models;
}

/** Null of what is no file. */
export async function describeModelFile(path: string): Promise<ModelFile | null> {
  const stats = await stat(path);
  if (!stats.isFile()) return null;
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return { file: basename(path), bytes: stats.size, sha256: hash.digest("hex") };
}

/** Changes with whatever is written to a file; null where there is none. */
export async function fileState(path: string): Promise<string | null> {
  const stats = await stat(path, { bigint: true }).catch(() => null);
  return stats && [stats.dev, stats.ino, stats.size, stats.mtimeNs].join(" ");
}

/** `NAME.yaml` of `NAME.onnx`. */
export function descriptionPath(model: string): string {
  return `${model.replace(/\.onnx$/, "")}.yaml`;
}
