/**
 * From plans to what is loaded and where tasks go: load, then route, then unload.
 *
 * LR1 What a plan wants is deployed: each stage on the first of its nodes, on as many of the next ones as are asked to stand by,
 *     and on the cloud where it can run there. So is what tasks are routed to now, until they are no more.
 * LR2 A stage is routed to its first node once that has loaded it. Until then it stays where it is, if that is loaded; else it goes
 *     to the first of its nodes that is ready; and where none is, to its first node, as before. Where the plan has pixels stay, a
 *     stage that reads them is routed to its first node at once, and its tasks wait there.
 * LR3 Of a node no more is asked than it says that it may have loaded. What tasks are routed to comes first, then what is wanted,
 *     what stands by, and replicas on the cloud; what is loaded already before what is not.
 */

import type { Configuration } from "../task/configuration.js";
import { stageKeyText, type NodeName, type StageId, type StageKey } from "../task/identity.js";
import { stageBytes, type NodeCapacity } from "../task/offers.js";
import { carriesFrames, type Pipeline, type Stage } from "../task/pipeline.js";
import type { NodeDescription } from "../task/requests.js";
import type { Deployment } from "../task/routing-table.js";
import { stageIn, stageKeyOf } from "../task/variants.js";
import type { Routable } from "./plan.js";
import type { Plan } from "./policy.js";

/** A source, the plan in force for it, and how its tasks are routed now: null before the first table that has it. */
export interface Planned {
  readonly pipeline: Pipeline;
  readonly plan: Plan;
  readonly routed: Routable | null;
  /** Nodes besides the first that are to have its stages loaded. Default 0. */
  readonly standby?: number;
}

/** What is known of nodes. */
export interface Readiness {
  /** Whether the node has said that it has loaded the stage; null of a node that has not said yet what it has. */
  isLoaded(node: NodeName, key: StageKey): boolean | null;
  /** Whether the node is here, can load the stage as far as it says, and did not fail to of late. */
  canRun(node: NodeName, pipeline: Pipeline, stage: Stage): boolean;
  /** Whether the node is here, or on its way after a restart of the scheduler. */
  isExpected(node: NodeName): boolean;
}

/** How the tasks of a source go. */
export interface Routing extends Plan {
  /** Some stage has no node that has loaded it. */
  readonly loading: boolean;
  /** Every stage runs on the node, and in the variant, that the plan wants first. */
  readonly whole: boolean;
}

/** The routing of a source by what is loaded (LR2). */
function routeLoaded({ pipeline, plan, routed }: Planned, ready: Readiness): Routing {
  const placement = new Map<StageId, readonly NodeName[]>();
  const variants: Record<string, string> = {};
  let loading = false;
  let whole = true;
  for (const any of pipeline.stages) {
    const wanted = stageIn(any, plan.configuration);
    const nodes = plan.placement.get(any.id) ?? [];
    const waits = plan.pixelsStay === true && readsFrames(pipeline, any);
    const route = routeOf({ pipeline, wanted, nodes, before: beforeOf(any, routed), waits }, ready);
    placement.set(any.id, route.nodes);
    if (route.stage.variant !== undefined) variants[any.id] = route.stage.variant;
    loading ||= !route.ready;
    whole &&= route.nodes[0] === nodes[0] && route.stage === wanted;
  }
  return { configuration: withThese(plan.configuration, variants), placement, loading, whole };
}

function readsFrames(pipeline: Pipeline, { id, predecessors }: Stage): boolean {
  return (predecessors.length === 0 ? [null] : predecessors).some((before) =>
    carriesFrames(pipeline, before, id),
  );
}

interface StageRoute {
  readonly stage: Stage;
  readonly nodes: readonly NodeName[];
  readonly ready: boolean;
}

type Before = Pick<StageRoute, "stage" | "nodes"> | null;

function beforeOf(any: Stage, routed: Routable | null): Before {
  const nodes = routed?.placement.get(any.id);
  return routed === null || nodes === undefined ? null : { stage: stageIn(any, routed.configuration), nodes };
}

