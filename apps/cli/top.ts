/** `sluice top`: nodes, queues, routes and rates, updated every second. */

import type { Operator } from "../../src/operator/operator.js";
import type { TableReported } from "../../src/actors/protocol/scheduler.js";
import type { TotalsReported } from "../../src/actors/protocol/distributor.js";
import { asError } from "../../src/runtime/errors.js";
import { createLiveLines } from "../live-lines.js";
import { renderTable } from "../tables.js";
import { nodeLines, nodesTable, type NodeLine } from "./nodes.js";
import { signalled } from "../program.js";
import { out } from "../terminal.js";

const PERIOD_MS = 1_000;

interface Look {
  readonly atMs: number;
  readonly nodes: readonly NodeLine[];
  readonly table: TableReported;
  readonly totals: TotalsReported;
}

export async function top(operator: Operator, command: { readonly once: boolean }): Promise<number> {
  const first = await look(operator);
  if (command.once || !process.stdout.isTTY) {
    out.lines(screen(first, first));
    return 0;
  }
  const lines = createLiveLines(process.stdout);
  let before = first;
  lines.show(screen(first, first));
  const over = { failure: null as Error | null };
  const ended = signalled();
  const lost = new Promise<void>((resolve) => {
    const refresh = async (): Promise<void> => {
      try {
        const now = await look(operator);
        lines.show(screen(before, now));
        before = now;
      } catch (thrown) {
        over.failure = asError(thrown);
        resolve();
      }
    };
    const timer = setInterval(() => void refresh(), PERIOD_MS);
    void ended.then(() => clearInterval(timer));
  });
  await Promise.race([ended, lost]);
  if (over.failure !== null) throw over.failure;
  return 0;
}

async function look(operator: Operator): Promise<Look> {
  const [nodes, table, totals] = await Promise.all([
    nodeLines(operator, false),
    operator.table(),
    operator.totals(),
  ]);
  return { atMs: operator.system.clock.now(), nodes, table, totals };
}

function screen(before: Look, now: Look): string {
  const { table, totals } = now;
  const epoch = table.table?.epoch ?? 0;
  const behind = Object.entries(table.acknowledged).filter(([, acknowledged]) => acknowledged < epoch);
  return [
    nodesTable(now.nodes, now.atMs),
    queuesTable(now),
    routesTable(table),
    ratesTable(before, now),
    `Routing table ${epoch}${behind.length === 0 ? "" : `, not yet on ${behind.map(([node]) => node).join(", ")}`}; ` +
      `${totals.pending} results wait to be stored`,
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function queuesTable({ nodes }: Look): string {
  const rows = nodes.flatMap(({ name, sample }) =>
    Object.entries(sample?.queued ?? {}).map(([stage, count]) => [name, stage, count]),
  );
  if (rows.length === 0) return "";
  return renderTable([{ title: "node" }, { title: "queue" }, { title: "tasks", align: "right" }], rows);
}

function routesTable({ table, explanations }: TableReported): string {
  const rows = [...(table?.sources ?? [])].map(([id, { configuration, placement }]) => [
    id,
    [...placement].map(([stage, nodes]) => `${stage} -> ${nodes.join(", ")}`).join("\n"),
    `${configuration.width}x${configuration.height} @ ${configuration.fps}`,
    explanations[id]?.reason ?? "",
  ]);
  if (rows.length === 0) return "";
  return renderTable([{ title: "source" }, { title: "route" }, { title: "capture" }, { title: "why" }], rows);
}

function ratesTable(before: Look, { atMs, totals }: Look): string {
  const seconds = (atMs - before.atMs) / 1_000;
  const rows = Object.entries(totals.sources).map(([source, { stored, dropped }]) => {
    const earlier = before.totals.sources[source]?.stored ?? 0;
    const reasons = Object.entries(dropped).map(([reason, count]) => `${reason} ${count}`);
    return [
      source,
      stored,
      seconds > 0 ? ((stored - earlier) / seconds).toFixed(1) : "-",
      reasons.join(", ") || "0",
    ];
  });
  if (rows.length === 0) return "No results yet";
  return renderTable(
    [
      { title: "source" },
      { title: "stored", align: "right" },
      { title: "stored / s", align: "right" },
      { title: "dropped" },
    ],
    rows,
  );
}
