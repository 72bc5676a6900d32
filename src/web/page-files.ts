/**
 * The files of the page: what was compiled for browsers, and four libraries as their packages carry them. All are read when the
 * hub starts, and no other file is ever served.
 */

import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { plainAnswer, type Answer } from "./answer.js";
import { getRoute, type Routes } from "./door.js";

/** By the name under which the page imports it: what to resolve for it. */
const LIBRARIES: Readonly<Record<string, string>> = {
  preact: "preact",
  "preact/hooks": "preact/hooks",
  htm: "htm",
  "htm/preact": "htm/preact",
  "@dagrejs/dagre": "@dagrejs/dagre",
  uplot: "uplot/dist/uPlot.esm.js",
};
const STYLES = "uplot/dist/uPlot.min.css";

/** Modules of the project that the page shares with it, and those that they import. By their place in the build. */
const SHARED = [
  "src/web/page-protocol.js",
  "src/web/found.js",
  "src/task/epoch.js",
  // What makes a pipeline of a draft is what a node makes one with.
  "src/task/define-pipeline.js",
  "src/task/errors.js",
  "src/task/graph.js",
  "src/task/identity.js",
  "src/task/limits.js",
  "src/task/model-in-use.js",
  "src/task/nearest-name.js",
  "src/task/pipeline.js",
  "src/task/same-data.js",
  "src/task/task.js",
  "src/runtime/address.js",
  "src/runtime/errors.js",
];

const addressOf = (name: string): string => `/lib/${name.replaceAll("/", "-")}.js`;
const IMPORT_MAP = JSON.stringify({
  imports: Object.fromEntries(Object.keys(LIBRARIES).map((name) => [name, addressOf(name)])),
});
const HTML = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width" />
    <meta name="color-scheme" content="light dark" />
    <title>Sluice</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="/lib/uplot.css" />
    <link rel="stylesheet" href="/page/page.css" />
    <script type="importmap">${IMPORT_MAP}</script>
    <script type="module" src="/page/main.js"></script>
  </head>
  <body><div id="page"><noscript>This page needs JavaScript; in a terminal, "sluice top" shows the same.</noscript></div></body>
</html>
`;
/** What the page may load and reach: the hub alone, and no script but those above. */
const POLICY = [
  "default-src 'none'",
  `script-src 'self' 'sha256-${createHash("sha256").update(IMPORT_MAP).digest("base64")}'`,
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  // No text becomes a part of the page but as text, whoever wrote it: what would parse it as HTML throws.
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

/**
 * Reads them.
 *
 * @param folder of the page as it was compiled
 * @throws where the build or a package lacks one
 */
export async function readPageFiles(folder: string): Promise<Routes> {
  const files = new Map<string, Answer>();
  const add = async (path: string, file: string): Promise<void> => {
    files.set(path, { status: 200, contentType: typeOf(file), body: await readFile(file) });
  };
  const own = (await readdir(folder)).filter((file) => /\.(?:js|css)$/.test(file));
  await Promise.all([
    ...own.map((file) => add(`/page/${file}`, join(folder, file))),
    // The page imports them by their place from its own, and a browser goes up no further than the root.
    ...SHARED.map((file) => add(`/${file}`, join(folder, "../..", file))),
    ...Object.entries(LIBRARIES).map(([name, module]) => add(addressOf(name), fileOf(module))),
    add("/lib/uplot.css", fileOf(STYLES)),
  ]);
  const html = { ...plainAnswer(200, ""), contentType: "text/html; charset=utf-8", body: HTML };
  const index: Answer = { ...html, headers: { "content-security-policy": POLICY } };
  return new Map([
    ["/", getRoute(() => index)],
    ...[...files].map(([path, answer]) => [path, getRoute(() => answer, "anybody", false)] as const),
  ]);
}

/** Where a module of a package is. */
function fileOf(module: string): string {
  return fileURLToPath(import.meta.resolve(module));
}

function typeOf(file: string): string {
  return file.endsWith(".css") ? "text/css; charset=utf-8" : "text/javascript; charset=utf-8";
}
