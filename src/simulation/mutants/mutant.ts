/** A bug that the simulation is measured by: one exact text of a compiled file, and what stands there instead. */

export const MUTANT_AREAS = [
  "delivery",
  "controller",
  "distributor",
  "journal",
  "cluster",
  "link",
  "loading",
  "hosting",
] as const;

export type MutantArea = (typeof MUTANT_AREAS)[number];

export interface Mutant {
  /** `area/what`: unique. */
  readonly id: string;
  readonly area: MutantArea;
  /** Below the compiled `src`. */
  readonly file: string;
  /** Occurs once in the file. */
  readonly find: string;
  readonly replace: string;
}

/** What a list of mutants is written as: what is wrong, the text, and what stands there instead. */
type Change = readonly [what: string, find: string, replace: string];

/** The mutants of one file. */
export function mutantsOf(area: MutantArea, file: string, changes: readonly Change[]): readonly Mutant[] {
  return changes.map(([what, find, replace]) => ({ id: `${area}/${what}`, area, file, find, replace }));
}

/** @throws RangeError where the text is not there, or there more than once */
export function applyMutant(code: string, { id, file, find, replace }: Mutant): string {
  const parts = code.split(find);
  if (parts.length === 2) return parts.join(replace);
  throw new RangeError(`Cannot plant "${id}" as its text is ${parts.length - 1} times in ${file}`);
}
