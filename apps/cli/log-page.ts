/** A stored run as one page that needs nothing else: no script, no request, plots as SVG. */

import type { RunLog } from "../../src/operator/run-log.js";
import { htmlText } from "../../src/runtime/safe-text.js";

const WIDTH = 900;
const HEIGHT = 220;
const EDGE = 50;
const COLOURS = ["#c2410c", "#7c3aed", "#0f766e", "#be185d", "#a16207", "#475569"];

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid #8884; }
svg { width: 100%; height: auto; } svg text { fill: currentColor; font-size: 11px; }
.axis { stroke: currentColor; stroke-opacity: .4; } .plan { stroke: currentColor; stroke-opacity: .35; stroke-dasharray: 3 4; }
`;

/** @param source its name, which may hold anything */
export function logPage(source: string, report: RunLog): string {
  const { latency, records, firstMs, lastMs } = report;
  const percentiles =
    latency === null
      ? "No task was stored."
      : `Latency p50 ${ms(latency.p50)}, p95 ${ms(latency.p95)}, p99 ${ms(latency.p99)}, max ${ms(latency.max)}.`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${htmlText(source)}</title><style>${STYLE}</style></head><body>
<h1>${htmlText(source)}</h1>
<p>${records} records from ${time(firstMs)} to ${time(lastMs)}. ${percentiles}</p>
<h2>Latency</h2>
<p>Source timestamp to stored: the median and, lighter, the 95th percentile. Dashed lines are changes of the plan.</p>
${latencyPlot(report)}
<h2>Drops</h2>
${dropPlot(report)}
<h2>Stages</h2>
${stageTable(report)}
<h2>Plans</h2>
${planTable(report)}
</body></html>
`;
}

const time = (atMs: number | null): string => (atMs === null ? "" : new Date(atMs).toISOString());
const ms = (value: number): string => `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;

interface Axes {
  readonly x: (atMs: number) => number;
  readonly y: (value: number) => number;
  readonly drawn: string;
}

function axesOf({ buckets, bucketMs }: RunLog, highest: number, unit: string): Axes {
  const fromMs = buckets[0]?.fromMs ?? 0;
  const toMs = (buckets.at(-1)?.fromMs ?? fromMs) + bucketMs;
  const x = (atMs: number): number => EDGE + ((atMs - fromMs) / (toMs - fromMs)) * (WIDTH - EDGE - 10);
  const y = (value: number): number => HEIGHT - 25 - (value / (highest || 1)) * (HEIGHT - 40);
  const drawn = `<line class="axis" x1="${EDGE}" y1="${y(0)}" x2="${WIDTH - 10}" y2="${y(0)}"/>
<text x="${EDGE - 5}" y="${y(0)}" text-anchor="end">0</text>
<text x="${EDGE - 5}" y="${y(highest) + 4}" text-anchor="end">${highest.toFixed(0)} ${unit}</text>
<text x="${EDGE}" y="${HEIGHT - 5}">${time(fromMs)}</text>
<text x="${WIDTH - 10}" y="${HEIGHT - 5}" text-anchor="end">${time(toMs)}</text>`;
  return { x, y, drawn };
}

function latencyPlot(report: RunLog): string {
  const points = report.buckets.flatMap(({ fromMs, latency }) =>
    latency === null ? [] : [{ fromMs, latency }],
  );
  const { x, y, drawn } = axesOf(report, Math.max(0, ...points.map(({ latency }) => latency.p95)), "ms");
  const line = (pick: "p50" | "p95", opacity: number): string =>
    `<polyline fill="none" stroke="#2563eb" stroke-opacity="${opacity}" stroke-width="2" points="${points
      .map(
        ({ fromMs, latency }) =>
          `${x(fromMs + report.bucketMs / 2).toFixed(1)},${y(latency[pick]).toFixed(1)}`,
      )
      .join(" ")}"/>`;
  const plans = report.plans
    .slice(1)
    .map(({ atMs, capture, placement }) => {
      const at = x(atMs).toFixed(1);
      return `<line class="plan" x1="${at}" y1="10" x2="${at}" y2="${y(0)}"><title>${htmlText(`${time(atMs)}: ${capture}; ${placement}`)}</title></line>`;
    })
    .join("");
  return svg("Latency over time", `${drawn}${plans}${line("p95", 0.4)}${line("p50", 1)}`);
}

function dropPlot(report: RunLog): string {
  const reasons = Object.keys(report.dropped);
  if (reasons.length === 0) return "<p>No task was dropped.</p>";
  const counts = report.buckets.map(({ fromMs, dropped }) => ({
    fromMs,
    dropped: new Map<string, number>(Object.entries(dropped)),
  }));
  const sum = (dropped: ReadonlyMap<string, number>): number =>
    [...dropped.values()].reduce((all, one) => all + one, 0);
  const { x, y, drawn } = axesOf(report, Math.max(...counts.map(({ dropped }) => sum(dropped))), "");
  const bars = counts.map(({ fromMs, dropped }) => {
    let below = 0;
    return reasons.map((reason, index) => {
      const count = dropped.get(reason) ?? 0;
      if (count === 0) return "";
      const [top, bottom] = [y(below + count), y(below)];
      below += count;
      const wide = Math.max(1, x(fromMs + report.bucketMs) - x(fromMs) - 1);
      return `<rect x="${x(fromMs).toFixed(1)}" y="${top.toFixed(1)}" width="${wide.toFixed(1)}" height="${(bottom - top).toFixed(1)}" fill="${COLOURS[index % COLOURS.length] ?? ""}"><title>${htmlText(`${time(fromMs)}: ${count} ${reason}`)}</title></rect>`;
    });
  });
  const legend = reasons
    .map((reason, index) => {
      const total = new Map<string, number>(Object.entries(report.dropped)).get(reason) ?? 0;
      return `<li><span style="color:${COLOURS[index % COLOURS.length] ?? ""}">&#9632;</span> ${htmlText(reason)}: ${total}</li>`;
    })
    .join("");
  return `${svg("Drops over time", `${drawn}${bars.flat().join("")}`)}<ul>${legend}</ul>`;
}

function svg(title: string, inside: string): string {
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${htmlText(title)}">${inside}</svg>`;
}

function stageTable({ stages }: RunLog): string {
  const rows = stages.map(({ stage, node, tasks, queue, execute, transfer }) => [
    stage,
    node,
    String(tasks),
    ...[queue, execute, transfer].map((parts) =>
      parts === null ? "" : `${ms(parts.p50)} / ${ms(parts.p95)} / ${ms(parts.p99)}`,
    ),
  ]);
  return table(["stage", "node", "tasks", "queue p50 / p95 / p99", "execute", "transfer"], rows);
}

function planTable({ plans }: RunLog): string {
  return table(
    ["from", "captured", "placed", "pipeline"],
    plans.map(({ atMs, capture, placement, pipeline }) => [time(atMs), capture, placement, pipeline]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, texts: readonly string[]): string =>
    `<tr>${texts.map((text) => `<${tag}>${htmlText(text)}</${tag}>`).join("")}</tr>`;
  return `<table>${cells("th", head)}${rows.map((row) => cells("td", row)).join("")}</table>`;
}
