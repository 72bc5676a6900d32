/** The files that a hub goes by, while it runs: all are read again at SIGHUP, and those with policies when they have changed. */

import { unwatchFile, watchFile } from "node:fs";
import { errorText } from "../../src/runtime/errors.js";
import { err, out } from "../terminal.js";

/** Between two looks at a file, in ms: it is the same for two of them before it is read, so that it is whole. */
const LOOK_MS = 500;

/** Reads something again, and says what came of it. */
export type Reread = () => Promise<void>;

export interface Followed {
  /** Reads the files with policies again. */
  readonly policies: () => Promise<void>;
  /** What is read again at SIGHUP besides. */
  readonly others: readonly Reread[];
}

/** @returns what ends it */
export function followFiles(policyFiles: readonly string[], { policies, others }: Followed): () => void {
  let reading: Promise<void> | null = null;
  const asked = { policies: false, others: false };
  const readPolicies = async (): Promise<void> => {
    try {
      await policies();
      out.line(`Policies of ${policyFiles.join(", ")} are read again`);
    } catch (error) {
      err.line(`error: ${errorText(error)}; those in force stay`);
    }
  };
  const readAll = async (): Promise<void> => {
    while (asked.policies || asked.others) {
      const now = { ...asked };
      asked.policies = asked.others = false;
      if (now.policies) await readPolicies();
      for (const reread of now.others ? others : []) await reread();
    }
    reading = null;
  };
  const ask = (what: Partial<typeof asked>): void => {
    Object.assign(asked, what);
    reading ??= readAll();
  };
  for (const file of policyFiles) {
    // By looking: editors put another file in its place, of which those who watch the old one hear nothing.
    watchFile(file, { interval: LOOK_MS, persistent: false }, (now, before) => {
      if (now.mtimeMs !== before.mtimeMs && now.size > 0) ask({ policies: true });
    });
  }
  const onHangup = (): void => ask({ policies: policyFiles.length > 0, others: true });
  if (policyFiles.length + others.length > 0) process.on("SIGHUP", onHangup);
  return () => {
    for (const file of policyFiles) unwatchFile(file);
    process.off("SIGHUP", onHangup);
  };
}
