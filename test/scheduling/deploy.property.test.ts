import * as fc from "fast-check";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { routeAndDeploy, type Planned, type Readiness, type Refused } from "../../src/scheduling/deploy.js";
import { RANKS, shareRoom, type Want } from "../../src/scheduling/share-room.js";
import type { Plan } from "../../src/scheduling/policy.js";
import { DEFAULT_CONFIGURATION } from "../../src/task/configuration.js";
import {
  parseNodeName,
  parsePipelineId,
  parseStageId,
  stageKeyText,
  type NodeName,
  type StageKey,
} from "../../src/task/identity.js";
import { stageBytes } from "../../src/task/offers.js";
import { carriesFrames, type Pipeline, type Stage } from "../../src/task/pipeline.js";
import type { NodeDescription } from "../../src/task/requests.js";
import { stageIn, stageKeyOf } from "../../src/task/variants.js";
import { seeded } from "../support/fold.js";
import { randomPipeline } from "../task/pipelines.js";

const NAMES = ["cloud", "edge-1", "edge-2", "edge-3", "edge-4"].map(parseNodeName);
const [CLOUD = parseNodeName("cloud")] = NAMES;
/** Who captures the sources: also an edge that nothing can be placed on. */
const MEMBERS: readonly [NodeName, ...NodeName[]] = [parseNodeName("edge-9"), ...NAMES];
const VARIANTS = ["large", "small"];

type Random = () => number;
const pick = <T>(random: Random, from: readonly [T, ...T[]]): T =>
  from[Math.floor(random() * from.length)] ?? from[0];

/** What is asked for, and what of it is known: all of it drawn, stages with a state and with variants as well. */
interface Drawn {
  readonly planned: readonly Planned[];
  readonly ready: Readiness;
  readonly nodes: ReadonlyMap<NodeName, { readonly description: NodeDescription }>;
}

function draw(pipelines: readonly Pipeline[], seed: number): Drawn {
  const random = seeded(seed);
  const chance = (share: number) => random() < share;
  const readiness = random();
  const loaded = new Map<string, boolean | null>();
  const runs = new Map<string, boolean>();
  const nodes = new Map(NAMES.map((name) => [name, { description: describe(random, name) }]));
  const made: Pipeline[] = [];
  const planned = pipelines.map((any, index): Planned => {
    const stages = any.stages.map((stage): Stage =>
      chance(0.2)
        ? { ...stage, stateful: true }
        : chance(0.3)
          ? { ...stage, variants: VARIANTS.map((name) => ({ name, parameters: {} })) }
          : stage,
    );
    // Some sources share one, and with it what is loaded.
    const pipeline = made[0] !== undefined && chance(0.3) ? made[0] : { ...any, version: index + 1, stages };
    made.push(pipeline);
    const plan = (): Plan => ({
      configuration: {
        ...DEFAULT_CONFIGURATION,
        variants: Object.fromEntries(stages.map(({ id }) => [id, pick(random, ["large", "small"])])),
      },
      placement: new Map(
        pipeline.stages.map(({ id }) => {
          const some = NAMES.filter(() => chance(0.5)).sort(() => random() - 0.5);
          return [id, some.length > 0 ? some : [CLOUD]];
        }),
      ),
    });
    const routed = chance(0.6) ? plan() : null;
    return {
      member: pick(random, MEMBERS),
      pipeline,
      plan: plan(),
      routed,
      standby: pick(random, [0, 1, 2]),
    };
  });
  for (const { pipeline } of planned) {
    for (const stage of pipeline.stages) {
      for (const variant of [undefined, ...VARIANTS]) {
        const key = stageKeyOf(pipeline, { id: stage.id, ...(variant !== undefined && { variant }) });
        for (const node of NAMES) {
          const text = `${node} ${stageKeyText(key)}`;
          loaded.set(text, chance(0.2) ? null : chance(readiness));
          runs.set(text, chance(0.8));
        }
      }
    }
  }
  const here = new Set(NAMES.filter((name) => name === CLOUD || chance(0.85)));
  return {
    planned,
    nodes,
    ready: {
      isLoaded: (node, key) => loaded.get(`${node} ${stageKeyText(key)}`) ?? null,
      canRun: (node, pipeline, stage) =>
        runs.get(`${node} ${stageKeyText(stageKeyOf(pipeline, stage))}`) === true,
      isExpected: (node) => here.has(node),
    },
  };
}

