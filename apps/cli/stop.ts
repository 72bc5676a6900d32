/** `sluice stop`: the end of a source, wherever it runs. */

import { CodedError } from "../../src/runtime/errors.js";
import { nodesOf } from "../../src/operator/nodes-of.js";
import type { Operator } from "../../src/operator/operator.js";
import { SluiceError } from "../../src/task/errors.js";
import { parseSourceId, type NodeName, type SourceId } from "../../src/task/identity.js";
import { suggestName } from "../../src/task/nearest-name.js";
import { err, out } from "../terminal.js";
import { findSources } from "./sources.js";

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
  const hosting = (await operator.hosted())[id];
  // No other node is to take it over meanwhile.
  if (hosting !== undefined) await operator.endHosting(id);
  const { lines, silent } = await findSources(operator);
  const running = lines.flatMap(({ source: of, status, node: on }) =>
    of === id && status !== "away" && on !== null ? [on] : [],
  );
  const ended: NodeName[] = [];
  // One that could not go on with its node runs nowhere, and is in that node's journal all the same.
  for (const node of running.length > 0 ? running : nodesOf(operator)) {
    if (running.length > 0 && !json) err.line(`Stopping ${id} on ${node}: waiting for tasks in progress`);
    if (await endOn(operator, node, id)) ended.push(node);
  }
  const [node = null] = ended;
  if (node === null && hosting?.host === null) {
    if (json) out.json({ source: id, node, ended: true });
    else out.line(`${id} is ended; it was waiting for a node`);
    return 0;
  }
  if (node === null) {
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
