/** Reads what a run is given: the pipeline file, the names of its sources, the configuration. */

import { readFile, stat } from "node:fs/promises";
import { basename, extname } from "node:path";
import { SluiceError } from "../../src/task/errors.js";
import type { PolicySpec } from "../../src/task/requests.js";
import { parseConfiguration, type Configuration } from "../../src/task/configuration.js";
import { parseSourceId, type SourceId } from "../../src/task/identity.js";
import { parsePipelineFile, type PipelineFile } from "../../src/task/pipeline-file.js";
import type { ServiceDeclaration } from "../../src/task/service.js";
import { errorText } from "../../src/runtime/errors.js";
import { UsageError } from "../command-line.js";
import type { StartOptions } from "./start-options.js";
import { fileNamePart } from "../../src/runtime/safe-text.js";
import { readPolicy } from "../parameters.js";

/** @throws SluiceError `pipeline-invalid` */
export async function readPipeline(
  path: string,
  services: ReadonlyMap<string, ServiceDeclaration>,
): Promise<PipelineFile> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const problem =
      code === "ENOENT" || code === "ENOTDIR"
        ? "there is no such file: check the path"
        : code === "EISDIR"
          ? "it is a directory: name a file in it"
          : errorText(error);
    throw new SluiceError(`Cannot read pipeline "${path}" as ${problem}`, {
      code: "pipeline-invalid",
      cause: error,
    });
  }
  return parsePipelineFile(text, path, services);
}

export interface ConfigurationFlags {
  readonly fps?: number;
  readonly resolution?: string;
  readonly framesPerTask?: number;
  readonly encoding?: string;
  readonly quality?: number;
  readonly motionGate?: unknown;
}

/** The knobs that the options set. */
export function configurationGiven(flags: ConfigurationFlags): Readonly<Record<string, unknown>> {
  const { fps, resolution, framesPerTask, encoding, quality, motionGate } = flags;
  return {
    ...(fps !== undefined && { fps }),
    ...(resolution !== undefined && { resolution }),
    ...(framesPerTask !== undefined && { framesPerTask }),
    ...(encoding !== undefined && { encoding }),
    ...(quality !== undefined && { quality }),
    ...(motionGate !== undefined && { motionGate }),
  };
}

/** The configuration that the options ask for, over the pipeline's. @throws UsageError */
export function configurationOf(options: ConfigurationFlags, base: Configuration): Configuration {
  const flags = configurationGiven(options);
  try {
    return parseConfiguration(flags, base);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}

export function policyOf(options: StartOptions, ofPipeline: PolicySpec | null): PolicySpec {
  return readPolicy(options) ?? ofPipeline ?? { name: "edge-only", parameters: {} };
}

/** Names each source after its file or host, with a number where two would be alike. */
export function nameSources(
  texts: readonly string[],
): readonly { readonly id: SourceId; readonly text: string }[] {
  const used = new Set<string>();
  return texts.map((text) => {
    const plain = plainName(text);
    let name = plain;
    // The name of another one may end in a number, too.
    for (let count = 2; used.has(name); count++) name = `${plain}-${count}`;
    used.add(name);
    return { id: parseSourceId(name), text };
  });
}

function plainName(given: string): string {
  const text = given.replace(/^loop:/, "");
  const url = /^[a-z][a-z0-9+.-]+:\/\//i.test(text);
  // Never of what stands before the host, where a password may be.
  const name = url ? (URL.canParse(text) ? new URL(text).hostname : "") : basename(text, extname(text));
  return name === "" ? "source" : fileNamePart(name.replaceAll(".", "-"), 48);
}

/** @throws SluiceError `model-missing` */
export async function checkModelDir(path: string | null): Promise<void> {
  if (path === null) return;
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory()) return;
  throw new SluiceError(`Cannot find models in "${path}" as it is not a folder: name one with --model-dir`, {
    code: "model-missing",
  });
}
