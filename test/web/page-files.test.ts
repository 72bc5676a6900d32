import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { readPageFiles } from "../../src/web/page-files.js";
import { test } from "../support/test.js";

const BUILD = fileURLToPath(new URL("../../", import.meta.url));
const PAGE = join(BUILD, "apps/page");

/** The modules outside the folder of the page that it imports, and those that they do, by their place in the build. */
function importedModules(): readonly string[] {
  const found = new Set<string>();
  const waiting = readdirSync(PAGE)
    .filter((name) => name.endsWith(".js"))
    .map((name) => join(PAGE, name));
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    for (const [, path = ""] of readFileSync(file, "utf8").matchAll(/(?:from|import) "(\.{1,2}\/[^"]+)"/g)) {
      const imported = join(dirname(file), path);
      const place = relative(BUILD, imported);
      if (place.startsWith("apps/page/") || found.has(place)) continue;
      found.add(place);
      waiting.push(imported);
    }
  }
  return [...found].sort();
}

test("a hub serves each module that its page imports, and its package has them", async () => {
  const imported = importedModules();
  assert.ok(imported.includes("src/web/page-protocol.js"), imported.join());
  const served = [...(await readPageFiles(PAGE)).keys()].filter((path) => path.startsWith("/src/"));
  assert.equal(
    served.toSorted(),
    imported.map((place) => `/${place}`),
  );
  const { files } = JSON.parse(readFileSync(join(BUILD, "../package.json"), "utf8")) as {
    readonly files: readonly string[];
  };
  const packaged = files.flatMap((entry) => {
    const [, folder = "", names = ""] = /^dist\/(src\/\w+\/)\{?([\w,-]+)\}?\.js$/.exec(entry) ?? [];
    return names === "" ? [] : names.split(",").map((name) => `${folder}${name}.js`);
  });
  assert.equal(packaged.toSorted(), imported);
});

test.run();
