import * as fc from "fast-check";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { DEFAULT_CONFIGURATION } from "../../src/task/configuration.js";
import { parseNodeName, parseSourceId, parseStageId, type NodeName } from "../../src/task/identity.js";
import {
  routeStage,
  supersedes,
  validateTable,
  type Route,
  type RouteQuestion,
  type RoutingTable,
} from "../../src/task/routing-table.js";
import { syntheticOf } from "../../src/task/synthetic.js";
import { newTask, pipelineOf } from "./pipelines.js";

const pipeline = pipelineOf({ a: [], b: ["a"] });
const [task] = newTask(pipeline);
if (task === undefined) throw new Error("The pipeline has no root");
const stage = parseStageId("a");
const sourceId = parseSourceId("cam-1");
const [edge1, edge2, edge3, cloud] = ["edge-1", "edge-2", "edge-3", "cloud"].map(parseNodeName) as [
  NodeName,
  NodeName,
  NodeName,
  NodeName,
];

function tableOf(placed: readonly NodeName[], fallback = cloud): RoutingTable {
  const placement = new Map([
    [stage, placed],
    [parseStageId("b"), [cloud]],
  ]);
  return {
    term: 1,
    epoch: 1,
    publishedAtMs: 0,
    pipelines: new Map([[`${pipeline.id}@${pipeline.version}`, pipeline]]),
    sources: new Map([
      [
        sourceId,
        {
          pipelineId: pipeline.id,
          pipelineVersion: pipeline.version,
          configuration: DEFAULT_CONFIGURATION,
          placement,
        },
      ],
    ]),
    deployments: [],
    fallback,
  };
}

function route(given: Partial<RouteQuestion>): Route {
  return routeStage({
    table: tableOf([edge1]),
    cursor: stage,
    task: task as RouteQuestion["task"],
    pipeline,
    node: edge1,
    runsHere: true,
    cloud,
    ...given,
  });
}

const allBut = (...down: readonly NodeName[]) => ({ reachable: (node: NodeName) => !down.includes(node) });

const decisions: readonly (readonly [string, Partial<RouteQuestion>, Route])[] = [
  ["runs a stage here when this node is placed first", { table: tableOf([edge1, edge2]) }, { to: "local" }],
  ["sends a stage to the first placed node", { table: tableOf([edge2, edge1]) }, { to: "node", node: edge2 }],
  [
    "passes over an unreachable node to the next placed one",
    { table: tableOf([edge2, edge3]), ...allBut(edge2) },
    { to: "node", node: edge3 },
  ],
  [
    "comes back to this node where those before it are unreachable",
    { table: tableOf([edge2, edge1]), ...allBut(edge2) },
    { to: "local" },
  ],
  [
    "takes the fallback when no placed node is reachable",
    { table: tableOf([edge2, edge3]), ...allBut(edge2, edge3), runsHere: false },
    { to: "node", node: cloud },
  ],
  [
    "passes over this node where it is placed without the service",
    { table: tableOf([edge1, edge2]), runsHere: false },
    { to: "node", node: edge2 },
  ],
  [
    "runs a stage here as the last resort when every other place is unreachable",
    { table: tableOf([edge2]), ...allBut(edge2, cloud) },
    { to: "local" },
  ],
  [
    "says why a stage has no place",
    { table: tableOf([edge1, edge2]), ...allBut(edge2, cloud), runsHere: false },
    {
      to: "none",
      detail:
        'Stage "a" has no place: "edge-1" does not run service "reader", "edge-2" is unreachable, "cloud" is unreachable',
    },
  ],
  ["runs a stage here before the first table", { table: null }, { to: "local" }],
  [
    "sends a stage to the cloud before the first table when the service is not here",
    { table: null, runsHere: false },
    { to: "node", node: cloud },
  ],
  [
    "does not send a stage of the cloud to itself when the service is not there",
    { table: null, runsHere: false, node: cloud },
    { to: "none", detail: 'Stage "a" has no place: "cloud" does not run service "reader"' },
  ],
  [
    "treats a source that the table does not have as before the first table",
    { table: { ...tableOf([edge2]), sources: new Map() } },
    { to: "local" },
  ],
  [
    "treats a stage placed nowhere as before the first table",
    { table: tableOf([]), runsHere: false },
    { to: "node", node: cloud },
  ],
  [
    "keeps a forwarded task at a placed node, so that two nodes never send it to and fro",
    { table: tableOf([edge2, edge1]), forwarded: 1 },
    { to: "local" },
  ],
  [
    "sends a task on that an older table forwarded here, where this node is not placed any more",
    { table: tableOf([edge2]), forwarded: 0 },
    { to: "node", node: edge2 },
  ],
  [
    "keeps a task that a newer table forwarded here, where it is not placed by its own",
    { table: tableOf([edge2]), forwarded: 9 },
    { to: "local" },
  ],
  [
    "has no place for a task that a newer table forwarded here, and that it cannot run",
    { table: tableOf([edge2]), forwarded: 9, runsHere: false },
    { to: "none", detail: 'Stage "a" has no place: "edge-1" does not run service "reader"' },
  ],
];

