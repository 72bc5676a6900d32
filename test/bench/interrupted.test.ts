import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { isWholeReport, readReport, writeReport } from "../../bench/harness/report-file.js";

const RUN = fileURLToPath(new URL("../../bench/run.js", import.meta.url));

test("a run of benches that is interrupted keeps each result that it has, says so, and ends at once", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-test-"));
  try {
    const args = ["--quick", "--machine", "here", "--out", folder, "micro/bytes-small", "micro/bytes-frame"];
    const child = spawn(process.execPath, [RUN, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    const lines: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line);
      if (line.startsWith("── 2 of ")) child.kill("SIGINT");
    }
    if (child.exitCode === null) await once(child, "exit");
    assert.is(child.exitCode, 130);
    assert.ok(lines.includes("Interrupted: 1 of 2 have a result."), lines.join("\n"));
    assert.equal(readdirSync(folder).toSorted(), ["here.unfinished.json", "here.unfinished.md"]);
    const report = readReport(join(folder, "here.unfinished.json"));
    assert.equal(report.unfinished, { ended: 1, of: 2 });
    assert.equal(
      report.cases.map(({ name }) => name),
      ["micro/bytes-small"],
    );
    assert.not(isWholeReport("here.unfinished.json"));
    writeReport({ ...report, unfinished: null }, folder);
    assert.equal(readdirSync(folder).toSorted(), ["here.json", "here.md"], "the whole one takes its place");
    assert.ok(existsSync(join(folder, "here.json")) && isWholeReport("here.json"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test.run();
