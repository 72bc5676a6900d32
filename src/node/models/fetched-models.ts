/**
 * The models that a node has fetched from its hub, each in a folder named by the SHA-256 of its file.
 *
 * FM1 A model has its name only once all of it is here and is what it was said to be: what a hub or a cut did wrong stays under
 *     another name, is gone on with where it ended, and is thrown away where its content is another.
 * FM2 One model is fetched at a time. All together take at most `bytesMax`, and are at most `KEPT_MAX`: before a new one, those go that
 *     were needed longest ago.
 * FM3 Where the hub cannot be asked, what was fetched under a name before is taken.
 */

import { mkdir, open, readdir, readFile, rename, rm, stat, truncate, utimes } from "node:fs/promises";
import { join } from "node:path";
import { isThere, syncFolder } from "../../services/models/library.js";
import { versionOf } from "../../services/loaded-model.js";
import { describeModelFile, descriptionPath } from "../../services/model-files.js";
import { SluiceError } from "../../task/errors.js";
import { MODEL_LIMITS } from "../../task/offers.js";
import { writeWhole } from "../../transport/security/write-whole.js";

export interface HubModel {
  readonly bytes: number;
  readonly sha256: string;
  readonly description: string | null;
}

/** How the hub is asked. */
export interface FetchPorts {
  /** @throws SluiceError `model-missing` where the hub says so; anything else where it does not answer */
  readonly find: (file: string) => Promise<HubModel>;
  /** @throws as `find` */
  readonly read: (file: string, sha256: string, offset: number) => Promise<Uint8Array>;
  /** ms since the Unix epoch. */
  readonly now: () => number;
}

/** Where a node keeps the models that it fetches from its hub, and how much of them. */
export interface FetchOptions {
  readonly folder: string;
  /** For all models together. */
  readonly bytesMax: number;
}

/** Far more than the stages of a node. */
const KEPT_MAX = 256;

interface Fetched {
  readonly path: string;
  readonly bytes: number;
  readonly usedAtMs: number;
}

export class FetchedModels {
  readonly #options: FetchOptions;
  readonly #ports: FetchPorts;
  /** Ends with the last one that was asked for. */
  #line: Promise<unknown> = Promise.resolve();
  readonly #underWay = new Map<string, Promise<string>>();

  constructor(options: FetchOptions, ports: FetchPorts) {
    this.#options = options;
    this.#ports = ports;
  }

  /**
   * @param file a plain name
   * @param version the one to have, where it is here
   * @returns the folder in which the model lies under its name, with its description
   * @throws SluiceError `model-missing` or `model-invalid`
   */
  locate(file: string, version?: string): Promise<string> {
    const wanted = `${file} ${version}`;
    const known = this.#underWay.get(wanted);
    if (known !== undefined) return known;
    const locating = this.#line.then(async () => (await this.#folderOf(file, version)) ?? this.#locate(file));
    this.#line = locating.catch(() => {});
    this.#underWay.set(wanted, locating);
    const forget = (): void => void this.#underWay.delete(wanted);
    locating.then(forget, forget);
    return locating;
  }

  /** The version that the hub keeps now. @throws whatever `find` does */
  async newest(file: string): Promise<string> {
    const { sha256, description } = await this.#ports.find(file);
    return versionOf(sha256, description);
  }

