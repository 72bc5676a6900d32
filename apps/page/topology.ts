/** The graph of stages over the nodes, as it is now: how busy each is, what flows, and who has which table. */

import { splitEpoch } from "../../src/task/epoch.js";
import type { LinkReport } from "../../src/transport/cluster/cluster.js";
import type { ClusterSnapshot } from "../../src/web/page-protocol.js";
import { flowGraph, type FlowArc, type FlowGraph, type FlowVertex, type Load } from "./flow-graph.js";
import { age, bytes, milliseconds, number } from "./format.js";
import { layOut, type Layout } from "./graph-layout.js";
import type { Model } from "./model.js";
import { html, useMemo, useState } from "./view.js";

const LOADS: Readonly<Record<Load, string>> = {
  idle: "idle",
  working: "works",
  busy: "busy",
  held: "tasks wait for it",
};
/** Above a group's vertices, for its name. */
const HEAD_PX = 22;

export function Topology({ model }: { readonly model: Model }) {
  const [only, setOnly] = useState<string | null>(null);
  const { snapshot, earlier } = model;
  if (snapshot === null) return html`<p class="empty">Waiting for the cluster …</p>`;
  const graph = flowGraph(snapshot, earlier, only);
  const names = [...(snapshot.table.table?.sources.keys() ?? [])].sort();
  return html`<section aria-labelledby="topology">
    <h2 id="topology">Topology</h2>
    <label class="filter">
      Show
      <select onChange=${(event: Event) => setOnly((event.target as HTMLSelectElement).value || null)}>
        <option value="">all sources</option>
        ${names.map((name) => html`<option key=${name} value=${name} selected=${name === only}>${name}</option>`)}
      </select>
    </label>
    <${Tables} snapshot=${snapshot} />
    ${
      graph.vertices.length === 0
        ? html`<p class="empty">No source runs</p>`
        : html`<${Picture} graph=${graph} snapshot=${snapshot} />`
    }
    <ul class="legend">
      ${Object.entries(LOADS).map(([load, text]) => html`<li class=${load}>${text}</li>`)}
    </ul>
    <${Links} snapshot=${snapshot} earlier=${earlier} />
  </section>`;
}

function tableName(epoch: number): string {
  const { term, table } = splitEpoch(epoch);
  return `${term}.${table}`;
}

function Tables({ snapshot }: { readonly snapshot: ClusterSnapshot }) {
  const { table, acknowledged } = snapshot.table;
  if (table === null) return html`<p>No table is published yet</p>`;
  const nodes = snapshot.nodes.nodes.map(({ description }) => description.name);
  const current = nodes.filter((name) => (acknowledged[name] ?? 0) >= table.epoch);
  return html`<p role="status" class="tables">
    Table <strong>${tableName(table.epoch)}</strong>, ${age(snapshot.atMs - table.publishedAtMs)} old:${" "}
    ${current.length} of ${nodes.length} nodes have it
  </p>`;
}

interface PictureProps {
  readonly graph: FlowGraph;
  readonly snapshot: ClusterSnapshot;
}

function Picture({ graph, snapshot }: PictureProps) {
  const { groups, vertices, arcs } = graph;
  // Figures change all the time, and the boxes stay where they are.
  const shape = JSON.stringify([
    groups,
    vertices.map(({ id }) => id),
    arcs.map(({ from, to }) => [from, to]),
  ]);
  const laid = useMemo(() => layOut(groups, vertices, arcs), [shape]);
  return html`<div class="scroll">
    <svg
      class="graph"
      width=${laid.width}
      height=${laid.height + HEAD_PX}
      viewBox=${`0 ${-HEAD_PX} ${laid.width} ${laid.height + HEAD_PX}`}
      role="list"
      aria-label="Stages, by node"
    >
      ${groups.map((group) => html`<${Group} key=${group} group=${group} laid=${laid} snapshot=${snapshot} />`)}
      ${arcs.map((arc, index) => html`<${Line} key=${`${arc.from}>${arc.to}`} arc=${arc} points=${laid.lines[index]} />`)}
      ${vertices.map((vertex) => html`<${Box} key=${vertex.id} vertex=${vertex} laid=${laid} />`)}
    </svg>
  </div>`;
}

