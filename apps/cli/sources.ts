/** `sluice sources` and `sluice stop`: what runs where, and the end of it. */

import { CodedError, errorText } from "../../src/runtime/errors.js";
import type { Operator } from "../../src/operator/operator.js";
import { SluiceError } from "../../src/task/errors.js";
import { parseSourceId, type NodeName, type SourceId } from "../../src/task/identity.js";
import { countDrops } from "../../src/task/ledger.js";
import { suggestName } from "../../src/task/nearest-name.js";
import type { LedgerReported } from "../../src/task/reports.js";
import { renderFitting, terminalWidth } from "../tables.js";
import { err, out } from "../terminal.js";
import { unusedFramesText } from "../unused-frames.js";

/** A source as one that runs now. */
export interface SourceLine {
  readonly source: SourceId;
  readonly node: NodeName;
  readonly status: LedgerReported["status"];
  /** `ID@VERSION`; null before the scheduler has decided for it. */
  readonly pipeline: string | null;
  readonly created: number;
  readonly inFlight: number;
  readonly stored: number;
  readonly dropped: number;
  /** Frames that were read and are in no task. */
  readonly framesSkipped: number;
}

/** @returns the exit code: 1 where a node did not answer, so that its sources are not shown */
export async function sources(operator: Operator, { json }: { readonly json: boolean }): Promise<number> {
  const { lines, silent } = await look(operator);
  if (json) out.json(lines);
  else if (lines.length === 0) out.line("No source runs");
  else out.lines(sourcesTable(lines, terminalWidth()));
  for (const [node, problem] of silent) err.line(`error: The sources of ${node} are not known: ${problem}`);
  return silent.size === 0 ? 0 : 1;
}

/**
 * Ends a source for good, wherever it runs.
 *
 * @throws SluiceError `source-missing` where no node has one of that name
 */
export async function stop(
  operator: Operator,
  source: string,
  { json }: { readonly json: boolean },
): Promise<number> {
  const id = parseSourceId(source);
  const { lines, silent } = await look(operator);
  const running = lines.filter((line) => line.source === id);
  const ended: NodeName[] = [];
  // One that could not go on with its node runs nowhere, and is in that node's journal all the same.
  for (const node of running.length > 0 ? running.map((line) => line.node) : nodesOf(operator)) {
    if (running.length > 0 && !json) err.line(`Stopping ${id} on ${node}: waiting for tasks in progress`);
    if (await endOn(operator, node, id)) ended.push(node);
  }
  const [node] = ended;
  if (node === undefined) {
    const known = lines.map((line) => line.source);
    const away = silent.size === 0 ? "" : `; not known are those of ${[...silent.keys()].join(", ")}`;
    throw new SluiceError(
      `Cannot stop "${id}" as no node has a source of that name${suggestName(id, known)}${away}; see "sluice sources"`,
      { code: "source-missing" },
    );
  }
  if (json) out.json({ source: id, node, ended: true });
  else out.line(`${id} is ended on ${node}`);
  return 0;
}

async function endOn(operator: Operator, node: NodeName, id: SourceId): Promise<boolean> {
  try {
    await operator.agent(node).drainSource(id);
    return true;
  } catch (error) {
    if (error instanceof CodedError && error.code === "source-missing") return false;
    throw error;
  }
}

function nodesOf({ cluster }: Operator): readonly NodeName[] {
  return [...cluster.members.values()]
    .filter(({ roles }) => !roles.includes("operator"))
    .map(({ name }) => name);
}

async function look(operator: Operator): Promise<{
  readonly lines: readonly SourceLine[];
  /** Nodes that did not answer, and why. */
  readonly silent: ReadonlyMap<NodeName, string>;
}> {
  const nodes = nodesOf(operator);
  const [{ table }, ...answers] = await Promise.all([
    operator.table(),
    ...nodes.map((node) => operator.agent(node).sources().catch(errorText)),
  ]);
  const silent = new Map<NodeName, string>();
  const lines = answers.flatMap((answer, index) => {
    const node = nodes[index];
    if (node === undefined) return [];
    if (typeof answer !== "string") return answer.ledgers.map((ledger) => lineOf(node, ledger));
    silent.set(node, answer);
    return [];
  });
  return { lines, silent };

  function lineOf(node: NodeName, ledger: LedgerReported): SourceLine {
    const { sourceId, status, created, inFlight, stored, dropped, framesSkipped } = ledger;
    const route = table?.sources.get(sourceId);
    const pipeline = route === undefined ? null : `${route.pipelineId}@${route.pipelineVersion}`;
    return {
      source: sourceId,
      node,
      status,
      pipeline,
      created,
      inFlight,
      stored,
      dropped: countDrops(dropped),
      framesSkipped,
    };
  }
}

/** @param width of the terminal, in columns */
export function sourcesTable(lines: readonly SourceLine[], width: number): string {
  const unused = lines.reduce((sum, { framesSkipped }) => sum + framesSkipped, 0);
  const table = renderFitting(
    [
      { title: "source" },
      { title: "node" },
      { title: "status" },
      { title: "pipeline", rank: 2 },
      { title: "created", align: "right", rank: 1 },
      { title: "in flight", align: "right" },
      { title: "stored", align: "right" },
      { title: "dropped", align: "right" },
      { title: "unused", align: "right" },
    ],
    lines.map(({ source, node, status, pipeline, ...counts }) => [
      source,
      node,
      status,
      pipeline ?? "-",
      counts.created,
      counts.inFlight,
      counts.stored,
      counts.dropped,
      counts.framesSkipped,
    ]),
    width,
  );
  return unused === 0 ? table : `${table}\nunused: ${unusedFramesText(unused)}`;
}
