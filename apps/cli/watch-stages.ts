/** Which stages cannot run on which nodes, for people: said once each, as it happens or after a run that suffered from it. */

import { onEachNode } from "../../src/operator/nodes-of.js";
import type { Operator } from "../../src/operator/operator.js";
import { describeNode } from "./describe.js";

export interface StageWatch {
  /** What cannot run where now and was not said yet, a line each. */
  unsaid(): Promise<readonly string[]>;
}

/** Watches every node of the cluster; `say` is given a line each time a stage fails that was not known to. */
export function watchStages(operator: Operator, say: (line: string) => void): StageWatch {
  const said = new Set<string>();
  onEachNode(operator, (node) => {
    operator.agent(node).watchEvents((event) => {
      if (event.type !== "stageFailed" || said.has(event.error.message)) return;
      said.add(event.error.message);
      say(`warning: ${describeNode(event) ?? event.error.message}`);
    });
  });
  return {
    async unsaid() {
      const { nodes } = await operator.nodes();
      const reasons = nodes.flatMap(({ description, failures }) =>
        failures.map(({ stage, reason }) => ({
          reason,
          text: `stage "${stage.stage}" cannot run on ${description.name}: ${reason}`,
        })),
      );
      return reasons.filter(({ reason }) => !said.has(reason)).map(({ text }) => text);
    },
  };
}