function routeOf(
  asked: {
    readonly pipeline: Pipeline;
    readonly wanted: Stage;
    readonly nodes: readonly NodeName[];
    readonly before: Before;
    /** Its tasks wait at its first node until that is ready. */
    readonly waits: boolean;
  },
  ready: Readiness,
): StageRoute {
  const { pipeline, wanted, nodes, before, waits } = asked;
  const [first] = nodes;
  const isLoaded = (node: NodeName, stage: Stage) => ready.isLoaded(node, stageKeyOf(pipeline, stage));
  if (first !== undefined && isLoaded(first, wanted) === true) return { stage: wanted, nodes, ready: true };
  // Of a node that has not said yet what it has, it is taken that it still has what its tasks are routed there for.
  const stays = before?.nodes.find((node, index) => {
    const loaded = isLoaded(node, before.stage) ?? index === 0;
    if (waits && node !== first) return false;
    return loaded && ready.canRun(node, pipeline, before.stage);
  });
  if (before !== null && stays !== undefined) {
    const others =
      before.stage === wanted
        ? nodes
        : before.nodes.filter((node) => ready.canRun(node, pipeline, before.stage));
    const isReady = isLoaded(stays, before.stage) === true || before.stage !== wanted || stays !== first;
    return {
      stage: before.stage,
      nodes: [stays, ...others.filter((node) => node !== stays)],
      ready: isReady,
    };
  }
  // One that remembers would begin anew there, and again once its own node is ready.
  const soonest =
    wanted.stateful || waits ? undefined : nodes.find((node) => isLoaded(node, wanted) === true);
  if (soonest === undefined) return { stage: wanted, nodes, ready: false };
  return { stage: wanted, nodes: [soonest, ...nodes.filter((node) => node !== soonest)], ready: true };
}

function withThese(configuration: Configuration, variants: Record<string, string>): Configuration {
  const { variants: wanted = {} } = configuration;
  const same = Object.entries(variants).every(([stage, variant]) => wanted[stage] === variant);
  return same ? configuration : { ...configuration, variants: { ...wanted, ...variants } };
}

/** Why a node is to load a stage, the most important first. */
const RANKS = ["routed", "wanted", "standby", "replica"] as const;
type Rank = (typeof RANKS)[number];

interface Want {
  readonly key: StageKey;
  readonly text: string;
  readonly stage: Stage;
  rank: Rank;
}

/** A stage that finds no room on a node. */
export interface Refused {
  readonly node: NodeName;
  readonly stage: StageKey;
  /** For people. */
  readonly reason: string;
}

/** The plan without the places that have no room, so that tasks are not sent there either. */
function withoutRefused(planned: Planned, full: ReadonlySet<string>, fallback: NodeName): Planned {
  const { pipeline, plan } = planned;
  const placement = new Map(
    pipeline.stages.map((any) => {
      const text = stageKeyText(stageKeyOf(pipeline, stageIn(any, plan.configuration)));
      const left = plan.placement.get(any.id)?.filter((node) => !full.has(`${node} ${text}`)) ?? [];
      return [any.id, left.length > 0 ? left : [fallback]] as const;
    }),
  );
  return { ...planned, plan: { ...plan, placement } };
}

/** How each source is routed, in the order in which they came, and what nodes are to have loaded for that. */
export interface Deployed {
  readonly routings: readonly Routing[];
  /** In order of stage and node. */
  readonly deployments: readonly Deployment[];
  /** What plans want and finds no room: it is routed elsewhere, and to the fallback where there is nowhere else. */
  readonly refused: readonly Refused[];
}

/** Routes sources by what is loaded, and deploys what they need; what finds no room on one of its nodes goes to its next one (LR1-LR3). */
export function routeAndDeploy(
  sources: readonly Planned[],
  ready: Readiness,
  options: DeployOptions,
): Deployed {
  const refused = new Map<string, Refused>();
  let fitting = sources;
  for (;;) {
    const routed = fitting.map((planned) => ({ planned, routing: routeLoaded(planned, ready) }));
    const placed = deploy(routed, ready, options);
    const known = refused.size;
    for (const one of placed.refused) refused.set(`${one.node} ${stageKeyText(one.stage)}`, one);
    // Each time some place is known to be full that was not before, so this ends.
    if (refused.size === known) {
      const routings = routed.map(({ routing }) => routing);
      return { routings, deployments: placed.deployments, refused: [...refused.values()] };
    }
    const full = new Set(refused.keys());
    fitting = sources.map((planned) => withoutRefused(planned, full, options.fallback));
  }
}

