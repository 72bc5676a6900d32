/**
 * Nodes that want the name of a source of another node, once nothing fails any more.
 *
 * They are refused, and the source goes on: its records are judged as those of any other.
 */

import { CodedError } from "../runtime/errors.js";
import type { Prng } from "./prng.js";
import type { ClusterShape } from "./shape.js";
import type { SimulatedHost } from "./simulated-host.js";
import type { SimulatedSource } from "./simulated-source.js";
import { sourceOptions } from "./source-options.js";
import type { StepListener } from "./step-listener.js";

interface RivalsOptions extends StepListener {
  readonly prng: Prng;
  readonly shape: ClusterShape;
  readonly hosts: readonly SimulatedHost[];
}

const POLICY = { name: "cloud-only", parameters: {} };

/** Has another host add each source that does not end by itself, under the name that is taken. */
export function wantNames(sources: readonly SimulatedSource[], options: RivalsOptions): void {
  const lasting = sources.filter(
    ({ camera, ended, drained }) => camera.frames === null && ended === null && !drained,
  );
  for (const source of lasting) void wantName(source, options);
}

async function wantName(
  source: SimulatedSource,
  { prng, shape, hosts, onViolation, tried }: RivalsOptions,
): Promise<void> {
  const { node, process, name } = prng.pick(hosts.filter((host) => host.name !== source.host));
  if (node === null || process === null) return;
  const captured = (): void => onViolation(`names: ${name} captures "${source.id}" of ${source.host}`);
  try {
    await node.addSource(sourceOptions(source, shape, { process, policy: POLICY, onGiven: captured }));
    onViolation(`names: ${name} was given "${source.id}", which ${source.host} has`);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    if (error.code === "source-invalid") tried("names a name that another node has");
    else onViolation(`names: ${name} was refused "${source.id}" by "${error.code}": ${error.message}`);
  }
}
