import * as fc from "fast-check";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { ControllerMessage } from "../../../src/actors/protocol/controller.js";
import type { SchedulerMessage } from "../../../src/actors/protocol/scheduler.js";
import type { NodeDescription } from "../../../src/task/requests.js";
import { createInlineDecisions } from "../../../src/actors/scheduler/inline-decisions.js";
import { createPolicies } from "../../../src/scheduling/policies.js";
import { bindPolicy } from "../../../src/scheduling/policy.js";
import { createSchedulerRetained } from "../../../src/actors/scheduler/retained.js";
import { seededRandom } from "../../../src/scheduling/view-queries.js";
import { createScheduler } from "../../../src/actors/scheduler/scheduler.js";
import { DEFAULT_CONFIGURATION } from "../../../src/task/configuration.js";
import { parseNodeName, parseSourceId, parseStageId } from "../../../src/task/identity.js";
import { stageOf } from "../../../src/task/pipeline.js";
import { pipelineOfRoute, validateTable, type RoutingTable } from "../../../src/task/routing-table.js";
import { fold } from "../../support/fold.js";
import { createProbe } from "../../support/probe.js";
import { CLOUD, hop, node, outcome, sample, source, twoStages } from "./cluster.js";
import { createMemoryTrust } from "../../../src/storage/trust/trust.js";

/** Places anywhere, also where nothing is, makes up configurations, and throws. */
const wild = bindPolicy({
  name: "wild",
  parse: () => null,
  start: () => 0,
  decide(state: number, view) {
    const random = seededRandom(view.seed);
    if (random() < 0.2) throw new Error("wild");
    const names = ["cloud", "edge-1", "edge-2", "edge-3", "nowhere"].map(parseNodeName);
    const draw = () => names.filter(() => random() < 0.4);
    const stages = ["detect", "track", "other"].filter(() => random() < 0.8).map(parseStageId);
    const width = random() < 0.1 ? -1 : DEFAULT_CONFIGURATION.width;
    return {
      state: state + 1,
      plan: {
        configuration: { ...DEFAULT_CONFIGURATION, width },
        placement: new Map(stages.map((id) => [id, draw()])),
      },
      why: { reason: "wild", inputs: {} },
    };
  },
});

type Step =
  | { readonly do: "tell"; readonly message: SchedulerMessage }
  | { readonly do: "join"; readonly node: NodeDescription }
  | { readonly do: "acknowledge"; readonly node: string; readonly back: number; readonly refuse: boolean }
  | { readonly do: "advance"; readonly ms: number }
  | { readonly do: "restart" };

const nodeName = fc.constantFrom("cloud", "edge-1", "edge-2", "edge-3");
const sourceId = fc.constantFrom("cam-1", "cam-2", "cam-3").map(parseSourceId);
const policy = fc.constantFrom(
  { name: "wild", parameters: {} },
  { name: "cloud-only", parameters: {} },
  { name: "edge-only", parameters: {} },
  { name: "dynamic", parameters: { unknownBandwidth: "edge", dwellMsMin: 0, improvementMin: 0 } },
  { name: "fixed", parameters: { placement: { detect: "edge-2", track: ["edge-1", "cloud"] } } },
  { name: "fixed", parameters: { placement: { nothing: "edge-2" }, configuration: { fps: 1 } } },
  { name: "none such", parameters: {} },
);

const tell = (arbitrary: fc.Arbitrary<SchedulerMessage>) =>
  arbitrary.map((message): Step => ({ do: "tell", message }));

