/**
 * The models that a hub keeps for the nodes of its cluster, in a folder beside its store. Whoever may write there puts them in; nobody
 * can over the network.
 *
 * ML1 There is no model in part: it gets its name once all of it is on disk, and takes the place of the one that had it before.
 */

import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, mkdtemp, open, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { SluiceError } from "../../task/errors.js";
import { TEXT_LIMITS } from "../../task/limits.js";
import { MODEL_LIMITS, type ModelFile } from "../../task/offers.js";
import { describeModelFile, descriptionPath, fileState, listModelFiles, MODELS_MAX } from "../model-files.js";
import { readModelVersion } from "../loaded-model.js";
import { requireModelFile } from "../model-file.js";
import { DESCRIPTION_BYTES_MAX } from "./description.js";

/** What a node needs to know before it fetches a model. */
export interface FoundModel extends ModelFile {
  /** The description beside it, as text; null where there is none. */
  readonly description: string | null;
}

export class ModelLibrary {
  readonly #folder: string;
  /** Of each file, for as long as it is what it was. */
  readonly #known = new Map<string, { readonly state: string; readonly model: ModelFile }>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** In order of name. */
  list(): Promise<readonly ModelFile[]> {
    return listModelFiles(this.#folder, (path) => this.#describe(path));
  }

  /** Changes with what is in it. */
  async state(): Promise<string> {
    const stats = await stat(this.#folder, { bigint: true }).catch(() => null);
    return stats === null ? "" : `${stats.ino} ${stats.mtimeNs}`;
  }

  /** Null where there is no model of that name. */
  async find(file: string): Promise<FoundModel | null> {
    const path = this.#pathOf(file);
    const model = path === null ? null : await this.#describe(path);
    if (path === null || model === null) return null;
    const description = await readFile(descriptionPath(path), "utf8").catch(() => null);
    return { ...model, description };
  }

  /** A part of a model's file, at most `MODEL_LIMITS.partBytes`; null where it is no longer what it was. */
  async read(file: string, sha256: string, offset: number): Promise<Uint8Array | null> {
    const path = this.#pathOf(file);
    const model = path === null ? null : await this.#describe(path);
    if (path === null || model?.sha256 !== sha256 || offset >= model.bytes) return null;
    const data = new Uint8Array(Math.min(MODEL_LIMITS.partBytes, model.bytes - offset));
    const handle = await open(path, "r");
    try {
      const { bytesRead } = await handle.read(data, 0, data.length, offset);
      return bytesRead === data.length ? data : null;
    } finally {
      await handle.close();
    }
  }

  /**
   * Copies a model here, with its description, after it was opened as a stage would, in place of one of its name.
   *
   * @param description path of its description; default: the one beside the model, where there is one
   * @returns `added`: false where it was here; `replaced`: the version that had its name, null where none or the same had it
   * @throws SluiceError `model-missing`, or `model-invalid` where it cannot be loaded, or there is no room
   */
  async add(
    path: string,
    description: string | undefined,
  ): Promise<{ readonly model: ModelFile; readonly added: boolean; readonly replaced: string | null }> {
    await requireModelFile(path);
    const file = basename(path);
    const refusal = (problem: string) =>
      new SluiceError(`Cannot add model "${file}" as ${problem}`, { code: "model-invalid" });
    if (this.#pathOf(file) === null) {
      throw refusal(`its name must end in .onnx and have at most ${TEXT_LIMITS.modelFile} characters`);
    }
    const { size } = await stat(path);
    if (size > MODEL_LIMITS.bytesMax) throw refusal(`it has more than ${MODEL_LIMITS.bytesMax} bytes`);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const kept = await this.list();
    const own = kept.find((model) => model.file === file);
    if (own === undefined && kept.length >= MODELS_MAX) {
      throw refusal(`there are ${MODELS_MAX} already: remove one with "sluice model remove"`);
    }
    const others = kept.reduce((sum, model) => (model === own ? sum : sum + model.bytes), 0);
    if (others + size > MODEL_LIMITS.totalBytesMax) {
      throw refusal(
        `all together would have more than ${MODEL_LIMITS.totalBytesMax} bytes: remove one with "sluice model remove"`,
      );
    }
    // What is checked is what is kept, whatever becomes of the file meanwhile.
    const draft = await mkdtemp(join(this.#folder, ".draft-"));
    try {
      const copy = join(draft, file);
      await copyWhole(path, copy);
      await copyDescription(description, descriptionPath(path), descriptionPath(copy));
      const isDescribed = await isThere(descriptionPath(copy));
      try {
        await openOnce(copy, isDescribed);
      } catch (error) {
        if (!(error instanceof SluiceError)) throw error;
        throw refusal(`it cannot be used by itself, without further files: ${error.message}`);
      }
      const model = await describeModelFile(copy);
      if (model === null) throw new TypeError(`"${copy}" was a file, and is none`);
      const target = join(this.#folder, file);
      const before = (await readModelVersion(target))?.version ?? null;
      const now = (await readModelVersion(copy))?.version;
      if (isDescribed) await rename(descriptionPath(copy), descriptionPath(target));
      else await rm(descriptionPath(target), { force: true });
      await rename(copy, target);
      await syncFolder(this.#folder);
      return { model, added: before !== now, replaced: before === now ? null : before };
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }

  /** @returns false where there was none */
  async remove(file: string): Promise<boolean> {
    const path = this.#pathOf(file);
    if (path === null || !(await isThere(path))) return false;
    await rm(path);
    await rm(descriptionPath(path), { force: true });
    await syncFolder(this.#folder);
    return true;
  }

  /** Null of what can be no model here. */
  #pathOf(file: string): string | null {
    const isName = file === basename(file) && file.endsWith(".onnx") && !file.startsWith(".");
    return isName && file.length <= TEXT_LIMITS.modelFile ? join(this.#folder, file) : null;
  }

  async #describe(path: string): Promise<ModelFile | null> {
    const state = await fileState(path);
    if (state === null) return null;
    const known = this.#known.get(path);
    if (known?.state === state) return known.model;
    const model = await describeModelFile(path).catch(() => null);
    if (this.#known.size >= MODELS_MAX) this.#known.clear();
    if (model !== null) this.#known.set(path, { state, model });
    return model;
  }
}

/** As a stage would. What it takes is loaded for this alone: a node that only keeps models or fetches them has no use for it. */
async function openOnce(path: string, isDescribed: boolean): Promise<void> {
  if (isDescribed) await (await import("./described-model.js")).checkDescribedModel(path);
  else await (await import("../onnx-session.js")).inspectModel(path);
}

async function copyDescription(named: string | undefined, beside: string, to: string): Promise<void> {
  if (named === undefined && !(await isThere(beside))) return;
  const from = named ?? beside;
  const stats = await stat(from).catch(() => null);
  const problem =
    stats === null || !stats.isFile()
      ? "there is no such file"
      : stats.size > DESCRIPTION_BYTES_MAX && `it has more than ${DESCRIPTION_BYTES_MAX} bytes`;
  if (problem !== false) {
    throw new SluiceError(`Cannot use description "${from}" as ${problem}`, { code: "model-missing" });
  }
  await copyWhole(from, to);
}

/** On disk once this has ended. */
async function copyWhole(from: string, to: string): Promise<void> {
  await pipeline(createReadStream(from), createWriteStream(to, { mode: 0o600, flush: true }));
}

/** Names are on disk, too. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() === true;
}
