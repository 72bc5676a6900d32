/** A hub's configuration file, which is outside data until everything in it has been checked. Each error is one line, `file:line: problem`. */

import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { errorText } from "../../../src/runtime/errors.js";
import { parseWith, z, type Problem } from "../../../src/runtime/parse.js";
import { SluiceError } from "../../../src/task/errors.js";
import { suggestName } from "../../../src/task/nearest-name.js";
import type { SecretPlace } from "../../../src/sinks/secret.js";
import type { SinkSettings } from "../../../src/sinks/sink-settings.js";
import { parseYaml } from "../../../src/task/yaml.js";
import { HUB_FILE, type HubFile } from "./hub-form.js";
import { fromFolder, isSection, type Entries } from "./setting.js";

/** A file that was read. */
export interface ReadHubFile {
  readonly path: string;
  /** Relative paths are from here. */
  readonly folder: string;
  readonly values: HubFile;
  /** As it was written, with paths as they are typed: for what compares and prints. */
  readonly written: Readonly<Record<string, unknown>>;
}

const LIMITS = { bytesMax: 1024 * 1024, tokensMax: 200_000, depthMax: 32, valuesMax: 100_000 };

/** @throws SluiceError `configuration-invalid` with the line and what to write instead */
export async function readHubFile(path: string): Promise<ReadHubFile> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new SluiceError(
      `Cannot read configuration "${path}": ${errorText(error)}; name a file with --config`,
      {
        code: "configuration-invalid",
        cause: error,
      },
    );
  }
  return parseHubFile(text, path);
}

/** @param path for errors and relative paths; nothing is opened. @throws SluiceError `configuration-invalid` */
export function parseHubFile(text: string, path: string): ReadHubFile {
  const at = (line: number | null, problem: string): string =>
    `${line === null ? path : `${path}:${line}`}: ${problem.replaceAll(/\s*\n\s*/g, " ")}`;
  const fail = (message: string, line: number | null): never => {
    throw new SluiceError(message, { code: "configuration-invalid", details: { path, line } });
  };
  const read = parseYaml(text, LIMITS);
  if (!read.ok) return fail(at(read.line, `Cannot read this as YAML: ${read.problem}`), read.line);
  // A file of comments alone says nothing, and is one.
  const value = read.value ?? {};
  const parsed = parseWith(FORM, value);
  if (!parsed.ok) {
    const lines = parsed.problems.map((problem) => at(read.lineOf(problem.path), describe(problem)));
    return fail(lines.join("; "), read.lineOf(parsed.path));
  }
  const folder = dirname(resolve(path));
  return {
    path,
    folder,
    values: withPaths(parsed.value as HubFile, folder),
    written: value as Readonly<Record<string, unknown>>,
  };
}

function formOf(entries: Entries): z.ZodType {
  const fields = Object.entries(entries).map(([name, entry]) => {
    // A section whose lines are all comments is null, and says nothing.
    const form = isSection(entry)
      ? z.preprocess((value) => value ?? undefined, formOf(entry.settings).optional())
      : entry.form.optional();
    return [name, form] as const;
  });
  return z.strictObject(Object.fromEntries(fields), {
    error: ({ code }) => (code === "invalid_type" ? "wanted settings by name" : undefined),
  });
}

const FORM = formOf(HUB_FILE);

/** Where it is and what is wrong; of a name that is not known, the one that was probably meant. */
function describe({ text, path }: Problem): string {
  const last = path.at(-1);
  const otherwise = path.length === 0 ? text : `"${path.join(".")}": ${text}`;
  let entries: Entries = HUB_FILE;
  for (const step of path.slice(0, -1)) {
    const entry = typeof step === "string" ? entries[step] : undefined;
    if (entry === undefined || !isSection(entry)) return otherwise;
    entries = entry.settings;
  }
  if (typeof last !== "string" || last in entries) return otherwise;
  return `there is no setting "${path.join(".")}"${suggestName(last, Object.keys(entries))}`;
}

/** Paths from the folder of the file on. */
function withPaths(values: HubFile, folder: string): HubFile {
  const at = (path: string): string => fromFolder(folder, path);
  const { tls, store, journal, models, services, policies, operators, sources, sinks } = values;
  return {
    ...values,
    ...(tls && {
      tls: {
        ...(tls.certificate !== undefined && { certificate: at(tls.certificate) }),
        ...(tls.key !== undefined && { key: at(tls.key) }),
      },
    }),
    ...(store !== undefined && { store: at(store) }),
    ...(journal !== undefined && { journal: at(journal) }),
    ...(models !== undefined && { models: at(models) }),
    ...(services && { services: services.map(at) }),
    ...(policies?.files && { policies: { ...policies, files: policies.files.map(at) } }),
    ...(operators?.folders && { operators: { ...operators, folders: operators.folders.map(at) } }),
    ...(sinks && { sinks: sinks.map((sink) => sinkFrom(sink, at)) }),
    ...(sources && {
      sources: sources.map((source) => ({
        ...source,
        pipeline: at(source.pipeline),
        source: isFile(source.source) ? at(source.source) : source.source,
      })),
    }),
  };
}

function sinkFrom(sink: SinkSettings, at: (path: string) => string): SinkSettings {
  const secretAt = (secret: SecretPlace): SecretPlace =>
    "file" in secret ? { file: at(secret.file) } : secret;
  switch (sink.type) {
    case "file":
      return { ...sink, path: at(sink.path) };
    case "webhook":
      return { ...sink, ...(sink.secret && { secret: secretAt(sink.secret) }) };
    case "mqtt":
      return { ...sink, ...(sink.password && { password: secretAt(sink.password) }) };
    case "traces":
      return {
        ...sink,
        headers: Object.fromEntries(
          Object.entries(sink.headers).map(([name, value]) => [
            name,
            typeof value === "string" ? value : secretAt(value),
          ]),
        ),
      };
    default:
      return sink;
  }
}

/** Neither an address nor a scene. */
function isFile(source: string): boolean {
  return !/^[a-z][a-z0-9+.-]*:/i.test(source);
}
