/** The door to log-update: lines that are rewritten in place on a terminal. */

import { createLogUpdate } from "log-update";

export interface LiveLines {
  show(text: string): void;
  clear(): void;
}

export function createLiveLines(stream: NodeJS.WriteStream): LiveLines {
  const update = createLogUpdate(stream);
  return { show: (text) => update(text), clear: () => update.clear() };
}
