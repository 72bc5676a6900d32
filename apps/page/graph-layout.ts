/** The door to dagre: where the boxes of a graph are, and its lines. */

import { Graph, layout } from "@dagrejs/dagre";

export interface Vertex {
  readonly id: string;
  /** The box that it is in; null for none. */
  readonly group: string | null;
  readonly width: number;
  readonly height: number;
}

export interface Arc {
  readonly from: string;
  readonly to: string;
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** Of vertices and of groups, by id; `x` and `y` are of the top left. */
  readonly places: ReadonlyMap<string, Place>;
  /** In the order of the arcs that were given. */
  readonly lines: readonly (readonly { readonly x: number; readonly y: number }[])[];
}

interface Laid {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** From left to right. */
export function layOut(groups: readonly string[], vertices: readonly Vertex[], arcs: readonly Arc[]): Layout {
  const graph = new Graph({ compound: true });
  graph.setGraph({ rankdir: "LR", nodesep: 18, ranksep: 60, marginx: 12, marginy: 12 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const group of groups) graph.setNode(group, {});
  for (const { id, group, width, height } of vertices) {
    graph.setNode(id, { width, height });
    if (group !== null) graph.setParent(id, group);
  }
  for (const { from, to } of arcs) graph.setEdge(from, to, {});
  layout(graph);
  const places = new Map(
    graph.nodes().map((id) => {
      const { x, y, width, height } = graph.node(id) as unknown as Laid;
      return [id, { x: x - width / 2, y: y - height / 2, width, height }];
    }),
  );
  const lines = arcs.map(({ from, to }) => {
    const { points = [] } = graph.edge(from, to) as { points?: readonly { x: number; y: number }[] };
    return points;
  });
  const all = graph.graph() as { readonly width?: number; readonly height?: number };
  return { width: all.width ?? 0, height: all.height ?? 0, places, lines };
}
