/** Loads a store: opens its folder, checks its format, repairs its damage, and reads its state and totals into memory. */

import { SluiceError } from "../../task/errors.js";
import { systemClock, type Clock } from "../../runtime/clock.js";
import { loadDatabase } from "../database-keeper.js";
import { ALL_KEYS, type Database, type DatabaseFolder } from "../database.js";
import { describeRepair } from "../repairs.js";
import { allOf, FORMAT_KEY, REPAIRS_KEY, STATE_KEY } from "./level-keys.js";
import { repairStore } from "./repair-store.js";
import {
  damaged,
  decodeFormat,
  decodeRecord,
  decodeRepairs,
  decodeState,
  decodeTotals,
  readable,
  seal,
  type StoreState,
} from "./record-codec.js";
import type { Repair, SourceTotals } from "../../task/reports.js";

/** Version of the layout in `level-keys.ts`. */
const FORMAT = 1;
const EMPTY: StoreState = { firstPosition: 0, nextPosition: 0, recordCount: 0, recordBytes: 0 };

/** How a store on disk is opened. */
export interface LevelStoreOptions {
  /** Fail with `store-missing` where there is no store yet. Default false. */
  readonly mustExist?: boolean;
  /** Called when damage was found and repaired, at opening or after a failed write. Default: a warning of the process. */
  readonly onDamage?: (repair: Repair) => void;
  /** By which a repair is dated. Default: the system's. */
  readonly clock?: Pick<Clock, "now">;
}

/** An open store. Only its one writer changes `state` and `totals`, which are what the database holds. */
export interface LoadedStore {
  readonly database: Database;
  state: StoreState;
  /** By source. */
  readonly totals: Map<string, SourceTotals>;
  /** Of damage to it, oldest first. */
  readonly repairs: readonly Repair[];
}

/** @throws SluiceError as `openLevelStore` does */
export async function loadStore(folder: DatabaseFolder, options: LevelStoreOptions): Promise<LoadedStore> {
  const { path } = folder;
  const name = `store "${path}"`;
  const { mustExist = false, clock = systemClock } = options;
  // Nobody may forget to say it.
  const { onDamage = (repair: Repair) => process.emitWarning(describeRepair(name, repair)) } = options;
  return await loadDatabase(folder, {
    name,
    mustExist,
    async read({ database, damage }) {
      await checkFormat(path, database, damage.length > 0);
      if (damage.length > 0) onDamage(await repairStore(database, { atMs: clock.now(), damage }));
      return {
        database,
        state: await readState(database),
        totals: await readTotals(database),
        repairs: await readRepairs(database),
      };
    },
  });
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
  const [anyKey] = await firstKeys(database);
  if (anyKey === undefined) {
    // New, or its maker was killed before it could write even this.
    await database.write([...operations, { type: "put", key: STATE_KEY, value: seal(EMPTY) }], {
      sync: true,
    });
  } else if (isDamaged && (await holdsOurRecord(database))) {
    await database.write([...operations], { sync: true });
  } else if (text !== undefined) {
    throw damaged(FORMAT_KEY);
  } else {
    throw new SluiceError(
      `Cannot open store "${path}" as another program keeps its data there: name an empty or new folder`,
      { code: "store-format" },
    );
  }
}

async function firstKeys(database: Database): Promise<readonly string[]> {
  const keys = database.keys(ALL_KEYS);
  try {
    return await keys.nextv(1);
  } finally {
    await keys.close();
  }
}

async function holdsOurRecord(database: Database): Promise<boolean> {
  for await (const [key, text] of database.entries(allOf("r"))) {
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
  for await (const [key, text] of database.entries(allOf("n"))) {
    totals.set(key.slice(2), decodeTotals(text, key));
  }
  return totals;
}

async function readRepairs(database: Database): Promise<readonly Repair[]> {
  const text: string | undefined = await database.get(REPAIRS_KEY);
  return text === undefined ? [] : decodeRepairs(text, REPAIRS_KEY);
}
