/** Members that a simulated hub lists although their processes have ended. */

import { parseNodeName } from "../task/identity.js";
import type { SimulatedHost } from "./simulated-host.js";

/** Until a hub that is awake knows that a process is gone, in ms. */
const GONE_MS = 1_500;

/** @returns a sentence each; none of a hub that has not been awake for long */
export function goneMembers(
  { node, process }: SimulatedHost,
  hosts: readonly SimulatedHost[],
  nowMs: number,
): readonly string[] {
  if (nowMs - (process?.awakeSinceMs ?? Infinity) < GONE_MS) return [];
  return hosts
    .filter(
      ({ name, goneMs }) => goneMs >= GONE_MS && node?.cluster?.members.has(parseNodeName(name)) === true,
    )
    .map(({ name, goneMs }) => `the hub lists ${name}, whose process ended ${goneMs.toFixed(0)} ms ago`);
}
