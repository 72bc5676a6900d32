/** What operators may have a node open, as its command line says it. */

import type { SourceKind, SourcePolicy } from "../../src/actors/generator/source-policy.js";

export interface SourceFlags {
  readonly sourceRoot?: readonly string[];
  readonly sourceHost?: readonly string[];
  readonly sourceKind?: readonly SourceKind[];
}

export function sourcePolicyGiven({
  sourceRoot,
  sourceHost,
  sourceKind,
}: SourceFlags): Partial<SourcePolicy> {
  return {
    ...(sourceRoot !== undefined && { folders: sourceRoot }),
    ...(sourceHost !== undefined && { hosts: sourceHost }),
    ...(sourceKind !== undefined && { kinds: sourceKind }),
  };
}
