/** The file with policies of one's own, while the hub runs: it is read again at SIGHUP, and when it has changed. */

import { unwatchFile, watchFile } from "node:fs";
import { errorText } from "../../src/runtime/errors.js";
import { err, out } from "../terminal.js";

/** Between two looks at the file, in ms: it is the same for two of them before it is read, so that it is whole. */
const LOOK_MS = 500;

/** @returns what ends it */
export function followPolicyFile(file: string, reload: () => Promise<void>): () => void {
  let reading: Promise<void> | null = null;
  let isAsked = false;
  const read = async (): Promise<void> => {
    try {
      await reload();
      out.line(`Policies of ${file} are read again`);
    } catch (error) {
      err.line(`error: ${errorText(error)}; those in force stay`);
    }
  };
  const readAll = async (): Promise<void> => {
    while (isAsked) {
      isAsked = false;
      await read();
    }
    reading = null;
  };
  const ask = (): void => {
    isAsked = true;
    reading ??= readAll();
  };
  // By looking: editors put another file in its place, of which those who watch the old one hear nothing.
  watchFile(file, { interval: LOOK_MS, persistent: false }, (now, before) => {
    if (now.mtimeMs !== before.mtimeMs && now.size > 0) ask();
  });
  process.on("SIGHUP", ask);
  return () => {
    unwatchFile(file);
    process.off("SIGHUP", ask);
  };
}
