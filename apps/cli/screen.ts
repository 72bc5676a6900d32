/** What `sluice top` shows of a look at the cluster, within the width of the terminal. */

import { renderFitting } from "../tables.js";
import { tableText } from "../epoch-text.js";
import type { Look } from "./look.js";
import { failuresText, nodesTable } from "./nodes.js";

/** @param before the look before, for rates; the same one where there was none */
export function screen(before: Look, now: Look, width: number): string {
  return [
    nodesTable(now.nodes, now.atMs, width),
    queuesTable(now, width),
    stagesTable(now, width),
    sourcesTable(before, now, width),
    footer(now),
    failuresText(now.nodes).trimEnd(),
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function queuesTable({ nodes }: Look, width: number): string {
  const rows = nodes.flatMap(({ name, sample }) =>
    Object.entries(sample?.queued ?? {}).flatMap(([stage, count]) =>
      count > 0 ? [[name, stage, count]] : [],
    ),
  );
  if (rows.length === 0) return "";
  return renderFitting(
    [{ title: "node" }, { title: "queue" }, { title: "tasks", align: "right" }],
    rows,
    width,
  );
}

/** Over the last results. */
function stagesTable({ recent }: Look, width: number): string {
  const rows = [...recent.byPipeline].flatMap(([pipeline, { stages }]) =>
    Object.entries(stages).map(([stage, { nodes, frames, queueMs, transferMs, executeMs }]) => [
      pipeline,
      stage,
      Object.keys(nodes).sort().join(", "),
      (frames / recent.seconds).toFixed(1),
      ...[queueMs, transferMs, executeMs].map((ms) => ms.toFixed(1)),
    ]),
  );
  if (rows.length === 0) return "";
  return renderFitting(
    [
      { title: "pipeline", rank: 1 },
      { title: "stage" },
      { title: "nodes" },
      { title: "fps", align: "right" },
      { title: "queue ms", align: "right" },
      { title: "transfer ms", align: "right", rank: 2 },
      { title: "execute ms", align: "right" },
    ],
    rows,
    width,
  );
}

/** The sources that run: those in the table in force. */
function sourcesTable(before: Look, { atMs, table, totals, recent }: Look, width: number): string {
  const seconds = (atMs - before.atMs) / 1_000;
  const rows = [...(table.table?.sources ?? [])].map(([id, { configuration, placement }]) => {
    const { stored = 0, dropped = {} } = totals.sources[id] ?? {};
    const earlier = before.totals.sources[id]?.stored ?? 0;
    const reasons = Object.entries(dropped).map(([reason, count]) => `${reason} ${count}`);
    return [
      id,
      ((recent.framesBySource.get(id) ?? 0) / recent.seconds).toFixed(1),
      stored,
      seconds > 0 ? ((stored - earlier) / seconds).toFixed(1) : "-",
      reasons.join("\n") || "0",
      [...placement].map(([stage, nodes]) => `${stage} -> ${nodes.join(", ")}`).join("\n"),
      `${configuration.width}x${configuration.height} @ ${configuration.fps}`,
      table.explanations[id]?.reason ?? "",
    ];
  });
  if (rows.length === 0) return "No source runs";
  return renderFitting(
    [
      { title: "source" },
      { title: "fps", align: "right" },
      { title: "stored", align: "right" },
      { title: "tasks / s", align: "right", rank: 2 },
      { title: "dropped" },
      { title: "route" },
      { title: "capture", rank: 1 },
      { title: "why", rank: 3 },
    ],
    rows,
    width,
  );
}

function footer({ table, totals }: Look): string {
  const epoch = table.table?.epoch ?? 0;
  const behind = Object.entries(table.acknowledged).filter(([, acknowledged]) => acknowledged < epoch);
  return (
    `Routing table ${tableText(epoch)}${behind.length === 0 ? "" : `, not yet on ${behind.map(([node]) => node).join(", ")}`}; ` +
    `${totals.pending} results wait to be stored`
  );
}
