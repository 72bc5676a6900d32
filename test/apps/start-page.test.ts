/** `npm start --open` with a real browser: whoever has read nothing sees what goes on. */

import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { inBrowser } from "../support/browser.js";
import { startProgram } from "../support/program.js";
import { startHere } from "../support/sluice-here.js";
import { inTemporaryFolder } from "../support/temporary-folder.js";
import { test } from "../support/test.js";

/** Stands where a desktop has what opens browsers: keeps what it was given. */
function putOpener(folder: string): { readonly path: string; readonly given: string } {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const given = join(folder, "given");
  const opener = join(bin, "xdg-open");
  writeFileSync(opener, `#!/bin/sh\necho "$1" > "${given}.part" && mv "${given}.part" "${given}"\n`);
  chmodSync(opener, 0o755);
  return { path: `${bin}:${process.env["PATH"] ?? ""}`, given };
}

test("npm start --open plays the demo until Ctrl-C, and opens a page of it that is signed in; ps shows no code", () =>
  inTemporaryFolder(async (folder) => {
    const { path, given } = putOpener(folder);
    const program = startProgram(["--open", "--store", "memory:"], {
      env: { PATH: path },
      timeoutMs: 240_000,
    });
    const [link = ""] = await program.prints(/http:\/\/127\.0\.0\.1:\d+\/#code=[\w-]+/);
    const [url = ""] = link.split("/#");
    await program.prints(/swapping the table of/);
    const opened = readFileSync(given, "utf8").trim();
    assert.not.match(opened, "code=");
    assert.is(statSync(new URL(opened)).mode & 0o077, 0, "nobody else may read it");
    await inBrowser(url, async ({ page, problems }) => {
      await page.goto(opened);
      for (const source of ["demo", "demo-2"])
        await page.getByRole("heading", { name: source, exact: true }).waitFor();
      await page.locator("li.tile canvas").first().waitFor();
      for (const node of ["cloud", "edge-1", "edge-2"]) {
        await page.getByRole("rowheader", { name: node }).waitFor();
      }
      // The file that leads there is none of the hub's.
      assert.equal(
        problems.filter((problem) => !problem.includes("file:")),
        [],
      );
    });
    program.signal("SIGINT");
    const end = await program.ended;
    assert.equal([end.exitCode, end.leftovers], [0, []], end.stdout + end.stderr);
    assert.throws(() => statSync(new URL(opened)), "ENOENT");
  }));

test("npm start --open says why it cannot where there is no page", async () => {
  const end = await startHere("--open", "--single");
  assert.is(end.exitCode, 2);
  assert.match(end.stderr, "a run in one process has no page");
});

test.run();
