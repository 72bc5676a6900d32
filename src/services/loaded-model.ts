/** Which version of a model a service has loaded: its file and the description beside it, by their content. */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { SluiceError } from "../task/errors.js";
import { describeModelFile, descriptionPath, fileState } from "./model-files.js";

/** A model that was loaded. */
export interface LoadedModel {
  /** Of its file, 64 hexadecimal digits. */
  readonly sha256: string;
  /** As `versionOf` names it. */
  readonly version: string;
}

/**
 * Loads what reads a model's file, and tells what that was: the content that was loaded, as it must not change meanwhile.
 *
 * @param model null where nothing is read
 * @param load has the word on a file that is not there
 * @returns `model`: null where there is no such file, and yet it was loaded
 * @throws SluiceError `model-invalid` where the file was changed meanwhile (then trying again helps), and what `load` throws
 */
export async function loadHashed<Loaded>(
  { model, modelDir }: { readonly model?: string | undefined; readonly modelDir: string | null },
  load: () => Promise<Loaded>,
): Promise<{ readonly loaded: Loaded; readonly model: LoadedModel | null }> {
  const named = model !== undefined && modelDir !== null && model === basename(model);
  const path = named ? join(modelDir, model) : null;
  if (path === null) return { loaded: await load(), model: null };
  const before = await modelState(path);
  const found = await readModelVersion(path);
  const loaded = await load();
  if ((await modelState(path)) === before) return { loaded, model: found };
  throw new SluiceError(`Cannot use model "${basename(path)}" as its file was changed while it was loaded`, {
    code: "model-invalid",
    retry: "backoff",
  });
}

/** Changes with whatever is written to a model or its description. */
export async function modelState(path: string): Promise<string> {
  return `${await fileState(path)} ${await fileState(descriptionPath(path))}`;
}

/** Null where there is no such file. */
export async function readModelVersion(path: string): Promise<LoadedModel | null> {
  const file = await describeModelFile(path).catch(() => null);
  if (file === null) return null;
  const description = await readFile(descriptionPath(path), "utf8").catch(() => null);
  return { sha256: file.sha256, version: versionOf(file.sha256, description) };
}

/** Tells models apart that are used in another way: by SHA-256 of the file, and 8 digits of that of the description where there is one. */
export function versionOf(sha256: string, description: string | null): string {
  if (description === null) return sha256;
  return `${sha256}.${createHash("sha256").update(description).digest("hex").slice(0, 8)}`;
}
