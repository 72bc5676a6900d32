/** The store and the journals of a simulated host: those of production, on a disk of the simulation. */

import type { Clock } from "../runtime/clock.js";
import { silentLogger } from "../runtime/log.js";
import type { Journals } from "../storage/journal/journal.js";
import { openJournalsIn } from "../storage/journal/level-journals.js";
import { openStoreIn } from "../storage/results/level-store.js";
import type { Store } from "../storage/results/store.js";
import type { Repair } from "../task/reports.js";
import { simulatedFolder, type SimulatedFiles } from "./simulated-database.js";
import type { SimulatedProcess } from "./simulated-process.js";

/** Until a disk is tried again that let nothing be opened, in ms: whoever looks after the process starts it again. */
const RETRY_MS = 500;

/** @param onDamage what is acknowledged is on disk, so that there is never any */
export function openSimulatedStore(
  files: SimulatedFiles,
  process: SimulatedProcess,
  onDamage: (repair: Repair) => void,
): Promise<Store> {
  const { clock } = process;
  return atLast(clock, () => openStoreIn(simulatedFolder(files, process), { clock, onDamage }));
}

export function openSimulatedJournals(
  files: SimulatedFiles,
  process: SimulatedProcess,
  onDamage: (repair: Repair) => void,
): Promise<Journals> {
  const { clock } = process;
  const options = { clock, log: silentLogger, onDamage };
  return atLast(clock, () => openJournalsIn(simulatedFolder(files, process), options));
}

async function atLast<Opened>(clock: Clock, open: () => Promise<Opened>): Promise<Opened> {
  for (;;) {
    try {
      return await open();
    } catch {
      await new Promise<void>((resolve) => void clock.after(RETRY_MS, resolve));
    }
  }
}
