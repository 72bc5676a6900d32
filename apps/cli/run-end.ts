/** How a run of a source ends in a terminal. */

import type { Operator } from "../../src/operator/operator.js";
import type { SourceId } from "../../src/task/identity.js";
import type { SourceRequest } from "../../src/task/requests.js";
import { foundTable } from "../found-text.js";
import { err, out } from "../terminal.js";
import { foundOfRun } from "./found-of-run.js";
import type { SourceEnd } from "./shown-source.js";
import type { watchStages } from "./watch-stages.js";

export interface StatedRun {
  readonly operator: Operator;
  readonly request: SourceRequest;
  /** How its results are seen. */
  readonly hint: string;
}

/** @returns the exit code */
export async function sayEnd(
  { operator, id, hint }: Pick<StatedRun, "operator" | "hint"> & { readonly id: SourceId },
  { problem, ledger }: SourceEnd,
  stages: ReturnType<typeof watchStages>,
): Promise<number> {
  if (ledger !== null && ledger.stored > 0) {
    out.lines(`${foundTable(await foundOfRun(operator, id, ledger.incarnation))}\n${hint}`);
  }
  if (problem === null) return 0;
  err.line(`error: ${problem}`);
  if (ledger !== null) for (const line of await stages.unsaid().catch(() => [])) err.line(line);
  return 1;
}