for (const [what, given, wanted] of decisions) {
  test(`routeStage ${what}`, () => assert.equal(route(given), wanted));
}

test("routeStage sends a task to the node that its stage is pinned to, whatever the table says, and then on", () => {
  const pinned = {
    ...task,
    pins: new Map([[stage, { node: edge2, ordinal: 0 }]]),
  };
  const table = tableOf([edge1, edge3]);
  assert.equal(route({ task: pinned, table }), { to: "node", node: edge2 });
  assert.equal(route({ task: pinned, table, node: edge2, forwarded: 1 }), { to: "local" });
  assert.equal(route({ task: pinned, table, ...allBut(edge2) }), { to: "local" });
  const unable = { node: edge2, runsHere: false, forwarded: 1 };
  assert.equal(route({ task: pinned, table, ...unable }), { to: "node", node: edge1 });
  assert.equal(route({ task: pinned, table: null }), { to: "node", node: edge2 });
});

test("routeStage never names an unreachable node, and never this node as another", () => {
  const nodes = [edge1, edge2, edge3, cloud];
  fc.assert(
    fc.property(
      fc.shuffledSubarray(nodes),
      fc.constantFrom(...nodes),
      fc.constantFrom(...nodes),
      fc.shuffledSubarray(nodes),
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      (placed, node, fallback, up, here, tabled, forwarded) => {
        const decision = route({
          table: tabled ? tableOf(placed, fallback) : null,
          node,
          runsHere: here,
          reachable: (other) => up.includes(other),
          forwarded: forwarded ? 1 : null,
        });
        if (decision.to === "local") assert.ok(here);
        if (decision.to === "node") assert.ok(decision.node !== node && up.includes(decision.node));
        if (decision.to === "none") assert.not.ok(here);
      },
    ),
  );
});

test("routeStage with a table known to all never sends a task round in circles", () => {
  const nodes = [edge1, edge2, edge3, cloud];
  fc.assert(
    fc.property(
      fc.shuffledSubarray(nodes),
      fc.constantFrom(...nodes),
      fc.shuffledSubarray(nodes),
      (placed, start, able) => {
        let node = start;
        for (let sends = 0; ; sends += 1) {
          const decision = route({
            table: tableOf(placed),
            node,
            runsHere: able.includes(node),
            forwarded: sends > 0 ? 1 : null,
          });
          if (decision.to !== "node") return;
          assert.ok(sends < placed.length + 1, "the task goes round in circles");
          node = decision.node;
        }
      },
    ),
  );
});

