/**
 * From plans to what is loaded and where tasks go: load, then route, then unload.
 *
 * LR1 What a plan wants is deployed: each stage on the first of its nodes, on as many of the next ones as are asked to stand by,
 *     and on the cloud where it can run there. So is what tasks are routed to now, until they are no more.
 * LR2 A stage is routed to its first node once that has loaded it. Until then it stays where it is, if that is loaded; else it goes
 *     to the first of its nodes that is ready; and where none is, to its first node, as before. Where the plan has pixels stay, a
 *     stage that reads them is routed to its first node at once, and its tasks wait there.
 * LR3 Of a node no more is asked than it says that it may have loaded, and `share-room.ts` says who has that. What is there beyond
 *     its member's share goes as soon as another node has it, and at once where there is none that could.
 */

import type { Configuration } from "../task/configuration.js";
import { stageKeyText, type NodeName, type StageId, type StageKey } from "../task/identity.js";
import { stageBytes } from "../task/offers.js";
import { carriesFrames, type Pipeline, type Stage } from "../task/pipeline.js";
import type { NodeDescription } from "../task/requests.js";
import type { Deployment } from "../task/routing-table.js";
import { stageIn, stageKeyOf } from "../task/variants.js";
import type { Routable } from "./plan.js";
import type { Plan } from "./policy.js";
import { fullText, RANKS, shareRoom, Taken, type Rank, type Want } from "./share-room.js";

