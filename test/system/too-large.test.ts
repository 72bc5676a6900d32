/** Tasks that no link can carry: said and dropped at once, where they would be tried again for an hour. */

import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { LedgerReported } from "../../src/task/reports.js";
import { startNode } from "../../src/node/node.js";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import { parseConfiguration } from "../../src/task/configuration.js";
import { parseSourceId } from "../../src/task/identity.js";
import { silentLogger } from "../../src/runtime/log.js";
import { PAIR, QUICK, SERVICES } from "../support/local-run.js";
import { scriptedSource } from "../support/scripted-source.js";
import { within } from "../support/within.js";

test("a task that is larger than a message may be is dropped at once, with its reason", async () => {
  const store = new MemoryStore();
  // A frame of 64x64 has 12 kB.
  const common = { services: SERVICES, limits: QUICK, log: silentLogger, link: { messageBytes: 8_000 } };
  const cloud = await startNode({ ...common, name: "cloud", listen: "ws://127.0.0.1:0", store });
  let ended: (ledger: LedgerReported) => void = () => {};
  const ledger = new Promise<LedgerReported>((resolve) => (ended = resolve));
  const edge = await startNode({
    ...common,
    name: "edge-1",
    join: cloud.cluster?.url ?? "",
    onEvent: (event) => {
      if (event.type === "sourceEnded") ended(event.ledger);
    },
  });
  try {
    const { source, capture } = scriptedSource({ count: 5 });
    await edge.addSource({
      id: parseSourceId("cam-1"),
      source,
      capture,
      pipeline: PAIR,
      configuration: parseConfiguration({ width: 64, height: 64, framesPerTask: 1 }),
      policy: { name: "cloud-only", parameters: {} },
    });
    const { created, stored, dropped, redelivered } = await within(20_000, ledger, "the end of the source");
    assert.equal(
      { created, stored, dropped, redelivered },
      { created: 5, stored: 0, dropped: { tooLarge: 5 }, redelivered: 0 },
    );
    assert.is(edge.system.deadLetters.countByReason["too-large"], 5);
    const { records } = await store.read({ fromPosition: 0, limit: Infinity });
    const gaps = records.flatMap((record) => (record.type === "gap" ? [record] : []));
    assert.is(gaps.length, 5);
    for (const gap of gaps) assert.match(gap.detail, /larger than a message between nodes may be/);
  } finally {
    await edge.terminate();
    await cloud.terminate();
  }
});

test.run();
