/** How every bench says what it measured: a table for people, and the same figures for `bench/run.ts` where that runs it. */

/** Figures by column; a column's name ends in its unit. Text is for what is no figure, such as a goal. */
export type Row = Readonly<Record<string, number | string>>;

export interface Section {
  readonly title: string;
  /** By what was measured; the first row is the baseline where there is one. */
  readonly rows: Readonly<Record<string, Row>>;
}

export function report(title: string, rows: Section["rows"]): void {
  console.log(`\n${title}`);
  console.table(rows);
  process.send?.({ title, rows } satisfies Section);
}

/** The smallest sample that at least this share of the samples does not exceed. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}

/** To three significant digits, or whole where it has more. */
export function rounded(value: number): number {
  return Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(3));
}
