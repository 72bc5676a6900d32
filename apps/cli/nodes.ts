/** `sluice nodes`: the nodes of the cluster, and the state of each. */

import { countDrops } from "../../src/task/ledger.js";
import { describeRepair } from "../../src/storage/repairs.js";
import type { Operator } from "../../src/operator/operator.js";
import type { ResourceSample } from "../../src/task/reports.js";
import type { Member } from "../../src/transport/cluster/cluster.js";
import { stageKeyText } from "../../src/task/identity.js";
import { describeSwap, shortVersion, type ModelInUse } from "../../src/task/model-in-use.js";
import type { NodeCapacity, StageFailure } from "../../src/task/offers.js";
import type { NodeDescription } from "../../src/task/requests.js";
import { renderFitting, terminalWidth } from "../tables.js";
import { formatBytes, formatDuration } from "./units.js";
import { out } from "../terminal.js";

export interface NodeLine {
  readonly name: string;
  readonly roles: readonly string[];
  readonly session: number;
  readonly url: string | null;
  readonly pid: number;
  readonly version: string;
  readonly joinedAtMs: number;
  /** To the hub; null where none was measured. */
  readonly rttMs: number | null;
  readonly sample: ResourceSample | null;
  /** What it can load; null before it has registered. */
  readonly offer: NodeDescription | null;
  /** Stages that are not placed there, as they could not be loaded. */
  readonly failures: readonly StageFailure[];
  /** Which versions of their models its stages run. */
  readonly running: readonly ModelInUse[];
}

export async function nodeLines(operator: Operator, all: boolean): Promise<readonly NodeLine[]> {
  const reported = await operator.nodes();
  const known = new Map(reported.nodes.map((node) => [node.description.name, node]));
  const hub = known.get(operator.cluster.hub)?.sample ?? null;
  return [...operator.cluster.members.values()]
    .filter(({ roles }) => all || !roles.includes("operator"))
    .map((member: Member) => ({
      name: member.name,
      roles: member.roles,
      session: member.session,
      url: member.url,
      pid: member.pid,
      version: member.version,
      joinedAtMs: member.joinedAtMs,
      rttMs: hub?.links[member.name]?.rttMs ?? null,
      sample: known.get(member.name)?.sample ?? null,
      offer: known.get(member.name)?.description ?? null,
      failures: known.get(member.name)?.failures ?? [],
      running: known.get(member.name)?.running ?? [],
    }));
}

/** @param width columns of the terminal */
export function nodesTable(lines: readonly NodeLine[], nowMs: number, width: number): string {
  return renderFitting(
    [
      { title: "node" },
      { title: "roles" },
      { title: "address", rank: 6 },
      { title: "pid", align: "right", rank: 7 },
      { title: "up", align: "right", rank: 1 },
      { title: "rtt ms", align: "right" },
      { title: "cpu", align: "right" },
      { title: "memory", align: "right" },
      { title: "stall ms", align: "right", rank: 5 },
      { title: "in", align: "right", rank: 4 },
      { title: "out", align: "right", rank: 3 },
      { title: "stages", align: "right", rank: 2 },
      { title: "dropped", align: "right" },
    ],
    lines.map(({ name, roles, url, pid, joinedAtMs, rttMs, sample }) => [
      name,
      roles.join(", "),
      url ?? "through the hub",
      pid,
      formatDuration(Math.max(0, nowMs - joinedAtMs)),
      rttMs?.toFixed(2) ?? "-",
      sample === null ? "-" : `${(sample.cpuShare * 100).toFixed(0)} %`,
      sample === null ? "-" : formatBytes(sample.residentBytes),
      sample?.loopStallMs.toFixed(0) ?? "-",
      ...flow(sample?.counts),
    ]),
    width,
  );
}

/** Branches of tasks that entered a node and left it, stages it ran, and tasks it dropped. */
function flow(counts: ResourceSample["counts"]): readonly (string | number)[] {
  if (counts === undefined) return ["-", "-", "-", "-"];
  const { admitted, received, forwarded, finished, processed, dropped } = counts;
  return [admitted + received, forwarded + finished, processed, countDrops(dropped)];
}

/** What nodes cannot write now, a line each. */
export function failuresText(lines: readonly NodeLine[]): string {
  return lines
    .flatMap(({ name, sample }) => (sample?.failures ?? []).map((failure) => `${name}: ${failure}\n`))
    .join("");
}

/** Damage to the stores and journals of nodes, a line each. */
function repairsText(lines: readonly NodeLine[], nowMs: number): string {
  return lines
    .flatMap(({ name, sample }) =>
      (sample?.repairs ?? []).map((repair) => {
        const ago = formatDuration(Math.max(0, nowMs - repair.atMs));
        return `${ago} ago: ${describeRepair(`node "${name}"`, repair)}\n`;
      }),
    )
    .join("");
}

/** What each node can load, and then what it could not, a line each. */
function offersText(lines: readonly NodeLine[], width: number): string {
  const rows = lines.flatMap(({ name, offer }) => (offer === null ? [] : [[name, ...offerCells(offer)]]));
  const columns = ["node", "offers", "model files", "runs on"].map((title) => ({ title }));
  const failed = lines.flatMap(({ name, failures }) =>
    failures.map(
      ({ stage, reason, retryInMs }) =>
        `${name} cannot run ${stageKeyText(stage)}: ${reason} (tried again in ${formatDuration(retryInMs)})\n`,
    ),
  );
  return `${renderFitting(columns, rows, width)}\n${failed.join("")}${runningText(lines)}`;
}

/** With which version of its model each stage runs, a line each: a file may be another one than when its node began to offer it. */
function runningText(lines: readonly NodeLine[]): string {
  return lines
    .flatMap(({ name, running }) =>
      running.map((model) => {
        const { stage, file, version, refused } = model;
        if (refused !== undefined) return `${describeSwap(model, name)}\n`;
        return `${name} runs ${stageKeyText(stage)} with ${file} (${shortVersion(version)})\n`;
      }),
    )
    .join("");
}

function offerCells({ services, models = [], capacity }: NodeDescription): readonly string[] {
  const files = models.map(
    ({ file, sha256, at }) => `${file} (${sha256.slice(0, 8)}${at === "hub" ? ", can fetch" : ""})`,
  );
  return [
    services.toSorted().join(", ") || "-",
    files.join(", ") || "-",
    capacity === undefined ? "-" : capacityText(capacity),
  ];
}

function capacityText({ provider, workersPerStage, workersMax, cores, ...limits }: NodeCapacity): string {
  const workers = workersMax === undefined ? "" : `, ${workersMax} workers`;
  const { stagesMax, memoryBytesMax } = limits;
  const stages =
    stagesMax === undefined ? "" : `, at most ${stagesMax} ${stagesMax === 1 ? "stage" : "stages"}`;
  const memory = memoryBytesMax === undefined ? "" : ` and ${formatBytes(memoryBytesMax)}`;
  const on = cores === undefined ? "" : `, ${Number(cores.toFixed(2))} cores`;
  return `${provider}, ${workersPerStage} a stage${workers}${on}${stages}${memory}`;
}

export async function nodes(
  operator: Operator,
  command: { readonly json: boolean; readonly all: boolean },
): Promise<number> {
  const lines = await nodeLines(operator, command.all);
  const nowMs = operator.system.clock.now();
  if (command.json) out.json(lines);
  else
    out.lines(
      `${nodesTable(lines, nowMs, terminalWidth())}\n${offersText(lines, terminalWidth())}${failuresText(lines)}${repairsText(lines, nowMs)}`.trimEnd(),
    );
  return 0;
}
