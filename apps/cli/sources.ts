/** `sluice sources`: what runs where, how it goes, and by which plan. */

import { errorText } from "../../src/runtime/errors.js";
import { nodesOf } from "../../src/operator/nodes-of.js";
import type { Operator } from "../../src/operator/operator.js";
import type { Configuration } from "../../src/task/configuration.js";
import type { HostingReport } from "../../src/task/hosting.js";
import { parseSourceId, type NodeName, type SourceId } from "../../src/task/identity.js";
import { countDrops } from "../../src/task/ledger.js";
import { gateText } from "../../src/task/motion-gate.js";
import type { LedgerReported, SourceReport } from "../../src/task/reports.js";
import { renderFitting, terminalWidth } from "../tables.js";
import { err, out } from "../terminal.js";
import { describeCandidates } from "./describe-hosting.js";
import { gatedFramesText, unusedFramesText } from "../unused-frames.js";

/** A source that runs now, or whose node is away. */
export interface SourceLine {
  readonly source: SourceId;
  /** Null where none captures it. */
  readonly node: NodeName | null;
  /** `away` where its node does not say; `unhosted` where none of the nodes that may capture it does. */
  readonly status: LedgerReported["status"] | "away" | "unhosted";
  /** `ID@VERSION`; null before the scheduler has decided for it. */
  readonly pipeline: string | null;
  readonly created: number;
  readonly inFlight: number;
  readonly stored: number;
  readonly dropped: number;
  /** Frames that were read and are in no task. */
  readonly framesSkipped: number;
  /** Frames left out as nothing moved in them. */
  readonly framesGated: number;
  /** Which nodes may capture it, and which ones have; null where one node alone may. */
  readonly hosting: HostingReport | null;
  /** What the scheduler knows of it; null where it does not. */
  readonly scheduled: SourceReport | null;
  readonly configuration: Configuration | null;
  /** The first node of each stage. */
  readonly placement: Readonly<Record<string, string>>;
}

export interface SourcesFound {
  readonly lines: readonly SourceLine[];
  /** Nodes that did not answer, and why. */
  readonly silent: ReadonlyMap<NodeName, string>;
}

/** @returns the exit code: 1 where a node did not answer, so that its sources are not shown as they are */
export async function sources(operator: Operator, { json }: { readonly json: boolean }): Promise<number> {
  const { lines, silent } = await findSources(operator);
  if (json) out.json(lines);
  else if (lines.length === 0) out.line("No source runs");
  else out.lines(sourcesTable(lines, terminalWidth()));
  for (const [node, problem] of silent) err.line(`error: The sources of ${node} are not known: ${problem}`);
  return silent.size === 0 ? 0 : 1;
}

/** Asks every node, and the scheduler. */
export async function findSources(operator: Operator): Promise<SourcesFound> {
  const nodes = nodesOf(operator);
  const [{ table }, { sources: scheduled, hosted }, ...answers] = await Promise.all([
    operator.table(),
    operator.scheduled(),
    ...nodes.map((node) => operator.agent(node).sources().catch(errorText)),
  ]);
  const silent = new Map<NodeName, string>();
  const lines = new Map<string, SourceLine>();
  const add = (source: SourceId, node: NodeName | null, ledger: LedgerReported | null): void => {
    const route = table?.sources.get(source);
    lines.set(source, {
      source,
      node,
      status: ledger?.status ?? (node === null ? "unhosted" : "away"),
      pipeline: route === undefined ? null : `${route.pipelineId}@${route.pipelineVersion}`,
      created: ledger?.created ?? 0,
      inFlight: ledger?.inFlight ?? 0,
      stored: ledger?.stored ?? 0,
      dropped: countDrops(ledger?.dropped ?? {}),
      framesSkipped: ledger?.framesSkipped ?? 0,
      framesGated: ledger?.framesGated ?? 0,
      hosting: hosted[source] ?? null,
      scheduled: scheduled[source] ?? null,
      configuration: route?.configuration ?? null,
      placement: Object.fromEntries(
        [...(route?.placement ?? [])].map(([stage, [first = "-"]]) => [stage, first]),
      ),
    });
  };
  for (const [index, answer] of answers.entries()) {
    const node = nodes[index];
    if (node === undefined) continue;
    if (typeof answer === "string") silent.set(node, answer);
    // One that has lost its source to another node ends there soon.
    else
      for (const ledger of answer.ledgers)
        if (isHost(hosted, ledger.sourceId, node)) add(ledger.sourceId, node, ledger);
  }
  for (const [source, { host }] of Object.entries(hosted)) {
    if (!lines.has(source)) add(parseSourceId(source), host, null);
  }
  for (const [source, { node }] of Object.entries(scheduled)) {
    if (!lines.has(source)) add(parseSourceId(source), node, null);
  }
  return { lines: [...lines.values()], silent };
}

