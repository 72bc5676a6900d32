/** Which versions of models a folder has now, each read again only where its files have changed. */

import { basename, join } from "node:path";
import { modelState, readModelVersion } from "../loaded-model.js";
import { MODELS_MAX } from "../model-files.js";

export class ModelVersions {
  readonly #folder: string | null;
  readonly #known = new Map<string, { readonly state: string; readonly version: string | null }>();

  /** @param folder null has none */
  constructor(folder: string | null) {
    this.#folder = folder;
  }

  /** Null where there is no such file. */
  async of(file: string): Promise<string | null> {
    if (this.#folder === null || file !== basename(file)) return null;
    const path = join(this.#folder, file);
    const state = await modelState(path);
    const known = this.#known.get(file);
    if (known?.state === state) return known.version;
    const version = (await readModelVersion(path))?.version ?? null;
    if (this.#known.size >= MODELS_MAX) this.#known.clear();
    this.#known.set(file, { state, version });
    return version;
  }
}
