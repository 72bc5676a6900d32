/** The gate without a clock: a task and a message cost no more than they did, and it is seen where they do. */

import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { grownCosts, measureCosts, NODE_MAJOR, readCosts, type Costs } from "../../bench/costs/costs.js";
import { REPOSITORY } from "../support/sources.js";
import { inTemporaryFolder } from "../support/temporary-folder.js";

const HOW =
  "see what a change has added, and keep it with `npm run costs -- --record` where it is worth that";

test("a task and a message cost no more messages, frames, wakes and bytes than is kept in bench/costs/costs.json", async () => {
  const kept = await readCosts();
  if (kept.node !== NODE_MAJOR)
    console.log(`SKIPPED: bytes of the heap are kept for Node ${kept.node} alone`);
  assert.equal(grownCosts(kept, await measureCosts(["tasks", "messages"])), [], HOW);
});

/** Which figures have grown with one text of the compiled code replaced. */
async function grownWith(
  part: "tasks" | "messages",
  { file, find, replace }: Record<"file" | "find" | "replace", string>,
): Promise<readonly string[]> {
  const measured: Partial<Costs>[] = [];
  await inTemporaryFolder(async (folder) => {
    const dist = join(folder, "dist");
    await mkdir(join(dist, "bench"), { recursive: true });
    const filter = (path: string): boolean => !/\.(?:map|d\.ts)$/.test(path);
    for (const code of ["src", "bench/costs"])
      await cp(join(REPOSITORY, "dist", code), join(dist, code), { recursive: true, filter });
    await cp(join(REPOSITORY, "package.json"), join(folder, "package.json"));
    await symlink(join(REPOSITORY, "node_modules"), join(folder, "node_modules"), "dir");
    const path = join(dist, "src", file);
    const text = await readFile(path, "utf8");
    assert.is(text.split(find).length, 2, `${find} in ${file}`);
    await writeFile(path, text.replace(find, replace));
    measured.push(await measureCosts([part], join(dist, "bench/costs/measure.js")));
  });
  const [costs] = measured;
  if (costs === undefined) throw new Error("It was not measured");
  return grownCosts(await readCosts(), costs).map(({ name }) => name);
}

test("a message more a task is seen", async () => {
  const find = 'router.distributor.tell({ type: "store", task });';
  const planted = { file: "actors/controller/route-task.js", find, replace: `${find} ${find}` };
  const grown = await grownWith("tasks", planted);
  assert.ok(grown.includes("messages"), grown.join());
});

test("a copy of a frame more is seen", async () => {
  const find = "this.#channel.send(frame);";
  const replace = "this.#channel.send(new Uint8Array(frame));";
  const grown = await grownWith("messages", { file: "transport/link/frame-writer.js", find, replace });
  assert.ok(grown.includes("frameBufferBytes"), grown.join());
});

test.run();
