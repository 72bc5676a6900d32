/** What runs where and how it goes, as a graph: from the sources of each node through the stages to the store. */

import type { ClusterSnapshot } from "../../src/web/page-protocol.js";
import type { Pipeline } from "../../src/task/pipeline.js";
import type { Arc, Vertex } from "./graph-layout.js";

/** `busy`: works most of the time. `held`: tasks wait longer than they are worked on. */
export type Load = "idle" | "working" | "busy" | "held";

export interface FlowVertex extends Vertex {
  readonly title: string;
  /** Below the title. */
  readonly detail: string;
  readonly load: Load;
}

export interface FlowArc extends Arc {
  /** Tasks a second; null where nothing is known yet. */
  readonly rate: number | null;
  /** Whether it crosses between nodes. */
  readonly crosses: boolean;
}

export interface FlowGraph {
  readonly groups: readonly string[];
  readonly vertices: readonly FlowVertex[];
  readonly arcs: readonly FlowArc[];
}

interface StageRate {
  readonly perSecond: number;
  /** Share of the time that one worker works. */
  readonly share: number;
  readonly queueMs: number;
  readonly executeMs: number;
}

const SIZE = { width: 150, height: 50 };
const groupOf = (node: string): string => `node ${node}`;

export function flowGraph(
  snapshot: ClusterSnapshot,
  earlier: ClusterSnapshot | null,
  only: string | null,
): FlowGraph {
  const vertices = new Map<string, FlowVertex>();
  const arcs = new Map<string, FlowArc>();
  const { table } = snapshot.table;
  const hub = table?.fallback ?? "hub";
  const put = (vertex: Omit<FlowVertex, "width" | "height">): void =>
    void vertices.set(vertex.id, { ...SIZE, ...vertex });
  const join = (from: string, to: string, rate: number | null, crosses: boolean): void =>
    void arcs.set(`${from}>${to}`, { from, to, rate, crosses });
  for (const [source, route] of table?.sources ?? []) {
    if (only !== null && source !== only) continue;
    const pipeline = table?.pipelines.get(`${route.pipelineId}@${route.pipelineVersion}`);
    const home = snapshot.sources[source]?.node ?? hub;
    if (pipeline === undefined) continue;
    const key = `sources ${home} ${route.pipelineId}`;
    const known = vertices.get(key);
    put({
      id: key,
      group: groupOf(home),
      title: known === undefined ? source : `${countOf(known.title) + 1} sources`,
      detail: route.pipelineId,
      load: "working",
    });
    for (const stage of pipeline.stages) {
      const node = route.placement.get(stage.id)?.[0] ?? hub;
      const id = stageId(route.pipelineId, stage.id, node);
      const rate = rateOf(snapshot, earlier, { pipeline: route.pipelineId, stage: stage.id, node });
      put({ id, group: groupOf(node), title: stage.id, detail: detailOf(rate), load: loadOf(rate) });
      const before = stage.predecessors.length === 0 ? [null] : stage.predecessors;
      for (const predecessor of before) {
        const from = predecessor === null ? home : (route.placement.get(predecessor)?.[0] ?? hub);
        const start = predecessor === null ? key : stageId(route.pipelineId, predecessor, from);
        join(start, id, rate?.perSecond ?? null, from !== node);
      }
      if (isLast(pipeline, stage.id)) join(id, "store", rate?.perSecond ?? null, node !== hub);
    }
  }
  if (vertices.size > 0) {
    const pending = snapshot.totals.pending;
    const detail = pending === 0 ? "all written" : `${pending} to write`;
    put({ id: "store", group: groupOf(hub), title: "store", detail, load: "working" });
  }
  const groups = [...new Set([...vertices.values()].flatMap(({ group }) => group ?? []))];
  return { groups, vertices: [...vertices.values()], arcs: [...arcs.values()] };
}

function countOf(title: string): number {
  return Number(/^(\d+) sources$/.exec(title)?.[1] ?? 1);
}

function stageId(pipeline: string, stage: string, node: string): string {
  return `stage ${pipeline} ${stage} ${node}`;
}

function isLast({ stages }: Pipeline, id: string): boolean {
  return stages.every(({ predecessors }) => predecessors.every((before) => before !== id));
}

/** Over the time between the two; null where that is not known. */
function rateOf(
  snapshot: ClusterSnapshot,
  earlier: ClusterSnapshot | null,
  wanted: { readonly pipeline: string; readonly stage: string; readonly node: string },
): StageRate | null {
  const find = ({ stages }: ClusterSnapshot) =>
    stages.find(
      ({ pipeline, stage, node }) =>
        pipeline === wanted.pipeline && stage === wanted.stage && node === wanted.node,
    );
  const now = find(snapshot);
  if (earlier === null || now === undefined) return null;
  const then = find(earlier);
  const ms = snapshot.atMs - earlier.atMs;
  const tasks = now.tasks - (then?.tasks ?? 0);
  if (ms <= 0 || tasks < 0) return null;
  const executeMs = now.executeMs - (then?.executeMs ?? 0);
  const queueMs = now.queueMs - (then?.queueMs ?? 0);
  return {
    perSecond: (tasks * 1_000) / ms,
    share: executeMs / ms,
    queueMs: tasks === 0 ? 0 : queueMs / tasks,
    executeMs: tasks === 0 ? 0 : executeMs / tasks,
  };
}

const BUSY_SHARE = 0.7;
const HELD_MS = 20;

function loadOf(rate: StageRate | null): Load {
  if (rate === null || rate.perSecond === 0) return "idle";
  if (rate.queueMs > HELD_MS && rate.queueMs > rate.executeMs) return "held";
  return rate.share > BUSY_SHARE ? "busy" : "working";
}

function detailOf(rate: StageRate | null): string {
  if (rate === null) return "…";
  return `${Math.round(rate.share * 100)} % busy, ${rate.executeMs.toFixed(1)} ms`;
}
