/** How simulated sources are added to their nodes: as a program would, that tries again where a disk or the hub is away. */

import type { SluiceNode } from "../node/node.js";
import { errorText } from "../runtime/errors.js";
import type { PolicySpec } from "../task/requests.js";
import type { History } from "./history.js";
import type { ClusterShape } from "./shape.js";
import type { SimulatedProcess } from "./simulated-process.js";
import type { SimulatedSource } from "./simulated-source.js";
import { sourceOptions } from "./source-options.js";
import type { VirtualTime } from "./virtual-time.js";

interface AddSourceOptions {
  readonly time: VirtualTime;
  readonly history: History;
  readonly shape: ClusterShape;
  /** For one attempt. */
  readonly policyOf: (source: SimulatedSource) => PolicySpec;
  /** Hears of each frame of a source, before its camera gives it. */
  readonly onGiven: (sourceId: string) => void;
}

/** Between two attempts, in ms. */
const RETRY_MS = 500;

/** Tries until it is added, for as long as the process lives. */
export async function addSource(
  source: SimulatedSource,
  at: { readonly node: SluiceNode; readonly process: SimulatedProcess },
  options: AddSourceOptions,
): Promise<void> {
  const { time, history, shape, policyOf, onGiven } = options;
  const { node, process } = at;
  const asked = { process, policy: policyOf(source), onGiven: () => onGiven(source.id) };
  try {
    await node.addSource(sourceOptions(source, shape, asked));
    source.confirmed = true;
  } catch (error) {
    history.add(`${source.id} cannot be added yet: ${errorText(error)}`);
    time.after(RETRY_MS, () => {
      if (!process.killed) void addSource(source, at, options);
    });
  }
}
