/** The door to cli-table3: tables with the right widths, as wide as the terminal at most. */

import Table from "cli-table3";
import { terminalLines } from "../src/runtime/safe-text.js";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** Where the table is too wide, columns are left out from the greatest rank down. Without one a column stays. */
  readonly rank?: number;
}

type Cell = string | number;

/** Where neither a terminal nor `COLUMNS` says how many. */
const WIDTH_DEFAULT = 80;
/** Below this a column is not narrowed. */
const COLUMN_WIDTH_MIN = 10;
/** Between the text of a cell and its borders, and the border itself. */
const PADDING = 2;
const BORDER = 1;

/** Columns of the terminal that `stream` writes to. */
export function terminalWidth(stream: { readonly columns?: number } = process.stdout): number {
  const given = stream.columns ?? Number(process.env["COLUMNS"]);
  return Number.isSafeInteger(given) && given > 0 ? given : WIDTH_DEFAULT;
}

/** A table with a head where the columns have titles. Its text is made safe before its width is measured. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const all = columns.map((column, index) => columnOf(column, rows, index));
  return render(all, null);
}

/**
 * The same within `width` columns: first columns with a rank are left out, and named below the table; then the widest ones
 * are narrowed, and their texts wrapped.
 */
export function renderFitting(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: number,
): string {
  let kept = columns.map((column, index) => columnOf(column, rows, index));
  while (widthOf(kept) > width) {
    const worst = kept.reduce<Filled | null>(
      (found, column) => ((column.rank ?? 0) > (found?.rank ?? 0) ? column : found),
      null,
    );
    if (worst === null) break;
    kept = kept.filter((column) => column !== worst);
  }
  const table = render(kept, width);
  const shown = new Set(kept.map(({ title }) => title));
  const leftOut = columns.map(({ title }) => title).filter((title) => !shown.has(title));
  return leftOut.length === 0
    ? table
    : `${table}\n${shortened(`A wider terminal shows: ${leftOut.join(", ")}`, width)}`;
}

interface Filled extends Column {
  readonly cells: readonly Cell[];
  readonly width: number;
}

function columnOf(column: Column, rows: readonly (readonly Cell[])[], index: number): Filled {
  const cells = rows.map((row) => {
    const value = row[index] ?? "";
    return typeof value === "string" ? terminalLines(value) : value;
  });
  const lines = [column.title, ...cells.flatMap((cell) => String(cell).split("\n"))];
  return { ...column, cells, width: Math.max(...lines.map(({ length }) => length)) + PADDING };
}

function widthOf(columns: readonly Filled[]): number {
  return columns.reduce((sum, { width }) => sum + width + BORDER, BORDER);
}

function render(columns: readonly Filled[], width: number | null): string {
  const widths = width === null ? null : narrowed(columns, width);
  const table = new Table({
    ...(columns.some(({ title }) => title !== "") && { head: columns.map(({ title }) => title) }),
    ...(widths !== null && { colWidths: widths, wordWrap: true }),
    colAligns: columns.map(({ align }) => align ?? "left"),
    style: { head: [], border: [], compact: true },
  });
  const rowCount = columns[0]?.cells.length ?? 0;
  for (let row = 0; row < rowCount; row++) table.push(columns.map(({ cells }) => cells[row] ?? ""));
  return table.toString();
}

/** Takes what is too much from the widest columns. */
function narrowed(columns: readonly Filled[], width: number): number[] {
  const widths = columns.map((column) => column.width);
  for (let over = widthOf(columns) - width; over > 0; over--) {
    const widest = widths.indexOf(Math.max(...widths));
    if ((widths[widest] ?? 0) <= COLUMN_WIDTH_MIN) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

/** `text` where it is no longer than that, or else its beginning with an ellipsis. */
export function shortened(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : `${text.slice(0, Math.max(0, lengthMax - 3))}...`;
}