function describe(random: Random, name: NodeName): NodeDescription {
  const stagesMax = pick(random, [1, 2, 4, undefined]);
  const memoryBytesMax = pick(random, [20_000_000, 60_000_000, undefined]);
  return {
    name,
    role: name === CLOUD ? "cloud" : "edge",
    services: [],
    capacity: {
      provider: "cpu",
      workersPerStage: 1,
      ...(stagesMax !== undefined && { stagesMax }),
      ...(memoryBytesMax !== undefined && { memoryBytesMax }),
    },
  };
}

function decide({ planned, ready, nodes }: Drawn) {
  const { routings, ...rest } = routeAndDeploy(planned, ready, { nodes, fallback: CLOUD });
  assert.is(routings.length, planned.length);
  const routes = planned.flatMap((one, index) => {
    const routing = routings[index];
    return routing === undefined ? [] : [{ planned: one, routing }];
  });
  return { routes, ...rest };
}

/** Of up to four sources over DAGs of one to nine stages. */
function holds(name: string, check: (drawn: Drawn) => void): void {
  test(name, () => {
    const pipelines = fc.array(randomPipeline, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(pipelines, fc.nat(), (some, seed) => check(draw(some, seed))),
      { numRuns: 300 },
    );
  });
}

holds(
  "a stage is routed only to a node that has loaded it, unless no node that it may go to has",
  (drawn) => {
    const { ready } = drawn;
    const { routes, refused } = decide(drawn);
    for (const { planned, routing } of routes) {
      const { pipeline, plan, routed: before } = planned;
      for (const any of pipeline.stages) {
        const [wanted, as] = [stageIn(any, plan.configuration), stageIn(any, routing.configuration)];
        const isReady = (node: NodeName, stage: Stage) =>
          ready.isLoaded(node, stageKeyOf(pipeline, stage)) === true;
        const full = fullFor(refused, stageKeyOf(pipeline, wanted));
        const [first = CLOUD, ...others] =
          plan.placement.get(any.id)?.filter((node) => !full.has(node)) ?? [];
        const [at] = routing.placement.get(any.id) ?? [];
        if (at === undefined) throw new Error("A stage has no place");
        if (isReady(first, wanted)) assert.equal([at, as], [first, wanted], "its first node is ready");
        if (isReady(at, as)) continue;
        const [served] = before?.placement.get(any.id) ?? [];
        const was = before === null ? null : stageIn(any, before.configuration);
        // A node that has not said yet what it has keeps what it was given.
        const key = was === null ? null : stageKeyOf(pipeline, was);
        if (at === served && as === was && key !== null && ready.isLoaded(at, key) === null) continue;
        assert.equal([at, as], [first, wanted], "where none is ready the plan decides");
        if (!any.stateful)
          assert.equal(
            others.filter((node) => isReady(node, wanted)),
            [],
          );
      }
    }
  },
);

holds(
  "a plan whose pixels stay has no stage that reads them run on any node but its first one with room, loaded or not",
  (drawn) => {
    const planned = drawn.planned.map((one) => ({ ...one, plan: { ...one.plan, pixelsStay: true } }));
    const { routes, refused } = decide({ ...drawn, planned });
    for (const { planned: one, routing } of routes) {
      const { pipeline, plan } = one;
      for (const any of pipeline.stages) {
        const before = any.predecessors.length === 0 ? [null] : any.predecessors;
        if (!before.some((from) => carriesFrames(pipeline, from, any.id))) continue;
        const full = fullFor(refused, stageKeyOf(pipeline, stageIn(any, plan.configuration)));
        const [first = CLOUD] = plan.placement.get(any.id)?.filter((node) => !full.has(node)) ?? [];
        assert.is(routing.placement.get(any.id)?.[0], first);
      }
    }
  },
);

