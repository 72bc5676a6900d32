/** `sluice nodes forget`: frees the name of a node, whether the hub runs or not. */

import { createLogger } from "../../src/runtime/log.js";
import { systemClock } from "../../src/runtime/clock.js";
import type { Operator } from "../../src/operator/operator.js";
import { openStore } from "../../src/storage/results/open-store.js";
import { openTrust } from "../../src/storage/trust/trust.js";
import { parseNodeName, type NodeName } from "../../src/task/identity.js";
import { sayDamage } from "../damage.js";
import { err, out } from "../terminal.js";
import { fromHubOrStore, type OperatorFlags } from "./operator-connection.js";

/** @returns the exit code: 1 where nobody has it */
export async function forgetNode(flags: OperatorFlags, name: string): Promise<number> {
  const node = parseNodeName(name);
  return fromHubOrStore(
    flags,
    async (operator) => said(node, await freedBy(operator, node)),
    async () => said(node, await freedIn(flags.store, node)),
  );
}

async function freedBy(operator: Operator, node: NodeName): Promise<boolean> {
  try {
    await operator.agent(operator.cluster.hub).freeName(node);
    return true;
  } catch (error) {
    // What another node has thrown comes as an error of its own kind.
    if (error instanceof Error && "code" in error && error.code === "name-unknown") return false;
    throw error;
  }
}

async function freedIn(folder: string, node: NodeName): Promise<boolean> {
  const store = await openStore(folder, { mustExist: true, onDamage: sayDamage(folder) });
  try {
    const trust = await openTrust(store, { clock: systemClock, log: createLogger({ level: "warn" }) });
    const freed = await trust.names.free(node);
    await trust.close();
    return freed;
  } finally {
    await store.close();
  }
}

function said(node: NodeName, freed: boolean): number {
  if (freed) {
    out.line(`The name ${node} is free: it belongs to the next node that joins with it`);
    return 0;
  }
  err.line(`error: Cannot forget "${node}" as no node has that name here`);
  return 1;
}
