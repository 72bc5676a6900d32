/** `sluice free`: takes the name of a source from the node that has it, so that another one may have it. */

import type { Operator } from "../../src/operator/operator.js";
import { out } from "../terminal.js";
import { SluiceError } from "../../src/task/errors.js";
import { parseSourceId } from "../../src/task/identity.js";
import { suggestName } from "../../src/task/nearest-name.js";

export async function free(operator: Operator, source: string): Promise<number> {
  const id = parseSourceId(source);
  if ((await operator.freeSource(id)) === null) {
    const { explanations } = await operator.table();
    const text = `Cannot free "${id}" as no node has a source of that name${suggestName(id, Object.keys(explanations))}`;
    throw new SluiceError(text, { code: "source-invalid" });
  }
  out.line(`${id} is free`);
  return 0;
}