holds("every stage of every source has a place, each node once, and none where it found no room", (drawn) => {
  const { routes, refused } = decide(drawn);
  for (const { planned, routing } of routes) {
    for (const any of planned.pipeline.stages) {
      const places = routing.placement.get(any.id) ?? [];
      assert.ok(places.length > 0);
      assert.is(new Set(places).size, places.length);
      const key = stageKeyOf(planned.pipeline, stageIn(any, routing.configuration));
      const full = fullFor(refused, key);
      const [at = CLOUD] = places;
      // What is there beyond a share stays until another node has it, if one could.
      const leaves =
        planned.routed?.placement.get(any.id)?.includes(at) === true &&
        !isAlone(planned, any, drawn, refused);
      if (at !== CLOUD && !leaves) assert.not(full.has(at), `${stageKeyText(key)} has no room on ${at}`);
    }
  }
});

/** Whether no node of the plan, nor the cloud, could take the stage. */
function isAlone(
  { pipeline, plan }: Planned,
  any: Stage,
  { ready }: Drawn,
  refused: readonly Refused[],
): boolean {
  const stage = stageIn(any, plan.configuration);
  const full = fullFor(refused, stageKeyOf(pipeline, stage));
  const left = plan.placement.get(any.id)?.filter((node) => !full.has(node)) ?? [];
  return !(left.length > 0 ? left : [CLOUD]).some(
    (node) => !full.has(node) && ready.canRun(node, pipeline, stage),
  );
}

function fullFor(refused: readonly Refused[], key: StageKey): ReadonlySet<NodeName> {
  const text = stageKeyText(key);
  return new Set(refused.flatMap(({ node, stage }) => (stageKeyText(stage) === text ? [node] : [])));
}

holds("no node is to load more than it may, but for what tasks are routed to now", (drawn) => {
  const { nodes, ready } = drawn;
  const { deployments, routes } = decide(drawn);
  const served = new Set(
    routes.flatMap(({ planned: { pipeline }, routing }) =>
      pipeline.stages.map((any) => {
        const key = stageKeyOf(pipeline, stageIn(any, routing.configuration));
        return `${routing.placement.get(any.id)?.[0]} ${stageKeyText(key)}`;
      }),
    ),
  );
  for (const [node, { description }] of nodes) {
    const here = deployments.filter(({ nodes: on }) => on.includes(node));
    if (!ready.isExpected(node)) assert.equal(here, [], "it is not here");
    const { stagesMax = Infinity, memoryBytesMax = Infinity } = description.capacity ?? {};
    const bytes = here.reduce((sum, { stage: { stage } }) => sum + stageBytes(stageNamed(drawn, stage)), 0);
    if (here.length <= stagesMax && bytes <= memoryBytesMax) continue;
    const unserved = here.filter(({ stage }) => !served.has(`${node} ${stageKeyText(stage)}`));
    assert.equal(unserved, [], `${node} has ${here.length} stages and ${bytes} bytes`);
  }
});

function stageNamed({ planned }: Drawn, id: string): Stage {
  const found = planned.flatMap(({ pipeline }) => pipeline.stages).find((stage) => stage.id === id);
  if (found === undefined) throw new Error(`No stage ${id}`);
  return found;
}

