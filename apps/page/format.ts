/** Numbers and times as a person reads them. */

// Each of these costs far more to make than to use.
const TENTHS = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const CLOCK = new Intl.DateTimeFormat("en", { timeStyle: "medium", hourCycle: "h23" });

export function number(value: number): string {
  return (value < 10 ? TENTHS : WHOLE).format(value);
}

export function milliseconds(value: number | null): string {
  if (value === null) return "–";
  return value < 1_000 ? `${number(value)} ms` : `${number(value / 1_000)} s`;
}

export function rate(value: number | null, unit: string): string {
  return value === null ? "–" : `${number(value)} ${unit}`;
}

export function share(value: number): string {
  return `${Math.round(value * 100)} %`;
}

export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, value)) / 10));
  return `${number(value / 2 ** (10 * power))} ${units[power] ?? ""}`;
}

export function clockTime(atMs: number): string {
  return CLOCK.format(atMs);
}

export function age(ms: number): string {
  return ms < 60_000 ? `${Math.max(0, Math.round(ms / 1_000))} s` : `${Math.round(ms / 60_000)} min`;
}
