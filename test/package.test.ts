/**
 * The package as its users meet it: packed, and installed from the tarball into an empty folder, where nothing but the
 * registry (or npm's cache of it) can be reached.
 */

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "./support/test.js";
import * as assert from "uvu/assert";
import { REPOSITORY } from "./support/sources.js";
import { temporaryFolder } from "./support/temporary-folder.js";

const folder = temporaryFolder();
const installed = join(folder, "node_modules/sluice");
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");

interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** Runs a program in the folder, without what the npm that runs the tests has set for its own scripts. */
function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^npm_/i.test(name) || /^npm_config_(?:registry|cache|userconfig)$/i.test(name),
  );
  return new Promise((resolve) => {
    execFile(
      program,
      args,
      { cwd: folder, env: { ...Object.fromEntries(own), ...env }, encoding: "utf8", maxBuffer: 2 ** 24 },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: `${stdout}${stderr}` }),
    );
  });
}

/** What the package is installed into, or null, said aloud, where there is neither a registry nor a cache of it. */
const setUp: Promise<Outcome | null> = (async () => {
  await writeFile(join(folder, "package.json"), '{ "name": "user", "private": true, "type": "module" }');
  const packed = await run("npm", ["pack", REPOSITORY, "--silent", "--ignore-scripts"]);
  assert.is(packed.code, 0, packed.output);
  const tarball = packed.output.trim().split("\n").at(-1) ?? "";
  const quiet = ["--no-fund", "--no-audit", "--prefer-offline"];
  // Whatever a script of a package downloads by itself goes to a proxy that nobody listens at.
  const outcome = await run("npm", ["install", ...quiet, `./${tarball}`], {
    GLOBAL_AGENT_HTTPS_PROXY: "http://127.0.0.1:9",
  });
  if (outcome.code === 0) return outcome;
  const registry = await run("npm", ["view", "ws", "version"]);
  if (registry.code === 0) return outcome;
  console.log(
    "SKIPPED: the package is not installed, as neither a registry nor npm's cache has what it needs",
  );
  return null;
})();

function withPackage(name: string, work: () => Promise<void>): void {
  test(name, async () => {
    const outcome = await setUp;
    if (outcome === null) return;
    assert.is(outcome.code, 0, outcome.output);
    await work();
  });
}

withPackage("the packed package is installed where nothing but a registry can be reached", async () => {
  const { output } = await run("npm", ["ls", "--omit=dev"]);
  assert.match(output, /sluice@/);
  const runtime = join(folder, "node_modules/onnxruntime-node/bin/napi-v6", process.platform, process.arch);
  assert.not(
    existsSync(join(runtime, "libonnxruntime_providers_cuda.so")),
    "no empty library is left behind",
  );
});

withPackage("npx sluice --help works from the installed package", async () => {
  const { code, output } = await run("npx", ["sluice", "--help"]);
  assert.is(code, 0, output);
  assert.match(output, /^Usage: sluice/);
});

withPackage(
  "a program type-checks against the installed package without skipLibCheck and Node's types",
  async () => {
    const readme = await readFile(join(installed, "README.md"), "utf8");
    const example = /<!-- example:start -->\s+```ts\n([\s\S]+?)```/.exec(readme)?.[1] ?? "";
    await writeFile(
      join(folder, "example.ts"),
      `${example}\nimport { startNode } from "sluice";\nimport * as runtime from "sluice/runtime";
export const all = { answers, startNode, runtime };\n`,
    );
    const target = { target: "es2023", module: "node20", rootDir: ".", types: [] };
    const strict = { strict: true, skipLibCheck: false, exactOptionalPropertyTypes: true };
    const compilerOptions = { ...target, ...strict };
    await writeFile(
      join(folder, "tsconfig.json"),
      JSON.stringify({ compilerOptions, files: ["example.ts"] }),
    );
    const compiled = await run(process.execPath, [tsc]);
    assert.is(compiled.code, 0, compiled.output);
    const script = 'import("./example.js").then(({ all }) => console.log(all.answers.join()))';
    assert.equal(await run(process.execPath, ["-e", script]), { code: 0, output: "paid,refused\n" });
  },
);

withPackage("an example of the installed package runs the demo clip through a model", async () => {
  const { code, output } = await run(process.execPath, [join(installed, "dist/program/own-policy.js")]);
  assert.is(code, 0, output);
  assert.match(output, /^\d+ tasks stored/);
});

withPackage("whatever the README and its documents link to is in the installed package", async () => {
  const missing: string[] = [];
  for (const page of [
    "README.md",
    "ARCHITECTURE.md",
    "docs/semantics.md",
    "docs/errors.md",
    "docs/security.md",
  ]) {
    const text = await readFile(join(installed, page), "utf8");
    for (const [, target = ""] of text.matchAll(/\]\(((?!https?:)[^)#]+)/g)) {
      if (!existsSync(join(installed, dirname(page), target))) missing.push(`${page} links to ${target}`);
    }
  }
  assert.equal(missing, []);
});

test.run();