holds(
  "what tasks are routed to is deployed there as long as it is loaded, whatever the limits, but for what the cloud has no room for",
  (drawn) => {
    const { ready } = drawn;
    const { deployments, routes, refused } = decide(drawn);
    const on = new Map(deployments.map(({ stage, nodes }) => [stageKeyText(stage), nodes]));
    for (const { planned, routing } of routes) {
      for (const any of planned.pipeline.stages) {
        const key = stageKeyOf(planned.pipeline, stageIn(any, routing.configuration));
        const [at] = routing.placement.get(any.id) ?? [];
        if (at === undefined || !ready.isExpected(at) || ready.isLoaded(at, key) !== true) continue;
        if (at === CLOUD && fullFor(refused, key).has(CLOUD)) continue;
        assert.ok(on.get(stageKeyText(key))?.includes(at), `${stageKeyText(key)} on ${at}`);
      }
    }
  },
);

holds("the same input gives the same deployments, in whatever order sources and nodes come", (drawn) => {
  const { deployments, routes } = decide(drawn);
  const again = decide(drawn);
  assert.equal([again.deployments, again.routes], [deployments, routes]);
  const turned = decide({
    ...drawn,
    planned: drawn.planned.toReversed(),
    nodes: new Map([...drawn.nodes].toReversed()),
  });
  assert.equal([turned.deployments, turned.routes.toReversed()], [deployments, routes]);
});

/** Wants of one node, of up to five members, whose sizes are the same or drawn. */
function drawWants(seed: number, sizes: readonly [number, ...number[]]): readonly Want[] {
  const random = seeded(seed);
  return Array.from({ length: 2 + Math.floor(random() * 40) }, (_, index) => ({
    key: { pipelineId: parsePipelineId("one"), pipelineVersion: 1, stage: parseStageId(`s${index}`) },
    bytes: pick(random, sizes),
    rank: pick(random, RANKS),
    isLoaded: random() < 0.5,
    // Hostile ones have most.
    members: new Set([random() < 0.6 ? pick(random, MEMBERS) : CLOUD]),
  }));
}

function countOf(wants: readonly Want[], member: NodeName): number {
  return wants.filter(({ members }) => members.has(member)).length;
}

test("shareRoom gives a node's own sources all that they need, and the others as much as each other, or all they want", () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 20 }), (seed, stagesMax) => {
      const [own = CLOUD] = NAMES.slice(1);
      const wants = drawWants(seed, [1]);
      const given = shareRoom(wants, own, { stagesMax, memoryBytesMax: Infinity });
      assert.is(given.length, Math.min(stagesMax, wants.length), "all of the room is given");
      const needed = wants.filter(({ rank }) => rank === "routed" || rank === "wanted");
      const got = given.filter((want) => needed.includes(want));
      assert.is(got.length, Math.min(stagesMax, needed.length), "what is needed comes first");
      assert.is(countOf(got, own), Math.min(stagesMax, countOf(needed, own)));
      const others = MEMBERS.filter((member) => member !== own);
      for (const less of others) {
        if (countOf(got, less) === countOf(needed, less)) continue;
        const most = Math.max(...others.map((member) => countOf(got, member)));
        assert.ok(
          countOf(got, less) >= most - 1,
          `${less} has ${countOf(got, less)}, and another one ${most}`,
        );
      }
    }),
    { numRuns: 300 },
  );
});

test("shareRoom lets no member have less memory than another one by more than a stage of that one", () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 5, max: 200 }), (seed, memoryBytesMax) => {
      const needed = drawWants(seed, [1, 5, 20]).map((want) => ({ ...want, rank: "wanted" as const }));
      const nobody = parseNodeName("edge-8");
      const got = shareRoom(needed, nobody, { stagesMax: Infinity, memoryBytesMax });
      const bytesOf = (wants: readonly Want[], member: NodeName) =>
        wants.reduce((sum, { bytes, members }) => sum + (members.has(member) ? bytes : 0), 0);
      assert.ok(got.reduce((sum, { bytes }) => sum + bytes, 0) <= memoryBytesMax);
      for (const less of MEMBERS) {
        if (countOf(got, less) === countOf(needed, less)) continue;
        for (const more of MEMBERS)
          assert.ok(bytesOf(got, less) + 20 + 20 > bytesOf(got, more), `${less} beside ${more}`);
      }
    }),
    { numRuns: 300 },
  );
});

