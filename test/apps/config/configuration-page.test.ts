/** Follows docs/configuration.md line by line: writes its files, runs its commands, and looks for what it says is printed. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { StoredRecord } from "../../../src/task/record.js";
import { ALONE } from "../../support/hub-program.js";
import { runSluice, startSluice, type Program } from "../../support/program.js";
import { REPOSITORY } from "../../support/sources.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { until } from "../../contract/sink.js";
import { test } from "../../support/test.js";

interface Block {
  /** Of the comment before it. */
  readonly mark: string;
  readonly language: string;
  readonly text: string;
}

function blocksOf(page: string): readonly Block[] {
  const found = page.matchAll(/(?:<!-- ([^>]*) -->\n\n)?```(\w+)\n([\s\S]*?)```/g);
  return [...found].map(([, mark = "", language = "", text = ""]) => ({ mark, language, text }));
}

const quoted = (line: string): RegExp => new RegExp(line.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));

test("docs/configuration.md says what happens", async () => {
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  let hub: Program | null = null;
  let last = { stdout: "", stderr: "" };
  for (const { mark, language, text } of blocksOf(
    readFileSync(join(REPOSITORY, "docs/configuration.md"), "utf8"),
  )) {
    const [what = "", name = ""] = mark.split(": ");
    if (what === "file") {
      writeFileSync(join(folder, name), text);
    } else if (language === "sh") {
      const [, ...words] = text.trim().split(" ");
      const [args, target] = [
        words.join(" ").split(" > ")[0]?.split(" ") ?? [],
        words.join(" ").split(" > ")[1],
      ];
      if (what === "stays") {
        hub = startSluice(args, { env: ALONE, cwd: folder, timeoutMs: 120_000 });
        last = { stdout: "", stderr: "" };
        continue;
      }
      const ended = await runSluice(args, { env: ALONE, cwd: folder });
      assert.is(ended.exitCode, what === "fails" ? 1 : 0, ended.stderr);
      if (target !== undefined) writeFileSync(join(folder, target), ended.stdout);
      last = ended;
    } else if (language === "text") {
      if (what === "hangup") {
        await until("a result in the file", () => existsSync(join(folder, "results.ndjson")));
        hub?.signal("SIGHUP");
      }
      for (const line of text.trim().split("\n")) {
        if (what !== "hangup" && last.stderr !== "") assert.match(last.stderr, quoted(line));
        else if (line.startsWith("warning:")) await hub?.says(quoted(line));
        else await hub?.prints(quoted(line));
      }
    }
  }
  const [first = ""] = readFileSync(join(folder, "results.ndjson"), "utf8").split("\n");
  assert.equal((JSON.parse(first) as StoredRecord).id.sourceId, "gate");
  const checked = await runSluice(["config", "all.yaml"], { env: ALONE, cwd: folder });
  assert.is(checked.exitCode, 0, checked.stderr);
  hub?.signal("SIGTERM");
  assert.is((await hub?.ended)?.exitCode, 0);
});

test.run();
