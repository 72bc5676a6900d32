/** A node that joins as its environment says, offers a few behaviours, and tells its parent what happens to it. */

import type { ActorRef } from "../../../src/runtime/actor-ref.js";
import { CodedError } from "../../../src/runtime/errors.js";
import { silentLogger } from "../../../src/runtime/log.js";
import { startNode, type NodeOptions } from "../../../src/actors/node.js";

type Counting = { readonly amount: number; readonly replyTo: ActorRef<number> };

const options = JSON.parse(process.env["SLUICE_TEST_NODE"] ?? "{}") as NodeOptions;
const report = (fields: object): void => void process.send?.(fields);

try {
  const node = await startNode({
    ...options,
    log: silentLogger,
    onCluster: (event) =>
      report(event.type === "refused" ? { type: "refused", message: event.error.message } : { ...event }),
  });
  node.registerBehaviour("counter", (args) => {
    if (typeof args !== "number") throw new TypeError("wanted a number");
    return {
      start: () => args,
      receive(total: number, { amount, replyTo }: Counting) {
        replyTo.tell(total + amount);
        return total + amount;
      },
    };
  });
  report({ type: "member", session: node.cluster?.self.session, url: node.cluster?.url });
  process.on("message", () => {
    void node.terminate().then(() => process.exit(0));
  });
  // Whoever started it is gone.
  process.on("disconnect", () => process.exit(0));
} catch (error) {
  report({
    type: "failed",
    code: error instanceof CodedError ? error.code : "",
    message: String(error),
  });
  process.disconnect();
}
