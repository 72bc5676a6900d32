import * as fc from "fast-check";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { routeAndDeploy, type Planned, type Readiness, type Refused } from "../../src/scheduling/deploy.js";
import type { Plan } from "../../src/scheduling/policy.js";
import { DEFAULT_CONFIGURATION } from "../../src/task/configuration.js";
import { parseNodeName, stageKeyText, type NodeName, type StageKey } from "../../src/task/identity.js";
import { stageBytes } from "../../src/task/offers.js";
import { carriesFrames, type Pipeline, type Stage } from "../../src/task/pipeline.js";
import type { NodeDescription } from "../../src/task/requests.js";
import { stageIn, stageKeyOf } from "../../src/task/variants.js";
import { seeded } from "../support/fold.js";
import { randomPipeline } from "../task/pipelines.js";

const NAMES = ["cloud", "edge-1", "edge-2", "edge-3", "edge-4"].map(parseNodeName);
const [CLOUD = parseNodeName("cloud")] = NAMES;
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
    return { pipeline, plan: plan(), routed: chance(0.6) ? plan() : null, standby: pick(random, [0, 1, 2]) };
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
      if (at !== CLOUD) assert.not(full.has(at), `${stageKeyText(key)} has no room on ${at}`);
    }
  }
});

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

holds("what tasks are routed to is deployed there as long as it is loaded, whatever the limits", (drawn) => {
  const { ready } = drawn;
  const { deployments, routes } = decide(drawn);
  const on = new Map(deployments.map(({ stage, nodes }) => [stageKeyText(stage), nodes]));
  for (const { planned, routing } of routes) {
    for (const any of planned.pipeline.stages) {
      const key = stageKeyOf(planned.pipeline, stageIn(any, routing.configuration));
      const [at] = routing.placement.get(any.id) ?? [];
      if (at === undefined || !ready.isExpected(at) || ready.isLoaded(at, key) !== true) continue;
      assert.ok(on.get(stageKeyText(key))?.includes(at), `${stageKeyText(key)} on ${at}`);
    }
  }
});

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

test.run();
