/** A node that joins as its environment says, offers a few behaviours, and tells its parent what happens to it. */

import type { ActorRef } from "../../../src/runtime/actor-ref.js";
import { CodedError } from "../../../src/runtime/errors.js";
import { silentLogger } from "../../../src/runtime/log.js";
import { startNode } from "../../../src/node/node.js";
import type { NodeOptions } from "../../../src/node/node-options.js";
import { parseConfiguration } from "../../../src/task/configuration.js";
import { parseSourceId } from "../../../src/task/identity.js";
import { PAIR, QUICK, SERVICES } from "../local-run.js";
import type { NodeProcessOptions } from "../node-process.js";
import { PACED } from "../paced.js";
import { scriptedSource } from "../scripted-source.js";

type Counting = { readonly amount: number; readonly replyTo: ActorRef<number> };

const { source, frameMs, ...options } = JSON.parse(process.env["SLUICE_TEST_NODE"] ?? "{}") as NodeOptions &
  Pick<NodeProcessOptions, "source" | "frameMs">;
const report = (fields: object): void => void process.send?.(fields);

try {
  const node = await startNode({
    ...options,
    // As fast as it is told on any machine, however many cores that has.
    ...(frameMs === undefined
      ? { services: SERVICES, limits: QUICK }
      : { services: PACED, limits: { ...options.limits, processor: { replicas: 1 } } }),
    log: silentLogger,
    onEvent(event) {
      if (event.type === "sourceEnded") report({ type: event.type, ledger: event.ledger });
    },
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
  if (source !== undefined) {
    const { source: spec, capture } = scriptedSource({ count: source.count });
    await node.addSource({
      id: parseSourceId(source.id),
      source: spec,
      capture,
      pipeline: PAIR,
      configuration: parseConfiguration({ width: 16, height: 16, framesPerTask: 1 }),
      policy: source.policy,
    });
    report({ type: "sourceAdded" });
  }
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