function isHost(hosted: Readonly<Record<string, HostingReport>>, source: SourceId, node: NodeName): boolean {
  const hosting = hosted[source];
  return hosting === undefined || hosting.host === node;
}

/** @param width columns of the terminal */
export function sourcesTable(lines: readonly SourceLine[], width: number): string {
  const unused = lines.reduce((sum, { framesSkipped }) => sum + framesSkipped, 0);
  const table = renderFitting(
    [
      { title: "source" },
      { title: "node", rank: 1 },
      { title: "state" },
      { title: "fps", align: "right" },
      { title: "p50/95 ms", align: "right" },
      { title: "late", align: "right" },
      { title: "drops", align: "right" },
      { title: "plan" },
      { title: "policy" },
      { title: "captured", rank: 2 },
      { title: "stored", align: "right", rank: 3 },
      { title: "unused", align: "right", rank: 4 },
      { title: "in flight", align: "right", rank: 5 },
      { title: "created", align: "right", rank: 6 },
      { title: "pipeline", rank: 7 },
    ],
    lines.map((line) => [
      line.source,
      line.node ?? "-",
      line.status,
      ...figuresCells(line.scheduled),
      line.dropped,
      planText(line),
      policyText(line),
      capturedText(line),
      line.stored,
      line.framesSkipped,
      line.inFlight,
      line.created,
      line.pipeline ?? "-",
    ]),
    width,
  );
  const fenced = lines.flatMap(({ source, scheduled }) => {
    if (scheduled === null || scheduled.fenced === null) return [];
    const { policy, fenced: why } = scheduled;
    return [
      `fenced: ${source}: ${policy.name} ${why}; the plan before it stays, and it is asked again later`,
    ];
  });
  const hosted = lines.flatMap(({ source, hosting }) => {
    if (hosting === null) return [];
    return [`${source}: ${hostText(hosting)}, of ${describeCandidates(hosting)}`];
  });
  const more = unused === 0 ? [] : [`unused: ${unusedFramesText(unused)}`];
  const gated = lines.flatMap(({ source, framesGated }) =>
    framesGated === 0 ? [] : [`gated: ${source}: ${gatedFramesText(framesGated)}`],
  );
  return [table, ...fenced, ...hosted, ...more, ...gated].join("\n");
}

/** Which node captures it; where that is not so now, why. */
function hostText({ host, status, detail }: HostingReport): string {
  const now = host === null ? "no node captures it" : `${host} captures it`;
  return status === "captured" ? now : `${now} (${status}: ${detail})`;
}

/** Which one decides, and whether it is kept from that for a while. */
function policyText({ scheduled }: SourceLine): string {
  if (scheduled === null) return "-";
  const { policy, fenced } = scheduled;
  return fenced === null ? policy.name : `${policy.name} (fenced)`;
}

/** Rate and latencies of late, and tasks beyond the objective; a dash where there is nothing to say. */
function figuresCells(scheduled: SourceReport | null): readonly string[] {
  if (scheduled === null) return ["-", "-", "-"];
  const { slo, figures } = scheduled;
  const { framesPerSecond, latencyMs, late } = figures;
  return [
    framesPerSecond.toFixed(1),
    latencyMs === null ? "-" : `${latencyMs.p50.toFixed(0)}/${latencyMs.p95.toFixed(0)}`,
    slo === null ? "-" : String(late),
  ];
}

/** Where its stages run, those of one node together. */
function planText({ placement }: SourceLine): string {
  const stages = Object.entries(placement);
  const nodes = [...new Set(stages.map(([, node]) => node))];
  if (nodes.length === 1 && nodes[0] !== undefined) return `all on ${nodes[0]}`;
  return stages.map(([stage, node]) => `${stage} on ${node}`).join("\n") || "-";
}

/** How it is captured; what an operator has set is marked. */
function capturedText({ configuration, scheduled }: SourceLine): string {
  if (configuration === null) return "-";
  const { width, height, fps, framesPerTask, encoding, quality, motionGate } = configuration;
  const gate = gateText(motionGate);
  const { ordered = {} } = scheduled ?? {};
  const mark = (...knobs: readonly (keyof Configuration)[]): string =>
    knobs.some((knob) => ordered[knob] !== undefined) ? "*" : "";
  return [
    `${width}x${height}${mark("width", "height")} @ ${fps}${mark("fps")}`,
    `${framesPerTask}${mark("framesPerTask")} a task, ${encoding}${mark("encoding")}`,
    ...(encoding === "jpeg" ? [`quality ${quality}${mark("quality")}`] : []),
    ...(gate === "" ? [] : [`${gate}${mark("motionGate")}`]),
    ...(Object.keys(ordered).length === 0 ? [] : ["* set by an operator"]),
  ].join("\n");
}
