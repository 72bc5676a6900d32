import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { spawnMonitor } from "../../../src/actors/monitor/spawn.js";
import type { ControllerMessage } from "../../../src/actors/protocol/controller.js";
import type {
  SchedulerEvent,
  SchedulerMessage,
  TableReported,
} from "../../../src/actors/protocol/scheduler.js";
import { bindPolicy } from "../../../src/scheduling/policy.js";
import { edgeOnly } from "../../../src/scheduling/policies/edge-only.js";
import { cloudOnly } from "../../../src/scheduling/policies/cloud-only.js";
import { createInlineDecisions } from "../../../src/actors/scheduler/inline-decisions.js";
import { createPolicies } from "../../../src/scheduling/policies.js";
import { spawnScheduler } from "../../../src/actors/scheduler/spawn.js";
import type { Behaviour } from "../../../src/runtime/behaviour.js";
import { silentLogger } from "../../../src/runtime/log.js";
import { createActorSystem } from "../../../src/runtime/system.js";
import { within } from "../../support/within.js";
import { stageKeyOf } from "../../../src/task/variants.js";
import { CLOUD, EDGE_1, node, source, PIPELINE } from "./cluster.js";
import { createMemoryTrust } from "../../../src/storage/trust/trust.js";

/** Runs on the cloud until the source's node has reported its queues, then there. */
const COUNTS = {
  admitted: 1,
  received: 2,
  forwarded: 3,
  processed: 4,
  finished: 5,
  dropped: {},
  loaded: 0,
  unloaded: 0,
};
const onceSampled = bindPolicy({
  ...edgeOnly,
  name: "once-sampled",
  decide(state, view) {
    const sample = view.nodes.get(view.source.node)?.sample ?? null;
    const queued = sample?.queued["two/detect"] ?? null;
    const { plan } = (queued === null ? cloudOnly : edgeOnly).decide(state, view);
    const inputs = { queued, resident: sample?.residentBytes ?? null };
    return { state, plan, why: { reason: "by samples", inputs } };
  },
});

/** Installs every table and has three tasks waiting. */
const obedient: Behaviour<null, ControllerMessage> = {
  start: () => null,
  receive(state, message) {
    if (message.type === "installTable") {
      const { epoch } = message.table;
      message.replyTo.tell({ type: "tableInstalled", node: EDGE_1, epoch }, "control");
    } else if (message.type === "reportQueues") {
      const queued = { "two/detect": 3 };
      message.replyTo.tell({
        type: "queuesReported",
        node: EDGE_1,
        epoch: 0,
        sources: 1,
        queued,
        joining: 0,
        parked: 0,
        counts: COUNTS,
      });
    }
    return state;
  },
};

test("spawnScheduler and spawnMonitor: a sample of a real host decides a table that a node acknowledges", async () => {
  const system = createActorSystem({ name: "cloud", log: silentLogger });
  const events: SchedulerEvent[] = [];
  let onAcknowledged: () => void = () => {};
  const acknowledged = new Promise<void>((resolve) => (onAcknowledged = resolve));
  const listener = system.spawn<null, SchedulerEvent>(
    {
      start: () => null,
      receive(state, event) {
        events.push(event);
        if (event.type === "tableAcknowledged" && event.epoch === 2) onAcknowledged();
        return state;
      },
    },
    { name: "listener" },
  );
  const scheduler = spawnScheduler(system, {
    node: CLOUD,
    term: 1,
    fallback: CLOUD,
    intervalMs: 20,
    decisions: createInlineDecisions(createPolicies([onceSampled])),
    owners: createMemoryTrust().owners,
    listener,
  });
  const controller = system.spawn(obedient, { name: "controller" });
  scheduler.tell({ type: "registerNode", node: node("cloud"), controller });
  scheduler.tell({ type: "registerNode", node: node("edge-1"), controller });
  const stages = PIPELINE.stages.map((stage) => stageKeyOf(PIPELINE, stage));
  for (const name of [CLOUD, EDGE_1]) scheduler.tell({ type: "stagesLoaded", node: name, stages });
  scheduler.tell({
    type: "registerSource",
    source: source({ policy: { name: "once-sampled", parameters: {} } }),
  });
  spawnMonitor(system, { node: EDGE_1, scheduler, controller, intervalMs: 20 });
  await within(20_000, acknowledged, "the table that a sample decided");
  const report = await system.ask<SchedulerMessage, TableReported>(scheduler, (replyTo) => ({
    type: "reportTable",
    replyTo,
  }));
  await system.terminate();

  const published = events.filter((event) => event.type === "tablePublished");
  assert.equal(
    published.map(({ epoch }) => epoch),
    [1, 2],
  );
  assert.is(published[1]?.reason, "interval");
  assert.equal(Object.fromEntries(report.table?.sources.get(source().id)?.placement ?? []), {
    detect: ["edge-1"],
    track: ["edge-1"],
  });
  const inputs = report.explanations["cam-1"]?.inputs;
  assert.is(inputs?.["queued"], 3);
  assert.ok(Number(inputs?.["resident"]) > 10_000_000);
  assert.is(report.acknowledged["edge-1"], 2);
  assert.ok(report.overhead.decisionMs.p99 > 0);
});

test.run();
