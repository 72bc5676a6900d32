/** Figures for people, to three digits. */

/** @param ms 0 or more */
export function durationText(ms: number): string {
  if (ms === 0) return "0";
  if (ms < 1) return `${significant(ms * 1_000)} us`;
  return ms < 1_000 ? `${significant(ms)} ms` : `${significant(ms / 1_000)} s`;
}

export function countText(value: number): string {
  if (Math.abs(value) >= 1e6) return `${significant(value / 1e6)} M`;
  return Math.abs(value) >= 1e4 ? `${significant(value / 1e3)} k` : significant(value);
}

export function percent(share: number): string {
  return Number.isFinite(share) ? `${Math.round(share * 100)} %` : "-";
}

export function significant(value: number): string {
  return Math.abs(value) >= 100 ? Math.round(value).toString() : Number(value.toPrecision(3)).toString();
}
