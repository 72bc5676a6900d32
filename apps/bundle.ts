/**
 * Makes a few files of the many that the compiler has written, and of the libraries that are nothing but JavaScript: a process
 * that starts then opens a dozen files instead of some eight hundred. Programs, threads and the package's modules come
 * from here (`dist/program`); tests import the modules one by one. Why, and by what: docs/decisions/0019.
 */

import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown, type OutputChunk, type Plugin } from "rolldown";

const COMPILED = fileURLToPath(new URL("..", import.meta.url));
const PROGRAM = join(COMPILED, "program");

/** Run as they are loaded, so nobody else may load them. */
const PROGRAMS = [
  "apps/sluice",
  "apps/start",
  "apps/start/edge",
  "apps/simulate",
  "apps/chaos",
  "apps/examples/operate",
  "apps/examples/own-policy",
  "apps/examples/own-service",
  "src/actors/processor/worker",
  "src/node/agent/pipeline-reader",
  "src/node/pictures/encoder-worker",
  "src/actors/scheduler/decision-worker",
].map(compiled);

const SERVICES = [
  "classification",
  "colour-classification",
  "detection",
  "face-detection",
  "motion-detection",
  "object-detection",
  "tracking",
];

const ENTRIES = new Map<string, string>([
  ...PROGRAMS.map((path) => [path, basename(path, ".js")] as const),
  ...SERVICES.map((name) => [compiled(serviceModule(name)), name] as const),
  [compiled("apps/examples/brightness-service"), "brightness-service"],
  [compiled("src/index"), "index"],
  [compiled("src/runtime/index"), "runtime"],
]);

/**
 * From what a thread needs to what few processes do: a file of its own for what each needs beyond those before it. Whatever is left is
 * split by who imports it.
 */
const LAYERS: readonly (readonly [name: string, of: readonly string[]])[] = [
  // A thread of a stage loads no inference that the stage has no use for: it costs each thread some 20 MB.
  ["thread", ["src/actors/processor/worker"]],
  ["vision", ["tracking", "colour-classification"].map(serviceModule)],
  ["yaml", ["src/task/yaml"]],
  // What hubs and edges need of models without opening any: they load no more of it.
  ["model-files", ["src/services/models/library"]],
  ["inference", ["motion-detection", "face-detection", "object-detection"].map(serviceModule)],
  ["models", ["detection", "classification"].map(serviceModule)],
  ["decisions", ["src/actors/scheduler/decision-worker"]],
  ["pipelines", ["src/node/agent/pipeline-reader"]],
  ["command-line", ["apps/cli/commands", "apps/program", "apps/start/options"]],
  ["operator", ["src/operator/operator"]],
  ["node", ["src/node/node"]],
  ["hub", ["apps/cli/hub"]],
  ["index", ["src/index"]],
];

/** Libraries that look for files beside their own: native ones, and what finds a program; and what only few hubs ever load. */
const OUTSIDE =
  /^(?:sharp|onnxruntime-node|mqtt|classic-level|systeminformation|@ffmpeg-installer\/ffmpeg)(?:\/|$)/;

await bundle();

async function bundle(): Promise<void> {
  rmSync(PROGRAM, { recursive: true, force: true });
  const made = await rolldown({
    input: Object.fromEntries([...ENTRIES].map(([path, name]) => [name, path])),
    platform: "node",
    external: (id) => OUTSIDE.test(id) || id.includes("lib-cov"),
    preserveEntrySignatures: "allow-extension",
    plugins: [asCompiled()],
    logLevel: "warn",
  });
  const { output } = await made.write({
    dir: PROGRAM,
    format: "esm",
    sourcemap: true,
    sourcemapExcludeSources: true,
    // Names and lines stay, for stacks: a log gives places in these files.
    minify: false,
    // A third of the text, which every start would read.
    comments: false,
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
    codeSplitting: { groups: LAYERS.map(groupOf) },
  });
  const chunks = output.filter((file): file is OutputChunk => file.type === "chunk");
  chmodSync(join(PROGRAM, "sluice.js"), 0o755);
  writeFileSync(join(PROGRAM, "LICENSES.txt"), licencesOf(chunks.flatMap(({ moduleIds }) => moduleIds)));
}

function compiled(module: string): string {
  return join(COMPILED, `${module}.js`);
}

function serviceModule(name: string): string {
  return `src/services/${name}`;
}

/** What a layer is made of, with all that these import. */
function groupOf([layer, modules]: (typeof LAYERS)[number], index: number) {
  const of = new Set(modules.map(compiled));
  return {
    debugName: layer,
    priority: LAYERS.length - index,
    name: (id: string, chunking: { getModuleInfo(id: string): { importers: string[] } | null }) => {
      if (PROGRAMS.includes(id)) return null;
      return of.has(id) || chunking.getModuleInfo(id)?.importers.some((importer) => of.has(importer)) === true
        ? layer
        : null;
    },
  };
}

/** Reads a module as it was compiled, with its map, and has it find other files from where it will be. */
function asCompiled(): Plugin {
  return {
    name: "as compiled",
    load(id) {
      if (!id.startsWith(COMPILED)) return null;
      let found = 0;
      const text = readFileSync(id, "utf8");
      const code = text.replaceAll(/new URL\("([^":]*)", import\.meta\.url\)/g, (_, path: string) => {
        found += 1;
        return `new URL(${JSON.stringify(fromProgram(dirname(id), path))}, import.meta.url)`;
      });
      if (found !== text.split(", import.meta.url)").length - 1) {
        throw new Error(`Cannot tell what "${id}" names beside itself: it must be a literal`);
      }
      return { code, map: readFileSync(`${id}.map`, "utf8") };
    },
  };
}

/** What a module in `folder` names by `path`, as seen from where all of them will be. */
function fromProgram(folder: string, path: string): string {
  const target = resolve(folder, path);
  const entry = ENTRIES.get(target);
  if (entry !== undefined) return `./${entry}.js`;
  return `${relative(PROGRAM, target)}${path.endsWith("/") ? "/" : ""}`;
}

/** The licences of the libraries that are in the files, which ask to go along. */
function licencesOf(moduleIds: readonly string[]): string {
  const folders = new Set(
    moduleIds.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(id)?.[0] ?? []),
  );
  return [...folders]
    .sort()
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
        readonly name: string;
        readonly version: string;
        readonly license?: string;
      };
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      const text = file === undefined ? "" : readFileSync(join(folder, file), "utf8");
      return `${name} ${version} (${license ?? "see below"})\n\n${text}`;
    })
    .join("\n\n----\n\n");
}
