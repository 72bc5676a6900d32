/** Loads a store: opens its folder, checks its format, repairs its damage, and reads its state and totals into memory. */

import { SluiceError } from "../../task/errors.js";
import { openDatabase, storeError, type Database } from "../level-database.js";
import { allOf, DAMAGED_KEY, FORMAT_KEY, STATE_KEY } from "./level-keys.js";
import { repairStore, type RepairReport } from "./repair-store.js";
import {
  damaged,
  decodeFormat,
  decodeRecord,
  decodeState,
  decodeTotals,
  readable,
  seal,
  type StoreState,
} from "./record-codec.js";
import type { SourceTotals } from "../../task/reports.js";

/** Version of the layout in `level-keys.ts`. */
const FORMAT = 1;
const EMPTY: StoreState = { firstPosition: 0, nextPosition: 0, recordCount: 0 };

/** The damage of a store that was opened, and the result of its repair. */
export interface DamageReport extends RepairReport {
  readonly path: string;
  /** For people: what was found. */
  readonly damage: readonly string[];
}

export interface LevelStoreOptions {
  /** Fail with `store-missing` where there is no store yet. Default false. */
  readonly mustExist?: boolean;
  /** Called when damage was found and repaired, at opening or after a failed write. */
  readonly onDamage?: (report: DamageReport) => void;
}

/** An open store. Only its one writer changes `state` and `totals`, which are what the database holds. */
export interface LoadedStore {
  readonly database: Database;
  state: StoreState;
  /** By source. */
  readonly totals: Map<string, SourceTotals>;
}

/** @throws SluiceError as `openLevelStore` does */
export async function loadStore(path: string, options: LevelStoreOptions): Promise<LoadedStore> {
  try {
    return await loadOnce(path, options, false);
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code !== "store-corrupt") throw error;
    return await loadOnce(path, options, true);
  }
}

async function loadOnce(path: string, options: LevelStoreOptions, repair: boolean): Promise<LoadedStore> {
  const { mustExist = false, onDamage } = options;
  const { database, damage: found } = await openDatabase(path, { mustExist, repair });
  try {
    const damage = [...found];
    if (repair) damage.push("records could not be read");
    await checkFormat(path, database, damage.length > 0);
    if ((await database.get(DAMAGED_KEY)) !== undefined && !repair) damage.push("records could not be read");
    if (damage.length > 0) {
      const report = await repairStore(database);
      onDamage?.({ path, damage, ...report });
    }
    return { database, state: await readState(database), totals: await readTotals(database) };
  } catch (error) {
    await database.close();
    throw storeError(`open store "${path}"`, error);
  }
}

/** Recognizes a store by its format key, and writes that key where there is nothing else yet. */
async function checkFormat(path: string, database: Database, isDamaged: boolean): Promise<void> {
  const text: string | undefined = await database.get(FORMAT_KEY);
  const format = text === undefined ? null : readable(decodeFormat, text, FORMAT_KEY);
  if (format === FORMAT) return;
  if (format !== null) {
    throw new SluiceError(
      `Cannot open store "${path}" as it has format ${format} and this version reads ${FORMAT}: use a newer version of Sluice`,
      { code: "store-format", details: { format, wanted: FORMAT } },
    );
  }
  const operations = [{ type: "put", key: FORMAT_KEY, value: seal(FORMAT) }] as const;
  const [anyKey] = await database.keys({ limit: 1 }).all();
  if (anyKey === undefined) {
    // New, or its maker was killed before it could write even this.
    await database.batch([...operations, { type: "put", key: STATE_KEY, value: seal(EMPTY) }], {
      sync: true,
    });
  } else if (isDamaged && (await holdsOurRecord(database))) {
    await database.batch([...operations], { sync: true });
  } else if (text !== undefined) {
    throw damaged(FORMAT_KEY);
  } else {
    throw new SluiceError(
      `Cannot open store "${path}" as another program keeps its data there: name an empty or new folder`,
      { code: "store-format" },
    );
  }
}

async function holdsOurRecord(database: Database): Promise<boolean> {
  for await (const [key, text] of database.iterator(allOf("r"))) {
    if (readable(decodeRecord, text, key) !== null) return true;
  }
  return false;
}

async function readState(database: Database): Promise<StoreState> {
  const text: string | undefined = await database.get(STATE_KEY);
  if (text === undefined) throw damaged(STATE_KEY);
  return decodeState(text, STATE_KEY);
}

async function readTotals(database: Database): Promise<Map<string, SourceTotals>> {
  const totals = new Map<string, SourceTotals>();
  for await (const [key, text] of database.iterator(allOf("n"))) {
    totals.set(key.slice(2), decodeTotals(text, key));
  }
  return totals;
}
