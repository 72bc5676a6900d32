/** Whether two values that crossed the wire say the same, whatever they hold: JSON alone throws at a bigint. */
export function sameData(a: unknown, b: unknown): boolean {
  return a === b || textOf(a) === textOf(b);
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? `${each}n` : each)) ?? "";
}
