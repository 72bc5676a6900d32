/** `sluice drain`: lets a node finish its tasks and leave. */

import type { Operator } from "../../src/operator/operator.js";
import { suggestName } from "../../src/task/nearest-name.js";
import { parseNodeName } from "../../src/task/identity.js";
import { RuntimeError } from "../../src/runtime/errors.js";
import { err, out } from "../terminal.js";

export async function drain(operator: Operator, node: string): Promise<number> {
  const name = parseNodeName(node);
  const { members, hub } = operator.cluster;
  if (name === hub) {
    throw new RuntimeError(
      `Cannot drain "${node}" as it is the hub: stop it instead, and its nodes rejoin the next one`,
      {
        code: "node-unreachable",
      },
    );
  }
  if (!members.has(name)) {
    throw new RuntimeError(
      `Cannot drain "${node}" as no node of the cluster has that name${suggestName(node, members.keys())}`,
      {
        code: "node-unreachable",
      },
    );
  }
  const left = new Promise<void>((resolve) => {
    operator.cluster.subscribe((event) => {
      if ((event.type === "memberLeft" || event.type === "memberDown") && event.member.name === name)
        resolve();
    });
  });
  err.line(`Draining ${node}: it accepts no new tasks and finishes those it has`);
  await operator.agent(name).drain();
  await left;
  out.line(`${node} is drained and has left`);
  return 0;
}
