/** `sluice model add`, `list` and `remove`: the models that a hub keeps for its nodes, in the folder beside its store. */

import { ModelLibrary } from "../../src/services/models/library.js";
import { SluiceError } from "../../src/task/errors.js";
import { suggestName } from "../../src/task/nearest-name.js";
import { shortVersion } from "../../src/task/model-in-use.js";
import type { ModelFile } from "../../src/task/offers.js";
import { out } from "../terminal.js";
import { modelsFolder } from "./hub-folder.js";
import { formatBytes } from "./units.js";

interface LibraryFlags {
  readonly store: string;
  readonly json: boolean;
}

/** @throws SluiceError `model-missing` or `model-invalid` with what is wrong */
export async function modelAdd(
  path: string,
  { store, json, description }: LibraryFlags & { readonly description?: string },
): Promise<number> {
  const { model, added, replaced } = await libraryOf(store).add(path, description);
  if (json) out.json({ ...model, added, replaced });
  else if (replaced !== null) {
    out.line(
      `${lineOf(model)}  in place of ${shortVersion(replaced)}: stages that run it change over, see "sluice nodes"`,
    );
  } else out.line(`${lineOf(model)}  ${added ? "added" : "was there already"}`);
  return 0;
}

export async function modelList({ store, json }: LibraryFlags): Promise<number> {
  const models = await libraryOf(store).list();
  if (json) out.json(models);
  else if (models.length === 0) out.line('No models: add one with "sluice model add FILE"');
  else out.lines(models.map(lineOf).join("\n"));
  return 0;
}

/** @throws SluiceError `model-missing` where there is none of that name */
export async function modelRemove(name: string, { store, json }: LibraryFlags): Promise<number> {
  const library = libraryOf(store);
  if (!(await library.remove(name))) {
    const names = (await library.list()).map(({ file }) => file);
    throw new SluiceError(
      `Cannot remove model "${name}" as the hub keeps none of that name${suggestName(name, names)}; see "sluice model list"`,
      { code: "model-missing" },
    );
  }
  if (json) out.json({ removed: name });
  else out.line(`${name} is removed: nodes fetch it no more, and stages that have it loaded go on with it`);
  return 0;
}

function libraryOf(store: string): ModelLibrary {
  const folder = modelsFolder(store);
  if (folder !== null) return new ModelLibrary(folder);
  throw new SluiceError("Cannot keep models beside a store in memory: name a folder with --store", {
    code: "configuration-invalid",
  });
}

function lineOf({ file, bytes, sha256 }: ModelFile): string {
  return `${file}  ${formatBytes(bytes)}  sha256 ${sha256}`;
}
