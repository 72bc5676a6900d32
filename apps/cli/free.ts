/** `sluice free`: takes the name of a source, or a version of a pipeline, from the node that has it, so that another one may have it. */

import type { Operator } from "../../src/operator/operator.js";
import { out } from "../terminal.js";
import { SluiceError } from "../../src/task/errors.js";
import { parsePipelineId, parseSourceId } from "../../src/task/identity.js";
import { suggestName } from "../../src/task/nearest-name.js";

/** @param name of a source, or `PIPELINE@VERSION` */
export async function free(operator: Operator, name: string): Promise<number> {
  const [id = "", version] = name.split("@");
  if (version === undefined) await freeSource(operator, name);
  else await freeVersion(operator, id, version);
  out.line(`${name} is free`);
  return 0;
}

async function freeSource(operator: Operator, source: string): Promise<void> {
  const id = parseSourceId(source);
  if ((await operator.freeSource(id)) !== null) return;
  const { explanations } = await operator.table();
  const text = `Cannot free "${id}" as no node has a source of that name${suggestName(id, Object.keys(explanations))}`;
  throw new SluiceError(text, { code: "source-invalid" });
}

async function freeVersion(operator: Operator, id: string, version: string): Promise<void> {
  if (
    /^\d{1,15}$/.test(version) &&
    (await operator.freeVersion(parsePipelineId(id), Number(version))) !== null
  ) {
    return;
  }
  const text = `Cannot free "${id}@${version}" as it is no version of a pipeline that a node has: name one as PIPELINE@VERSION`;
  throw new SluiceError(text, { code: "pipeline-invalid" });
}
