/** The door to cli-table3: tables with the right widths. */

import Table from "cli-table3";
import { terminalLines } from "../src/runtime/safe-text.js";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

/** A table with a head where the columns have titles. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const table = new Table({
    ...(columns.some(({ title }) => title !== "") && { head: columns.map(({ title }) => title) }),
    colAligns: columns.map(({ align }) => align ?? "left"),
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) table.push(row.map(cell));
  return table.toString();
}

/** `text` where it is no longer than that, or else its beginning with an ellipsis. */
export function shortened(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 3)}...`;
}

/** Made safe before its width is measured; a cell may have several lines. */
function cell(value: string | number): string | number {
  return typeof value === "string" ? terminalLines(value) : value;
}