/** Nodes load what they are to, and tasks go where that is, until nothing changes. `before`: what was loaded and routed to. */
function settle(
  planned: readonly Planned[],
  nodes: Drawn["nodes"],
  before: ReturnType<typeof routeAndDeploy> | null,
): ReturnType<typeof routeAndDeploy> {
  let now = before;
  for (let turns = 0; turns < 20; turns += 1) {
    const loaded = new Map(now?.deployments.map((one) => [stageKeyText(one.stage), new Set(one.nodes)]));
    const ready: Readiness = {
      isLoaded: (node, key) => loaded.get(stageKeyText(key))?.has(node) ?? false,
      canRun: () => true,
      isExpected: () => true,
    };
    const routed = planned.map((one, index) => ({ ...one, routed: now?.routings[index] ?? null }));
    const next = routeAndDeploy(routed, ready, { nodes, fallback: CLOUD });
    if (now !== null && deepEqual(next, now)) return next;
    now = next;
  }
  throw new Error("It never settles");
}

function deepEqual(a: unknown, b: unknown): boolean {
  try {
    assert.equal(a, b);
    return true;
  } catch {
    return false;
  }
}

const deep = (count: number, member: NodeName, places: readonly NodeName[]): Planned => {
  const stage = (index: number): Stage => ({
    id: parseStageId(`s${index}`),
    service: "find",
    output: "boxes",
    parameters: {},
    stateful: false,
    predecessors: [],
    successors: [],
    inputs: [],
    queue: { policy: "block", capacity: 8 },
  });
  const stages = Array.from({ length: count }, (_, index) => stage(index));
  return {
    member,
    pipeline: { id: parsePipelineId(`of-${member}`), version: 1, stages, joinTimeoutMs: 1, deadlineMs: null },
    plan: { configuration: DEFAULT_CONFIGURATION, placement: new Map(stages.map(({ id }) => [id, places])) },
    routed: null,
  };
};

test("whoever came first, and with however many stages, leaves others their share of a node, and its own sources what they need", () => {
  const [, EDGE = CLOUD, , OTHER = CLOUD, HOSTILE = CLOUD] = NAMES;
  fc.assert(
    fc.property(
      fc.nat({ max: 9 }),
      fc.nat({ max: 9 }),
      fc.integer({ min: 1, max: 8 }),
      (own, other, stagesMax) => {
        for (const node of [EDGE, CLOUD]) {
          const nodes = new Map(
            NAMES.map(
              (name) => [name, { description: limited(name, name === node ? stagesMax : 2) }] as const,
            ),
          );
          const hostile = deep(40, HOSTILE, [node]);
          const full = settle([hostile], nodes, null);
          const planned = [hostile, deep(own, node, [node]), deep(other, OTHER, [node])];
          const { deployments } = settle(planned, nodes, full);
          const on = (member: NodeName) =>
            deployments.filter(
              ({ stage, nodes: there }) => stage.pipelineId === `of-${member}` && there.includes(node),
            ).length;
          assert.is(on(node), Math.min(own, stagesMax));
          const left = stagesMax - on(node);
          assert.ok(on(OTHER) >= Math.min(other, Math.floor(left / 2)), `${on(OTHER)} of ${left}`);
          assert.is(on(HOSTILE), left - on(OTHER), "what nobody else wants it keeps");
        }
      },
    ),
    { numRuns: 100 },
  );
});

function limited(name: NodeName, stagesMax: number): NodeDescription {
  const capacity = { provider: "cpu", workersPerStage: 1, stagesMax };
  return { name, role: name === CLOUD ? "cloud" : "edge", services: [], capacity };
}

test.run();