/** A source, the plan in force for it, and how its tasks are routed now: null before the first table that has it. */
export interface Planned {
  /** The node that captures the source. */
  readonly member: NodeName;
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
function routeLoaded({ pipeline, plan, routed }: Planned, ready: Readiness, full: Full): Routing {
  const placement = new Map<StageId, readonly NodeName[]>();
  const variants: Record<string, string> = {};
  let loading = false;
  let whole = true;
  for (const any of pipeline.stages) {
    const wanted = stageIn(any, plan.configuration);
    const nodes = plan.placement.get(any.id) ?? [];
    const waits = plan.pixelsStay === true && readsFrames(pipeline, any);
    const route = routeOf({ pipeline, wanted, nodes, before: beforeOf(any, routed), waits }, ready, full);
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
  full: Full,
): StageRoute {
  const { pipeline, wanted, nodes, before, waits } = asked;
  const [first] = nodes;
  const isLoaded = (node: NodeName, stage: Stage) => ready.isLoaded(node, stageKeyOf(pipeline, stage));
  if (first !== undefined && isLoaded(first, wanted) === true) return { stage: wanted, nodes, ready: true };
  const isFull = (node: NodeName, stage: Stage) => full.has(placeKey(node, stageKeyOf(pipeline, stage)));
  const goesElsewhere = nodes.some((node) => ready.canRun(node, pipeline, wanted) && !isFull(node, wanted));
  // Of a node that has not said yet what it has, it is taken that it still has what its tasks are routed there for.
  const stays = before?.nodes.find((node, index) => {
    const loaded = isLoaded(node, before.stage) ?? index === 0;
    if (waits && node !== first) return false;
    if (isFull(node, before.stage) && !goesElsewhere) return false;
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

/** A stage that finds no room on a node. */
export interface Refused {
  readonly node: NodeName;
  readonly stage: StageKey;
  /** For people. */
  readonly reason: string;
  /** It is about to change: the stage waits for room, or is there until another node has it. */
  readonly passes: boolean;
}

/** Stages and nodes that have no room for them (`placeKey`). */
type Full = ReadonlySet<string>;

function placeKey(node: NodeName, key: StageKey): string {
  return `${node} ${stageKeyText(key)}`;
}

/** The plan without the places that have no room, so that tasks are not sent there either. */
function withoutRefused(planned: Planned, full: Full, fallback: NodeName): Planned {
  const { pipeline, plan } = planned;
  const placement = new Map(
    pipeline.stages.map((any) => {
      const key = stageKeyOf(pipeline, stageIn(any, plan.configuration));
      const left = plan.placement.get(any.id)?.filter((node) => !full.has(placeKey(node, key))) ?? [];
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
  for (;;) {
    const full = new Set(refused.keys());
    const fitting =
      full.size === 0 ? sources : sources.map((planned) => withoutRefused(planned, full, options.fallback));
    const routed = fitting.map((planned) => ({ planned, routing: routeLoaded(planned, ready, full) }));
    const placed = deploy(routed, full, ready, options);
    const isNew = ({ node, stage }: Refused) => !full.has(placeKey(node, stage));
    // What is beyond a share may leave the room that others wait for.
    const beyond = placed.beyondShare.filter(isNew);
    const more = beyond.length > 0 ? beyond : placed.waiting.filter(isNew);
    // Each time some place is known to be full that was not before, so this ends.
    if (more.length === 0) {
      const routings = routed.map(({ routing }) => routing);
      return { routings, deployments: placed.deployments, refused: [...refused.values()] };
    }
    for (const one of more) refused.set(placeKey(one.node, one.stage), one);
  }
}

export interface DeployOptions {
  readonly nodes: ReadonlyMap<NodeName, { readonly description: NodeDescription }>;
  /** The cloud, which has a replica of what it can run. */
  readonly fallback: NodeName;
}

interface Placed extends Pick<Deployed, "deployments"> {
  /** Wanted, and more than the share of whoever wants it. */
  readonly beyondShare: readonly Refused[];
  /** Wanted, and no room for it until what is beyond a share has gone. */
  readonly waiting: readonly Refused[];
}

/** A want while it is put together. */
interface Drawn extends Want {
  rank: Rank;
  readonly members: Set<NodeName>;
}

/** What is deployed for sources that are routed so, and what was wanted and finds no room (LR1, LR3). */
function deploy(
  sources: Iterable<{ readonly planned: Planned; readonly routing: Plan }>,
  full: Full,
  ready: Readiness,
  { nodes, fallback }: DeployOptions,
): Placed {
  const wants = new Map<NodeName, Map<string, Drawn>>();
  for (const { planned, routing } of sources) {
    const { member, pipeline, plan, standby = 0 } = planned;
    const want = (node: NodeName, stage: Stage, rank: Rank): void => {
      if (!ready.isExpected(node)) return;
      const onNode = wants.get(node) ?? new Map<string, Drawn>();
      wants.set(node, onNode);
      const key = stageKeyOf(pipeline, stage);
      const text = stageKeyText(key);
      let known = onNode.get(text);
      if (known === undefined) {
        const bytes = stageBytes(stage, nodes.get(node)?.description.models);
        const isLoaded = ready.isLoaded(node, key) === true;
        onNode.set(text, (known = { key, bytes, rank, isLoaded, members: new Set() }));
      }
      known.members.add(member);
      if (RANKS.indexOf(rank) < RANKS.indexOf(known.rank)) known.rank = rank;
    };
    for (const any of pipeline.stages) {
      const [serving] = routing.placement.get(any.id) ?? [];
      if (serving !== undefined) {
        const served = stageIn(any, routing.configuration);
        const key = stageKeyOf(pipeline, served);
        const isThere = ready.isLoaded(serving, key) ?? wasThere(planned, any, serving);
        // What goes to the fallback only as there is no other node has no room there: it does not keep that of others.
        const stays = isThere && !(serving === fallback && full.has(placeKey(serving, key)));
        want(serving, served, stays ? "routed" : "wanted");
      }
      const wanted = stageIn(any, plan.configuration);
      const [first, ...others] = plan.placement.get(any.id) ?? [];
      if (first !== undefined) want(first, wanted, "wanted");
      for (const node of others.slice(0, standby)) want(node, wanted, "standby");
      if (ready.canRun(fallback, pipeline, wanted)) want(fallback, wanted, "replica");
    }
  }
  return place(wants, nodes);
}

/** Whether tasks are routed there now. */
function wasThere({ routed }: Planned, { id }: Stage, node: NodeName): boolean {
  return routed?.placement.get(id)?.[0] === node;
}

function place(
  wants: ReadonlyMap<NodeName, ReadonlyMap<string, Want>>,
  nodes: DeployOptions["nodes"],
): Placed {
  const deployed = new Map<string, { readonly stage: StageKey; readonly nodes: NodeName[] }>();
  const beyondShare: Refused[] = [];
  const waiting: Refused[] = [];
  for (const node of [...wants.keys()].sort()) {
    const { capacity } = nodes.get(node)?.description ?? {};
    const { stagesMax = Infinity, memoryBytesMax = Infinity } = capacity ?? {};
    const asked = [...(wants.get(node)?.values() ?? [])];
    const shared = shareRoom(asked, node, { stagesMax, memoryBytesMax });
    const isShared = new Set(shared);
    const taken = new Taken({ stagesMax, memoryBytesMax });
    const put = (want: Want): void => {
      taken.add(want);
      const text = stageKeyText(want.key);
      const entry = deployed.get(text) ?? { stage: want.key, nodes: [] };
      entry.nodes.push(node);
      deployed.set(text, entry);
    };
    for (const want of asked) if (want.rank === "routed") put(want);
    for (const want of shared) {
      if (want.rank === "routed") continue;
      if (taken.hasRoomFor(want)) put(want);
      else if (want.rank === "wanted")
        waiting.push({ node, stage: want.key, reason: fullText(taken.isFull, capacity), passes: true });
    }
    for (const { key, rank } of asked.filter((want) => !isShared.has(want))) {
      if (rank !== "wanted" && rank !== "routed") continue;
      const reason = fullText(shared.length >= stagesMax, capacity);
      beyondShare.push({ node, stage: key, reason, passes: rank === "routed" });
    }
  }
  const deployments = [...deployed].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, deployment]) => deployment);
  return { deployments, beyondShare, waiting };
}