export interface DeployOptions {
  readonly nodes: ReadonlyMap<NodeName, { readonly description: NodeDescription }>;
  /** The cloud, which has a replica of what it can run. */
  readonly fallback: NodeName;
}

/** What is deployed for sources that are routed so, and what was wanted and finds no room (LR1, LR3). */
function deploy(
  sources: Iterable<{ readonly planned: Planned; readonly routing: Plan }>,
  ready: Readiness,
  { nodes, fallback }: DeployOptions,
): Pick<Deployed, "deployments" | "refused"> {
  const wants = new Map<NodeName, Map<string, Want>>();
  const want = (node: NodeName, pipeline: Pipeline, stage: Stage, rank: Rank): void => {
    const onNode = wants.get(node) ?? new Map<string, Want>();
    if (!ready.isExpected(node)) return;
    wants.set(node, onNode);
    const key = stageKeyOf(pipeline, stage);
    const text = stageKeyText(key);
    const known = onNode.get(text);
    if (known === undefined) onNode.set(text, { key, text, stage, rank });
    else if (RANKS.indexOf(rank) < RANKS.indexOf(known.rank)) known.rank = rank;
  };
  for (const { planned, routing } of sources) {
    const { pipeline, plan, standby = 0 } = planned;
    for (const any of pipeline.stages) {
      const [serving] = routing.placement.get(any.id) ?? [];
      const served = stageIn(any, routing.configuration);
      const isThere =
        serving !== undefined &&
        (ready.isLoaded(serving, stageKeyOf(pipeline, served)) ?? wasThere(planned, any, serving));
      if (serving !== undefined) want(serving, pipeline, served, isThere ? "routed" : "wanted");
      const wanted = stageIn(any, plan.configuration);
      const [first, ...others] = plan.placement.get(any.id) ?? [];
      if (first !== undefined) want(first, pipeline, wanted, "wanted");
      for (const node of others.slice(0, standby)) want(node, pipeline, wanted, "standby");
      if (ready.canRun(fallback, pipeline, wanted)) want(fallback, pipeline, wanted, "replica");
    }
  }
  return place(wants, ready, nodes);
}

/** Whether tasks are routed there now. */
function wasThere({ routed }: Planned, { id }: Stage, node: NodeName): boolean {
  return routed?.placement.get(id)?.[0] === node;
}

function fullText(
  full: "count" | "memory",
  { stagesMax = 0, memoryBytesMax = 0 }: Partial<NodeCapacity> = {},
): string {
  const stages = stagesMax === 1 ? "1 stage" : `${stagesMax} stages`;
  const limit = full === "count" ? stages : `${Math.floor(memoryBytesMax / 1_048_576)} MiB of stages`;
  return `It may have no more than ${limit} loaded`;
}

function place(
  wants: ReadonlyMap<NodeName, ReadonlyMap<string, Want>>,
  ready: Readiness,
  nodes: DeployOptions["nodes"],
): ReturnType<typeof deploy> {
  const deployed = new Map<string, { readonly stage: StageKey; readonly nodes: NodeName[] }>();
  const refused: Refused[] = [];
  for (const node of [...wants.keys()].sort()) {
    const description = nodes.get(node)?.description;
    const { stagesMax = Infinity, memoryBytesMax = Infinity } = description?.capacity ?? {};
    const importance = ({ key, rank }: Want): number =>
      2 * RANKS.indexOf(rank) + (ready.isLoaded(node, key) === true ? 0 : 1);
    const inOrder = [...(wants.get(node)?.values() ?? [])].sort(
      (a, b) => importance(a) - importance(b) || (a.text < b.text ? -1 : 1),
    );
    let count = 0;
    let bytes = 0;
    for (const { key, text, stage, rank } of inOrder) {
      const takes = stageBytes(stage, description?.models);
      const full = count >= stagesMax ? "count" : bytes + takes > memoryBytesMax ? "memory" : null;
      if (full !== null && rank !== "routed") {
        if (rank === "wanted")
          refused.push({ node, stage: key, reason: fullText(full, description?.capacity) });
        continue;
      }
      count += 1;
      bytes += takes;
      const entry = deployed.get(text) ?? { stage: key, nodes: [] };
      entry.nodes.push(node);
      deployed.set(text, entry);
    }
  }
  const deployments = [...deployed].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, deployment]) => deployment);
  return { deployments, refused };
}
