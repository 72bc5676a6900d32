/** Which of the nodes that may capture a source does: pure. */

import { assertNever } from "../../../runtime/errors.js";
import type { Hosting } from "../../../task/hosting.js";
import type { NodeName } from "../../../task/identity.js";

/** A node that is there, and how busy it is. */
export interface Candidate {
  readonly name: NodeName;
  /** Sources that it captures, or is about to. */
  readonly sources: number;
  /** Share of its processors that was busy of late, 0 to 1. */
  readonly cpuShare: number;
}

export interface Choice {
  readonly node: NodeName;
  /** For people. */
  readonly why: string;
}

/**
 * @param present in the order in which they are taken where `any` may
 * @param random uniform in [0, 1)
 * @returns null where no candidate is there
 */
export function chooseHost(
  { candidates, choice }: Hosting,
  present: readonly Candidate[],
  random: number,
): Choice | null {
  const wanted = inOrder(candidates, present);
  const [first] = wanted;
  if (first === undefined) return null;
  switch (choice) {
    case "fixed":
      return { node: first.name, why: `the first of ${named(wanted)}` };
    case "random": {
      const drawn = wanted[Math.floor(random * wanted.length)] ?? first;
      return { node: drawn.name, why: `drawn from ${named(wanted)}` };
    }
    case "leastLoaded": {
      const least = wanted.reduce((a, b) => (isBusier(a, b) ? b : a));
      const { name, sources, cpuShare } = least;
      const busy = `${sources} sources, ${(cpuShare * 100).toFixed(0)} % of its processors busy`;
      return { node: name, why: `the least loaded of ${named(wanted)}: ${busy}` };
    }
    default:
      return assertNever(choice);
  }
}

function inOrder(candidates: Hosting["candidates"], present: readonly Candidate[]): readonly Candidate[] {
  if (candidates === "any") return present;
  return candidates.flatMap((name) => present.find((candidate) => candidate.name === name) ?? []);
}

function isBusier(a: Candidate, b: Candidate): boolean {
  return a.sources === b.sources ? a.cpuShare > b.cpuShare : a.sources > b.sources;
}

const NAMED_MAX = 8;

function named(candidates: readonly Candidate[]): string {
  const names = candidates.slice(0, NAMED_MAX).map(({ name }) => name);
  const more = candidates.length - names.length;
  return `${names.join(", ")}${more === 0 ? "" : ` and ${more} more`}`;
}
