/** What the nodes of a scene have refused and dropped, by kind: of what an attack does, this is what is to be seen. */

import { pause } from "../../support/pause.js";
import type { HonestReport } from "./honest-node.js";

/** By kind: those of the transport and the guard as they are; what was not handled, not stored, or dropped on its way. */
export type Counts = Readonly<Record<string, number>>;

/** What is counted whenever a member goes, and says nothing of attacks. */
const NOISE = /^(?:fenced|lost-with-link|relay-|control-refused|other$|direct-failed)/;
const LETTERS: readonly string[] = ["refused", "unhandled"];

export function countsOf(report: HonestReport): Counts {
  const counts: Record<string, number> = {};
  for (const [kind, count] of Object.entries(report.security)) {
    if (!kind.includes(":") && !NOISE.test(kind)) counts[kind] = count;
  }
  for (const reason of LETTERS) counts[`letter-${reason}`] = report.deadLetters[reason] ?? 0;
  for (const [reason, count] of Object.entries(report.dropped)) counts[`dropped-${reason}`] = count;
  return { ...counts, ...report.store };
}

/** What has been counted since, of all nodes together. */
export function growth(before: readonly (Counts | null)[], after: readonly (Counts | null)[]): Counts {
  const grown: Record<string, number> = {};
  for (const [at, counts] of after.entries()) {
    for (const [kind, count] of Object.entries(counts ?? {})) {
      const more = count - (before[at]?.[kind] ?? 0);
      if (more > 0) grown[kind] = (grown[kind] ?? 0) + more;
    }
  }
  return grown;
}

/** Between two looks, in ms. */
const LOOK_MS = 50;

/**
 * Resolves once `look` finds each of these kinds: at the latest after so many looks, or where nobody can be asked any more (null).
 * Whoever leaves takes along what nobody has read of it yet, so what is to be counted of it must be there before.
 */
export async function untilCounted(
  kinds: readonly string[],
  looksMax: number,
  look: () => Promise<Counts | null>,
): Promise<void> {
  if (kinds.length === 0) return;
  for (let looks = 1; ; looks += 1) {
    const counted = await look();
    if (counted === null || kinds.every((kind) => (counted[kind] ?? 0) > 0) || looks === looksMax) return;
    await pause(LOOK_MS);
  }
}

export function sumOf(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

export function added(all: readonly Counts[]): Counts {
  return growth([], all);
}
