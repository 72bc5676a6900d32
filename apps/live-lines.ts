/** The door to log-update: lines that are rewritten in place on a terminal. */

import { createLogUpdate } from "log-update";
import { terminalLines } from "../src/runtime/safe-text.js";

export interface LiveLines {
  show(text: string): void;
  clear(): void;
}

export function createLiveLines(stream: NodeJS.WriteStream): LiveLines {
  const update = createLogUpdate(stream);
  return { show: (text) => update(terminalLines(text)), clear: () => update.clear() };
}
