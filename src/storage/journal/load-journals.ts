/** Opens the journals of a node and reads what they hold; where the files were damaged, what is left of them. */

import type { Clock } from "../../runtime/clock.js";
import type { Logger } from "../../runtime/log.js";
import type { Repair } from "../../task/reports.js";
import type { SourceRequest } from "../../task/requests.js";
import { loadDatabase } from "../database-keeper.js";
import type { Database, DatabaseFolder, Operation } from "../database.js";
import { withRepair } from "../repairs.js";
import { seal, unseal } from "../sealed.js";
import { decodeEntry } from "./entry-codec.js";
import { ALL_ENTRIES, ALL_METAS, entriesOf, metaKey, OWNER_KEY, REPAIRS_KEY } from "./journal-keys.js";
import type { JournalContent, JournalEntry, JournalOwner, SourceMeta } from "./journal.js";

export interface LoadedJournals {
  readonly database: Database;
  /** Null where they are nobody's yet. */
  readonly owner: JournalOwner | null;
  /** Of damage to them, oldest first. */
  repairs: readonly Repair[];
}

export interface StoredSource {
  readonly meta: SourceMeta | null;
  readonly entries: readonly JournalEntry[];
  /** Keys of what has changed on disk. */
  readonly damaged: readonly string[];
}

export interface LoadOptions {
  readonly clock: Pick<Clock, "now">;
  readonly log: Logger;
  readonly onDamage?: (repair: Repair) => void;
}

/** @throws SluiceError `store-locked`, `store-unwritable`, `store-full`, `store-corrupt` */
export async function loadJournals(folder: DatabaseFolder, options: LoadOptions): Promise<LoadedJournals> {
  return await loadDatabase(folder, {
    name: `the journal "${folder.path}"`,
    mustExist: false,
    async read({ database, damage }) {
      const held: LoadedJournals = {
        database,
        owner: parseOwner(await database.get(OWNER_KEY)),
        repairs: parseRepairs(await database.get(REPAIRS_KEY)),
      };
      if (damage.length > 0) await mend(folder.path, held, damage, options);
      return held;
    },
  });
}

/** What there is of a source. @throws an error of level where its files are damaged */
export async function readSource({ database }: LoadedJournals, sourceId: string): Promise<StoredSource> {
  const damaged: string[] = [];
  const text: string | undefined = await database.get(metaKey(sourceId));
  const meta = text === undefined ? null : parseMeta(text);
  if (text !== undefined && meta === null) damaged.push(metaKey(sourceId));
  const entries: JournalEntry[] = [];
  for await (const [key, value] of database.byteEntries(entriesOf(sourceId))) {
    const entry = decodeEntry(value);
    if (entry === null) damaged.push(key);
    else entries.push(entry);
  }
  return { meta, entries, damaged };
}

/** What is kept of a source beside its tasks; null where there is nothing, or nothing that can be read. */
export async function readMeta({ database }: LoadedJournals, sourceId: string): Promise<SourceMeta | null> {
  const text: string | undefined = await database.get(metaKey(sourceId));
  return text === undefined ? null : parseMeta(text);
}

/** The sources that an operator asked for and that have not ended. */
export async function readRequests({ database }: LoadedJournals): Promise<readonly SourceRequest[]> {
  const requests: SourceRequest[] = [];
  for await (const [, text] of database.entries(ALL_METAS)) {
    const request = parseMeta(text)?.request ?? null;
    if (request !== null) requests.push(request);
  }
  return requests;
}

/** How much there is, and the keys of all of it. */
export async function readContent({ database }: LoadedJournals): Promise<{
  readonly content: JournalContent;
  readonly keys: readonly string[];
}> {
  const keys: string[] = [];
  for await (const key of database.keys(ALL_METAS)) keys.push(key);
  const metas = keys.length;
  for await (const key of database.keys(ALL_ENTRIES)) keys.push(key);
  return { content: { sources: metas, tasks: keys.length - metas }, keys };
}

/** Deletes what is damaged, and remembers that it was. */
export async function rememberRepair(
  held: LoadedJournals,
  repair: Repair,
  damaged: readonly string[],
): Promise<void> {
  const repairs = withRepair(held.repairs, repair);
  const operations = damaged.map((key): Operation => ({ type: "del", key }));
  const remembered: Operation = { type: "put", key: REPAIRS_KEY, value: seal(JSON.stringify(repairs)) };
  await held.database.write([...operations, remembered], { sync: true });
  held.repairs = repairs;
}

async function mend(
  folder: string,
  held: LoadedJournals,
  damage: readonly string[],
  { clock, log, onDamage }: LoadOptions,
): Promise<void> {
  const { kept, damaged } = await sift(held.database);
  // How many entries there were nobody knows.
  const repair: Repair = { atMs: clock.now(), damage, kept, lost: null };
  await rememberRepair(held, repair, damaged);
  log.error("The journal was damaged and repaired, and tasks may be lost", { folder, repair });
  onDamage?.(repair);
}

async function sift(
  database: Database,
): Promise<{ readonly kept: number; readonly damaged: readonly string[] }> {
  const damaged: string[] = [];
  let kept = 0;
  for await (const [key, text] of database.entries(ALL_METAS)) {
    if (parseMeta(text) === null) damaged.push(key);
  }
  for await (const [key, value] of database.byteEntries(ALL_ENTRIES)) {
    if (decodeEntry(value) === null) damaged.push(key);
    else kept += 1;
  }
  return { kept, damaged };
}

/** Null where its bytes have changed: this file alone writes it, and the checksum says so. */
function parseMeta(text: string): SourceMeta | null {
  const json = unseal(text);
  return json === null ? null : (JSON.parse(json) as SourceMeta);
}

function parseOwner(text: string | undefined): JournalOwner | null {
  const json = text === undefined ? null : unseal(text);
  return json === null ? null : (JSON.parse(json) as JournalOwner);
}

function parseRepairs(text: string | undefined): readonly Repair[] {
  const json = text === undefined ? null : unseal(text);
  return json === null ? [] : (JSON.parse(json) as readonly Repair[]);
}
