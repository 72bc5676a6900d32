/** Escape characters in what a cluster stored and in what it is asked for: none reaches the terminal of who looks. */

import { join } from "node:path";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { openLevelStore } from "../../src/storage/results/level-store.js";
import { newRecord } from "../support/records.js";
import { runSluice } from "../support/program.js";
import { inTemporaryFolder } from "../support/temporary-folder.js";

/** Clears the screen, sets the title, and colours by one 8-bit character; turns text round; fakes a line. */
const HOSTILE = "\u001b[2J\u001b]0;mine\u0007\u009b31m\u202eyes\nerror: all is well";
const CONTROL = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}]/u;
const env = { SLUICE_HUB: undefined, SLUICE_TOKEN: undefined };

test("no escape character of a stored text reaches a terminal, in lines or in JSON", async () => {
  await inTemporaryFolder(async (folder) => {
    const store = await openLevelStore(join(folder, "store"));
    const gap = newRecord({ sequence: 0, gap: true });
    if (gap.type !== "gap") throw new TypeError("it is no gap");
    await store.append([{ ...gap, detail: HOSTILE }]);
    await store.close();
    const ask = (...args: readonly string[]) =>
      runSluice([...args, "--store", join(folder, "store")], { env });
    for (const args of [["results"], ["results", "--json"], ["audit", "--task", "cam-1/1/0"]]) {
      const { stdout, stderr } = await ask(...args);
      assert.match(stdout, "mine", args.join(" "));
      assert.not.match(stdout + stderr, CONTROL, args.join(" "));
    }
    const { stdout: lines } = await ask("results");
    assert.is(lines.split("\n").length, 2, "one record, one line");
    const { stdout: json } = await ask("results", "--json");
    assert.is((JSON.parse(json) as { readonly detail: string }).detail, HOSTILE);
  });
});

test("an error that quotes a name quotes none of its escape characters", async () => {
  const { stderr, exitCode } = await runSluice(["results", "--store", "no\u001b[2J\u009bstore"], { env });
  assert.is(exitCode, 1);
  assert.match(stderr, "no\\u{1b}[2J\\u{9b}store");
  assert.not.match(stderr, CONTROL);
});

test.run();
