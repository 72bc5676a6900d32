/** What a value says, whatever the order in which an object has its keys: the wire, and each form that checks it, may bring another one. */

/** Whether two values that crossed the wire say the same, whatever they hold: JSON alone throws at a bigint. */
export function sameData(a: unknown, b: unknown): boolean {
  return a === b || textOf(a) === textOf(b);
}

/** The same text for all values that say the same. */
export function textOf(value: unknown): string {
  return JSON.stringify(value, plain) ?? "";
}

/** In place of an object one whose keys are in order. */
function plain(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
