/** Whether a cluster has no room for being measured, by what its nodes last said of themselves. */

import type { NodeName } from "../../task/identity.js";
import type { NodesReported } from "../protocol/scheduler.js";

export interface Load {
  /** `queued`: tasks wait. `busy`: the processors of a node are at work. */
  readonly kind: "queued" | "busy";
  /** For people. */
  readonly detail: string;
}

/** Tasks that may wait on one node: whoever adds to more of them delays those of others. */
const QUEUED_MAX = 64;

/** @param parts nodes that have a part in what is measured. @returns null where there is room */
export function loadOf(
  { nodes }: NodesReported,
  parts: ReadonlySet<NodeName>,
  cpuShareMax: number,
): Load | null {
  let busy: Load | null = null;
  for (const { description, sample } of nodes) {
    const { name } = description;
    if (sample === null || !parts.has(name)) continue;
    const queued = Object.values(sample.queued).reduce((sum, count) => sum + count, 0);
    if (queued > QUEUED_MAX) return { kind: "queued", detail: `On "${name}" ${queued} tasks wait or run` };
    if (cpuShareMax < 1 && sample.cpuShare > cpuShareMax) {
      const share = Math.round(sample.cpuShare * 100);
      busy = { kind: "busy", detail: `The processors of "${name}" are at work ${share} % of the time` };
    }
  }
  return busy;
}
