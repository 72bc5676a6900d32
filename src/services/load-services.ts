/** Services of one's own from modules: code that whoever runs a node names, and that never comes from the wire. */

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { errorText } from "../runtime/errors.js";
import { parseWith, z } from "../runtime/parse.js";
import { SluiceError } from "../task/errors.js";
import { NAME } from "../task/limits.js";
import type { ServiceDeclaration } from "../task/service.js";
import { SERVICES } from "./catalogue.js";

const name = z.string("wanted a name").regex(NAME, "wanted a name");

const Exports = z.object({
  services: z
    .array(
      z.object({
        name,
        summary: z.string("wanted a sentence"),
        inputs: z.array(z.string(), "wanted a list of data types"),
        output: z.string("wanted a data type"),
        stateful: z.boolean("wanted true or false"),
        framesMin: z.number("wanted a number of frames").int().min(1).exactOptional(),
        model: z.object({ parameter: z.string(), file: z.string().exactOptional() }).exactOptional(),
        module: z.url("wanted the URL of a module, as import.meta.url is one"),
      }),
      "wanted a list of services",
    )
    .min(1, "wanted a service"),
});

/**
 * Reads ES modules that export `services`, a list of declarations, each with the URL of the module that a worker thread imports.
 *
 * @returns them beside the services that come with Sluice, by name
 * @throws SluiceError `service-unknown` where one cannot be loaded, exports none, or takes a name that is taken
 */
export async function loadServices(
  files: readonly string[],
): Promise<ReadonlyMap<string, ServiceDeclaration>> {
  const known = new Map(SERVICES);
  for (const file of files) {
    const refusal = (problem: string, cause?: unknown): SluiceError =>
      new SluiceError(`Cannot use the services of "${file}": ${problem}`, {
        code: "service-unknown",
        details: { file },
        ...(cause !== undefined && { cause }),
      });
    let exported: unknown;
    try {
      exported = await import(pathToFileURL(resolve(file)).href);
    } catch (thrown) {
      throw refusal(errorText(thrown), thrown);
    }
    const parsed = parseWith(Exports, Object.assign({}, exported));
    if (!parsed.ok) throw refusal(parsed.problem);
    for (const service of parsed.value.services) {
      if (known.has(service.name))
        throw refusal(`there is a service "${service.name}" already: give it another name`);
      known.set(service.name, service);
    }
  }
  return known;
}
