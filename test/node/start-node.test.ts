import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { startNode } from "../../src/node/node.js";
import { silentLogger, type Logger } from "../../src/runtime/log.js";
import { TransportError } from "../../src/transport/errors.js";

test("startNode keeps results in memory where no store is given, and says so", async () => {
  const said: string[] = [];
  const log: Logger = {
    ...silentLogger,
    warn: (message) => void said.push(message),
    child: () => log,
  };
  for (const listen of [undefined, "ws://127.0.0.1:0"]) {
    const node = await startNode({ name: "alone", log, ...(listen !== undefined && { listen }) });
    await node.terminate();
  }
  const line = "No store was given: results are kept in memory, and end with this process";
  assert.equal(said, [line, line]);
});

test("startNode listens no more once its join has failed", async () => {
  const hub = await startNode({ name: "hub", listen: "ws://127.0.0.1:0", log: silentLogger });
  const listen = hub.cluster?.url ?? "";
  await hub.terminate();
  const failed: unknown = await startNode({
    name: "edge-1",
    listen,
    join: "ws://127.0.0.1:1",
    log: silentLogger,
  }).catch((error: unknown) => error);
  assert.ok(failed instanceof TransportError && failed.code === "connect-failed");
  const next = await startNode({ name: "hub", listen, log: silentLogger });
  assert.is(next.cluster?.url, listen);
  await next.terminate();
});

test.run();
