/** Which content the file of a model had that a service has loaded. */

import { basename, join } from "node:path";
import { SluiceError } from "../task/errors.js";
import { describeModelFile, fileState } from "./model-files.js";

/**
 * Loads what reads a model's file, and tells the file's SHA-256: that of the content that was loaded, as it must not change meanwhile.
 *
 * @param model null where nothing is read
 * @param load has the word on a file that is not there
 * @returns the hash, 64 hexadecimal digits; null where there is no such file, and yet it was loaded
 * @throws SluiceError `model-invalid` where the file was changed meanwhile (then trying again helps), and what `load` throws
 */
export async function loadHashed<Loaded>(
  { model, modelDir }: { readonly model?: string | undefined; readonly modelDir: string | null },
  load: () => Promise<Loaded>,
): Promise<{ readonly loaded: Loaded; readonly sha256: string | null }> {
  const named = model !== undefined && modelDir !== null && model === basename(model);
  const path = named ? join(modelDir, model) : null;
  const before = path === null ? null : await fileState(path);
  const described = path === null ? null : await describeModelFile(path).catch(() => null);
  const loaded = await load();
  if (path === null) return { loaded, sha256: null };
  if ((await fileState(path)) === before) return { loaded, sha256: described?.sha256 ?? null };
  throw new SluiceError(`Cannot use model "${basename(path)}" as its file was changed while it was loaded`, {
    code: "model-invalid",
    retry: "backoff",
  });
}
