/**
 * The folder next to a hub's store: its tokens, which commands make and revoke whether the hub runs or not, and how operators on
 * this machine reach it while it does.
 *
 * The store's own folder belongs to its database, so this one is `STORE.cluster`.
 */

import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { jsonOf, parseWith, z } from "../../src/runtime/parse.js";
import { TransportError } from "../../src/transport/errors.js";

export const DEFAULT_STORE = ".sluice/store";

const form = z.object({ url: z.string(), token: z.string(), authorities: z.string().nullable() });

export type HubAddress = z.output<typeof form>;

function hubFolder(store: string): string {
  return store === "memory:" ? join(tmpdir(), `sluice-${process.pid}.cluster`) : `${resolve(store)}.cluster`;
}

export function tokensFolder(store: string): string {
  return join(hubFolder(store), "tokens");
}

/** Folder of the models that nodes may fetch; null beside a store in memory. */
export function modelsFolder(store: string): string | null {
  return store === "memory:" ? null : `${resolve(store)}.models`;
}

export async function writeOperator(store: string, address: HubAddress): Promise<void> {
  const folder = hubFolder(store);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, "operator.json"), JSON.stringify(address), { mode: 0o600 });
}

export async function removeOperator(store: string): Promise<void> {
  await rm(join(hubFolder(store), "operator.json"), { force: true });
  if (store === "memory:") await rm(hubFolder(store), { recursive: true, force: true });
}

/** Null where no hub of this store runs on this machine, as far as the folder says. */
export async function readOperator(store: string): Promise<HubAddress | null> {
  let text: string;
  try {
    text = await readFile(join(hubFolder(store), "operator.json"), "utf8");
  } catch {
    // No such file, or another user's: there is no hub for this user.
    return null;
  }
  // Written in part it is no JSON: the hub is just starting, or crashed while it wrote.
  const parsed = parseWith(form, jsonOf(text));
  return parsed.ok ? parsed.value : null;
}

export interface HubChoice {
  readonly store: string;
  readonly hub?: string;
  readonly token?: string;
  readonly authorities: string | null;
}

/** The hub that a command is for. @throws TransportError `connect-failed` where there is none to be found */
export async function findHub(choice: HubChoice): Promise<HubAddress> {
  const { hub, token, authorities, store } = choice;
  if (hub !== undefined) return { url: hub, token: token ?? "", authorities };
  const found = await readOperator(store);
  if (found !== null) return { ...found, ...(token !== undefined && { token }) };
  throw new TransportError(
    `Cannot find a hub: none runs on this machine with the store "${store}"; start one with "sluice hub", name its ` +
      `store with --store, or name a hub elsewhere with --hub and --token-file (or SLUICE_HUB and SLUICE_TOKEN)`,
    { code: "connect-failed" },
  );
}
