/** `sluice profile`: what each stage of a source took on each node at each size, from its stored results, as policies read it. */

import type { Operator } from "../../src/operator/operator.js";
import { ProfileBuilder } from "../../src/scheduling/profile.js";
import { iterateRecords } from "../../src/storage/results/read-store.js";
import { SluiceError } from "../../src/task/errors.js";
import { parseSourceId, pipelineKeyText } from "../../src/task/identity.js";
import { out } from "../terminal.js";

export interface ProfileCommand {
  /** Results stored not longer ago than this, in ms. */
  readonly since?: number;
}

/** @returns the exit code; @throws SluiceError `source-invalid` where there is no result of a pipeline that is known */
export async function profile(
  operator: Operator,
  source: string,
  { since }: ProfileCommand,
): Promise<number> {
  const id = parseSourceId(source);
  const { table } = await operator.table();
  const builder = new ProfileBuilder();
  const sinceMs = since === undefined ? undefined : Date.now() - since;
  for await (const record of iterateRecords(operator, {
    sourceId: id,
    ...(sinceMs !== undefined && { sinceMs }),
  })) {
    if (record.type !== "result" || table === null) continue;
    const pipeline = table.pipelines.get(pipelineKeyText(record.pipelineId, record.pipelineVersion));
    if (pipeline !== undefined) builder.add(record, pipeline);
  }
  const entries = builder.profile();
  if (entries.length === 0) {
    throw new SluiceError(
      `Cannot make a profile of "${id}" as it has no result of a pipeline that the hub knows: let it run, with the policy latency-collector for all nodes and sizes`,
      { code: "source-invalid" },
    );
  }
  out.json(entries);
  return 0;
}