const step: fc.Arbitrary<Step> = fc.oneof(
  fc
    .record({ name: nodeName, services: fc.subarray(["detect", "track"]) })
    .map(({ name, services }): Step => ({ do: "join", node: node(name, services) })),
  tell(nodeName.map((name) => ({ type: "removeNode" as const, node: parseNodeName(name) }))),
  tell(
    fc
      .record({
        id: sourceId,
        node: nodeName.map(parseNodeName),
        policy,
        version: fc.integer({ min: 1, max: 3 }),
      })
      .map(({ version, ...changes }) => ({
        type: "registerSource" as const,
        source: source({ ...changes, pipeline: twoStages(version) }),
      })),
  ),
  tell(sourceId.map((id) => ({ type: "removeSource" as const, sourceId: id }))),
  tell(
    fc
      .record({ sourceId, policy })
      .map(({ sourceId: id, policy: set }) => ({ type: "setPolicy" as const, sourceId: id, policy: set })),
  ),
  tell(
    fc.record({ name: nodeName, cpuShare: fc.double({ min: 0, max: 1, noNaN: true }) }).map((given) => ({
      type: "resourcesSampled" as const,
      sample: sample(given.name, { cpuShare: given.cpuShare }),
    })),
  ),
  tell(
    fc
      .record({ id: sourceId, at: nodeName, ms: fc.integer({ min: -5, max: 5_000 }) })
      .map(({ id, at, ms }) => ({
        type: "taskSettled" as const,
        outcome: outcome(0, {
          id: { sourceId: id, incarnation: 1, sequence: 0 },
          hops: [hop("detect", at, { enqueuedAtMs: ms, sentAtMs: 0 })],
        }),
      })),
  ),
  fc
    .record({
      node: nodeName,
      back: fc.integer({ min: -2, max: 2 }),
      refuse: fc.boolean(),
    })
    .map((given): Step => ({ do: "acknowledge", ...given })),
  fc.integer({ min: 1, max: 3_000 }).map((ms): Step => ({ do: "advance", ms })),
  fc.constant<Step>({ do: "restart" }),
);

test("scheduler publishes valid tables under growing epochs, whatever it receives in whatever order", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const retained = createSchedulerRetained();
      const scheduler = fold(
        createScheduler(
          {
            term: 1,
            epoch: 0,
            fallback: CLOUD,
            decisions: createInlineDecisions(createPolicies([wild])),
            intervalMs: 1_000,
            moveLimits: {},
            nodesMax: 10,
            sourcesMax: 10,
            sourcesPerNodeMax: 10,
            pipelinesPerNodeMax: 10,
            owners: createMemoryTrust().owners,
            listener: null,
          },
          retained,
        ),
      );
      let last: RoutingTable | null = null;
      for (const taken of steps) {
        switch (taken.do) {
          case "tell":
            scheduler.tell(taken.message);
            break;
          case "join":
            scheduler.tell({
              type: "registerNode",
              node: taken.node,
              controller: createProbe<ControllerMessage>(`sluice://${taken.node.name}/controller`),
            });
            break;
          case "acknowledge": {
            const epoch = (retained.table?.epoch ?? 0) - taken.back;
            const name = parseNodeName(taken.node);
            if (taken.refuse)
              scheduler.tell({ type: "tableRefused", node: name, epoch, heldEpoch: epoch + 1, heldTerm: 1 });
            else scheduler.tell({ type: "tableInstalled", node: name, epoch });
            break;
          }
          case "advance":
            scheduler.advance(taken.ms);
            break;
          case "restart":
            scheduler.restart();
        }
        const { table } = retained;
        if (table !== last) {
          assert.ok(table !== null && table.epoch > (last?.epoch ?? 0), "the epoch must grow");
          last = table;
        }
        if (table === null) continue;
        assert.equal(validateTable(table), []);
        checkPlaces(table, scheduler.state().nodes);
        assert.equal([...table.sources.keys()].sort(), [...retained.sources.keys()].sort());
        const walked = [...table.sources.values()].map(
          (route) => `${route.pipelineId}@${route.pipelineVersion}`,
        );
        assert.equal([...table.pipelines.keys()].sort(), [...new Set(walked)].sort());
        for (const acknowledged of Object.values(scheduler.state().acknowledgements.acknowledged())) {
          assert.ok(acknowledged <= table.epoch, "nobody acknowledges what was not published");
        }
      }
    }),
    { numRuns: 300 },
  );
});

/** Every stage stands on nodes that offer its service, or on the fallback. */
function checkPlaces(
  table: RoutingTable,
  nodes: ReadonlyMap<string, { readonly description: NodeDescription }>,
): void {
  for (const route of table.sources.values()) {
    const pipeline = pipelineOfRoute(table, route);
    if (pipeline === undefined) throw new Error("no pipeline");
    for (const [stage, places] of route.placement) {
      for (const place of places) {
        const offers = nodes.get(place)?.description.services.includes(stageOf(pipeline, stage).service);
        assert.ok(offers === true || place === CLOUD, `${stage} on ${place}`);
      }
    }
  }
}

test.run();