  /** Null where that version is not here. */
  async #folderOf(file: string, version: string | undefined): Promise<string | null> {
    const [sha256] = version?.split(".") ?? [];
    if (sha256 === undefined) return null;
    const path = join(this.#options.folder, sha256, file);
    if (!(await isThere(path))) return null;
    const description = await readFile(descriptionPath(path), "utf8").catch(() => null);
    return versionOf(sha256, description) === version ? join(this.#options.folder, sha256) : null;
  }

  async #locate(file: string): Promise<string> {
    let model: HubModel;
    try {
      model = await this.#ports.find(file);
    } catch (error) {
      if (error instanceof SluiceError) throw error;
      const folder = await this.#newestOf(file);
      if (folder !== null) return folder;
      throw failure(file, "its hub does not answer", "backoff", error);
    }
    const { sha256, bytes, description } = model;
    const folder = join(this.#options.folder, sha256);
    const path = join(folder, file);
    if (!(await isThere(path))) {
      const max = Math.min(MODEL_LIMITS.bytesMax, this.#options.bytesMax);
      if (bytes > max) throw failure(file, `it has ${bytes} bytes, and there is room for ${max}`, "never");
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await this.#makeRoom(bytes, folder, `${file}.part`);
      await this.#fetch(file, model, `${path}.part`);
      if (description !== null) await writeWhole(descriptionPath(path), description);
      await rename(`${path}.part`, path);
      await syncFolder(folder);
    } else if (description === null) {
      await rm(descriptionPath(path), { force: true });
    } else {
      await writeWhole(descriptionPath(path), description);
    }
    await utimes(folder, new Date(this.#ports.now()), new Date(this.#ports.now()));
    return folder;
  }

  /** Appends what is missing, and checks the whole. */
  async #fetch(file: string, { bytes, sha256 }: HubModel, part: string): Promise<void> {
    let offset = (await stat(part).catch(() => null))?.size ?? 0;
    if (offset > bytes) {
      await truncate(part, 0);
      offset = 0;
    }
    const handle = await open(part, "a", 0o600);
    try {
      while (offset < bytes) {
        const data = await this.#ports.read(file, sha256, offset).catch((error: unknown) => {
          if (error instanceof SluiceError) throw error;
          throw failure(file, `the hub was cut off after ${offset} of ${bytes} bytes`, "backoff", error);
        });
        if (data.length === 0 || data.length > Math.min(MODEL_LIMITS.partBytes, bytes - offset)) {
          throw failure(file, `a part of ${data.length} bytes is none that was asked for`, "backoff");
        }
        await handle.appendFile(data);
        offset += data.length;
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    if ((await describeModelFile(part))?.sha256 === sha256) return;
    await rm(part, { force: true });
    throw failure(file, "what came is not what the hub had said", "backoff");
  }

  /** What is open stays readable to who has it open. */
  async #makeRoom(bytes: number, folder: string, part: string): Promise<void> {
    // The same content under another name would be there twice.
    for (const name of await readdir(folder)) {
      if (name !== part) await rm(join(folder, name), { recursive: true, force: true });
    }
    const others = (await this.#all()).filter(({ path }) => path !== folder);
    let total = others.reduce((sum, other) => sum + other.bytes, bytes);
    let count = others.length + 1;
    for (const other of others.toSorted((a, b) => a.usedAtMs - b.usedAtMs)) {
      if (total <= this.#options.bytesMax && count <= KEPT_MAX) return;
      await rm(other.path, { recursive: true, force: true });
      total -= other.bytes;
      count -= 1;
    }
  }

  async #newestOf(file: string): Promise<string | null> {
    const newestFirst = (await this.#all()).toSorted((a, b) => b.usedAtMs - a.usedAtMs);
    for (const { path } of newestFirst) if (await isThere(join(path, file))) return path;
    return null;
  }

  async #all(): Promise<readonly Fetched[]> {
    const all: Fetched[] = [];
    for (const name of await readdir(this.#options.folder).catch(() => [])) {
      if (!/^[0-9a-f]{64}$/.test(name)) continue;
      const path = join(this.#options.folder, name);
      const stats = await stat(path).catch(() => null);
      if (stats === null || !stats.isDirectory()) continue;
      let bytes = 0;
      for (const file of await readdir(path))
        bytes += (await stat(join(path, file)).catch(() => null))?.size ?? 0;
      all.push({ path, bytes, usedAtMs: stats.mtimeMs });
    }
    return all;
  }
}

function failure(file: string, problem: string, retry: "never" | "backoff", cause?: unknown): SluiceError {
  return new SluiceError(`Cannot fetch model "${file}" from the hub as ${problem}`, {
    code: "model-missing",
    retry,
    ...(cause !== undefined && { cause }),
  });
}