test("routeStage with tables that differ from node to node sends no task round in circles", () => {
  const nodes = [edge1, edge2, edge3, cloud];
  const placements = fc.array(fc.shuffledSubarray(nodes), { minLength: 4, maxLength: 4 });
  /** Of each node; 0 for no table. */
  const held = fc.array(fc.nat(4), { minLength: nodes.length, maxLength: nodes.length });
  fc.assert(
    fc.property(
      placements,
      held,
      fc.constantFrom(...nodes),
      fc.shuffledSubarray(nodes),
      (placed, epochs, start, able) => {
        let node = start;
        let forwarded: number | null = null;
        for (let sends = 0; ; sends += 1) {
          const epoch = epochs[nodes.indexOf(node)] ?? 0;
          const table = epoch === 0 ? null : { ...tableOf(placed[epoch - 1] ?? []), epoch };
          const runsHere = able.includes(node);
          const decision = route({ table, node, runsHere, forwarded });
          if (decision.to !== "node") return;
          assert.ok(sends < 40, "the task goes round in circles");
          ({ node } = decision);
          forwarded = Math.max(forwarded ?? 0, epoch);
        }
      },
    ),
  );
});

test("supersedes takes a later epoch of no earlier term", () => {
  const table = (term: number, epoch: number): RoutingTable => ({ ...tableOf([edge1]), term, epoch });
  const held = table(2, 5);
  assert.ok(supersedes(null, held));
  assert.ok(supersedes(held, table(2, 6)));
  assert.ok(supersedes(held, table(3, 6)));
  assert.not.ok(supersedes(held, table(3, 1)), "epochs of a node only grow");
  assert.not.ok(supersedes(held, table(2, 5)), "the same table again");
  assert.not.ok(supersedes(held, table(2, 4)));
  assert.not.ok(supersedes(held, table(1, 99)), "an older scheduler, fenced off");
});

test("validateTable finds nothing wrong with a whole table", () => {
  assert.equal(validateTable(tableOf([edge1, edge2])), []);
});

test("validateTable names a stage without a node, a stage that is none, and a node named twice", () => {
  const table = tableOf([edge1, edge1]);
  const placement = new Map([
    [stage, [edge1, edge1]],
    [parseStageId("ghost"), [edge1]],
  ]);
  const sources = new Map([
    [
      sourceId,
      {
        pipelineId: pipeline.id,
        pipelineVersion: pipeline.version,
        configuration: DEFAULT_CONFIGURATION,
        placement,
      },
    ],
  ]);
  assert.equal(validateTable({ ...table, sources }), [
    'Source "cam-1" has no node for stage "b" of pipeline "test@1"',
    'Source "cam-1" places stage "a" twice on one node',
    'Source "cam-1" places "ghost", which is no stage of pipeline "test@1"',
  ]);
});

test("validateTable names an epoch, a term or a pipeline that cannot be", () => {
  const table = tableOf([edge1]);
  assert.match(validateTable({ ...table, epoch: 0 })[0] ?? "", "epoch");
  assert.match(validateTable({ ...table, term: -1 })[0] ?? "", "term");
  assert.match(validateTable({ ...table, pipelines: new Map() })[0] ?? "", 'pipeline "test@1"');
  assert.match(
    validateTable({ ...table, pipelines: new Map([["other@1", pipeline]]) })[0] ?? "",
    'under the name "other@1"',
  );
});

test("a synthetic task goes where those of the source go that it is like", () => {
  const table = tableOf([edge2]);
  const synthetic = { ...task, id: { ...task.id, sourceId: syntheticOf(sourceId) } };
  const question = { table, cursor: stage, pipeline, node: cloud, runsHere: true, cloud };
  assert.equal(routeStage({ ...question, task: synthetic }), { to: "node", node: edge2 });
  const other = { ...task, id: { ...task.id, sourceId: parseSourceId("cam-2") } };
  assert.equal(routeStage({ ...question, task: other }), { to: "local" });
});

test.run();
