/** The files of models that users bring: where they are, and whether they can be read. */

import { access, constants, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { SluiceError } from "../task/errors.js";

/**
 * Path of a model that the user brings.
 *
 * @param file a plain file name: a pipeline names models, and never a place outside the model folder
 * @throws SluiceError `model-missing` where no model folder was named, `model-invalid` where `file` is more than a name
 */
export function modelPath(modelDir: string | null, file: string): string {
  if (file !== basename(file) || file.includes("\\") || file === "" || file === "." || file === "..") {
    throw new SluiceError(
      `Cannot load model "${file}" as it must be the name of a file in the model folder, with no path`,
      { code: "model-invalid" },
    );
  }
  if (modelDir === null) {
    throw new SluiceError(
      `Cannot load model "${file}" as no folder of models is named: name the one it is in with --model-dir`,
      { code: "model-missing" },
    );
  }
  return join(modelDir, file);
}

/** @throws SluiceError `model-missing` where `path` is no file that can be read */
export async function requireModelFile(path: string): Promise<void> {
  const problem = await stat(path)
    .then(async (stats) => {
      if (!stats.isFile()) return "it must be a file";
      await access(path, constants.R_OK);
      return null;
    })
    .catch((error: NodeJS.ErrnoException) =>
      error.code === "ENOENT"
        ? "there is no such file"
        : `it cannot be read (${error.code ?? error.message})`,
    );
  if (problem === null) return;
  throw new SluiceError(
    `Cannot load model "${basename(path)}" as ${problem}: looked for "${path}"; name the folder it is in with --model-dir`,
    { code: "model-missing", details: { path } },
  );
}
