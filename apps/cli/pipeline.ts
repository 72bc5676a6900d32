/** `sluice pipeline`: a running source moves to another pipeline, or to another version of its own. */

import { readFile } from "node:fs/promises";
import type { Operator } from "../../src/operator/operator.js";
import { SERVICES } from "../../src/services/catalogue.js";
import { SluiceError } from "../../src/task/errors.js";
import { parseSourceId, pipelineKeyText } from "../../src/task/identity.js";
import { suggestName } from "../../src/task/nearest-name.js";
import { readPipeline } from "../start/inputs.js";
import { err, out } from "../terminal.js";

/** @throws SluiceError `pipeline-invalid` and whatever else is wrong with the file: the source goes on as before; `source-missing` */
export async function movePipeline(operator: Operator, source: string, file: string): Promise<number> {
  const id = parseSourceId(source);
  // A mistake in the file is reported here, with its own name and line.
  const { pipeline } = await readPipeline(file, SERVICES);
  const scheduled = await operator.sources();
  const node = scheduled[id]?.node;
  if (node === undefined) {
    const text = `Cannot move "${id}" to another pipeline as no source of that name runs${suggestName(id, Object.keys(scheduled))}; see "sluice sources"`;
    throw new SluiceError(text, { code: "source-missing" });
  }
  err.line(`Moving ${id} on ${node}: tasks in progress end by the pipeline that they have`);
  await operator.agent(node).movePipeline(id, { text: await readFile(file, "utf8"), name: file });
  out.line(`${id} walks ${pipelineKeyText(pipeline.id, pipeline.version)} on ${node}`);
  return 0;
}
