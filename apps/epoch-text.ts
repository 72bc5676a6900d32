/** Epochs of routing tables for people, who count the tables of a scheduler from 1. */

import { splitEpoch } from "../src/task/epoch.js";

/** `3 of term 2`: the third table of the second scheduler over a store. */
export function tableText(epoch: number): string {
  const { term, table } = splitEpoch(epoch);
  return term === 0 ? "none" : `${table} of term ${term}`;
}

/** `2, 3, 4 of term 1; 1 of term 2`, at most four of them. */
export function tablesText(epochs: readonly number[]): string {
  // Epoch 0 is the time before the first table.
  const used = epochs.filter((epoch) => epoch > 0);
  const shown = used.length <= 4 ? used : [...used.slice(0, 2), null, ...used.slice(-1)];
  const parts: string[] = [];
  let tables: string[] = [];
  let current: number | null = null;
  const close = (): void => {
    if (current !== null) parts.push(`${tables.join(", ")} of term ${current}`);
    tables = [];
  };
  for (const epoch of shown) {
    if (epoch === null) {
      tables.push("...");
      continue;
    }
    const { term, table } = splitEpoch(epoch);
    if (current !== null && term !== current) close();
    current = term;
    tables.push(String(table));
  }
  close();
  return parts.join("; ") || "none";
}