interface GroupProps {
  readonly group: string;
  readonly laid: Layout;
  readonly snapshot: ClusterSnapshot;
}

function Group({ group, laid, snapshot }: GroupProps) {
  const place = laid.places.get(group);
  if (place === undefined) return null;
  const node = group.slice("node ".length);
  const epoch = snapshot.table.acknowledged[node];
  const isCurrent = epoch === snapshot.table.table?.epoch;
  const table = epoch === undefined ? "no table" : `table ${tableName(epoch)}${isCurrent ? "" : ", behind"}`;
  return html`<g class=${isCurrent ? "group" : "group behind"}>
    <rect ...${place} y=${place.y - HEAD_PX} height=${place.height + HEAD_PX} rx="6" />
    <text x=${place.x + 8} y=${place.y - 6}>${node} · ${table}</text>
  </g>`;
}

interface LineProps {
  readonly arc: FlowArc;
  readonly points: Layout["lines"][number] | undefined;
}

function Line({ arc, points = [] }: LineProps) {
  const path = points.map(({ x, y }, index) => `${index === 0 ? "M" : "L"}${x} ${y}`).join("");
  const middle = points[Math.floor(points.length / 2)];
  return html`<g class=${arc.crosses ? "arc crosses" : "arc"}>
    <path d=${path} />
    ${
      arc.rate !== null &&
      middle !== undefined &&
      html`<text x=${middle.x} y=${middle.y - 4} text-anchor="middle">${number(arc.rate)}/s</text>`
    }
  </g>`;
}

interface BoxProps {
  readonly vertex: FlowVertex;
  readonly laid: Layout;
}

function Box({ vertex, laid }: BoxProps) {
  const place = laid.places.get(vertex.id);
  if (place === undefined) return null;
  const node = vertex.group?.slice("node ".length) ?? "";
  const label = `${vertex.title} on ${node}: ${LOADS[vertex.load]}, ${vertex.detail}`;
  return html`<g class=${`vertex ${vertex.load}`} role="listitem" aria-label=${label}>
    <rect ...${place} rx="4" />
    <text x=${place.x + 10} y=${place.y + 20} class="title">${vertex.title}</text>
    <text x=${place.x + 10} y=${place.y + 38}>${vertex.detail}</text>
  </g>`;
}

interface LinksProps {
  readonly snapshot: ClusterSnapshot;
  readonly earlier: ClusterSnapshot | null;
}

function Links({ snapshot, earlier }: LinksProps) {
  const { links } = snapshot;
  if (links.length === 0) return null;
  const rate = (link: LinkReport, field: "sentBytes" | "receivedBytes"): string => {
    const before = earlier?.links.find(({ peer, kind }) => peer === link.peer && kind === link.kind);
    const ms = snapshot.atMs - (earlier?.atMs ?? snapshot.atMs);
    if (before === undefined || ms <= 0 || link[field] < before[field]) return "–";
    return `${bytes(((link[field] - before[field]) * 1_000) / ms)}/s`;
  };
  return html`<h3>Links of the hub</h3>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">To</th>
            <th scope="col">Sent</th>
            <th scope="col">Received</th>
            <th scope="col">Waiting</th>
            <th scope="col">Round trip</th>
          </tr>
        </thead>
        <tbody>
          ${links.map(
            (link) =>
              html`<tr key=${link.peer}>
                <th scope="row">${link.peer}</th>
                <td>${rate(link, "sentBytes")}</td>
                <td>${rate(link, "receivedBytes")}</td>
                <td>${bytes(link.queuedBytes)}</td>
                <td>${milliseconds(link.rttMs)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}
