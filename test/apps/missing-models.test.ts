/** Nodes that lack the model of a stage, as a user meets them. */

import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { StoredRecord } from "../../src/task/record.js";
import type { NodeLine } from "../../apps/cli/nodes.js";
import { dataFolder } from "../support/data.js";
import { startSluice, type Ended } from "../support/program.js";
import { sluiceHere } from "../support/sluice-here.js";

const MODEL = "yolox-nano-416.onnx";
const data = dataFolder([MODEL]);
const folder = mkdtempSync(join(tmpdir(), "sluice-models-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const env = { SLUICE_HUB: undefined, SLUICE_TOKEN: undefined };
const PIPELINE = ["--pipeline", "apps/pipelines/object-detection.yaml"];
const RUN = ["run", ...PIPELINE, "--source", "test:320x180@10,duration=2", "--on", "edge-1"];

/** A hub without models, and an edge with those in `models`. */
async function withCluster(
  name: string,
  models: string | null,
  work: (run: (...args: readonly string[]) => Promise<Ended>) => Promise<void>,
): Promise<void> {
  const store = join(folder, name);
  const hub = startSluice(["hub", "--listen", "127.0.0.1:0", "--store", store], { env });
  const [, token = "", url = ""] = await hub.prints(
    /SLUICE_TOKEN=(\S+) npx sluice join (ws:\/\/127\.0\.0\.1:\d+) --name edge-1/,
  );
  const modelDir = models === null ? [] : ["--model-dir", models];
  const edge = startSluice(["join", url, "--name", "edge-1", "--journal", "memory:", ...modelDir], {
    env: { ...env, SLUICE_TOKEN: token },
  });
  try {
    await edge.prints(/has joined "cloud"/);
    await work((...args) => sluiceHere(...args, "--store", store));
  } finally {
    for (const program of [edge, hub]) program.signal("SIGINT");
    await Promise.allSettled([edge.ended, hub.ended]);
  }
}

test("sluice run says once why no node can run a stage, and ends with 1: all its tasks were dropped", async () => {
  await withCluster("nowhere", null, async (run) => {
    const ran = await run(...RUN, "--id", "cam", "--policy", "cloud-only");
    assert.is(ran.exitCode, 1, ran.stdout);
    assert.match(ran.stdout, "cam: ended; 10 tasks, 0 stored, 10 dropped");
    assert.match(ran.stderr, /error: None of 10 tasks was stored: all were dropped \(serviceFailed 10\)/);
    assert.is(
      ran.stderr.match(new RegExp(`stage "objects" cannot run on cloud: .*"${MODEL}".*--model-dir`, "g"))
        ?.length,
      1,
    );
    const again = await run(...RUN, "--id", "again", "--policy", "cloud-only");
    assert.is(again.exitCode, 1);
    assert.match(again.stderr, /stage "objects" cannot run on cloud/);
    const { stdout } = await run("nodes");
    assert.match(stdout, /cloud cannot run object-detection@1\/objects: .*--model-dir/);
  });
});

const whereModelIs = (name: string, work: () => Promise<void>): void =>
  data === null ? test.skip(name, work) : test(name, work);

whereModelIs(
  "sluice run by cloud-only runs a stage where its model is, and nodes shows who has it",
  async () => {
    const models = join(folder, "models");
    mkdirSync(models);
    symlinkSync(join(data ?? "", MODEL), join(models, MODEL));
    await withCluster("somewhere", models, async (run) => {
      const ran = await run(...RUN, "--id", "cam", "--policy", "cloud-only");
      assert.is(ran.exitCode, 0, ran.stderr);
      assert.match(ran.stdout, "cam: ended; 10 tasks, 10 stored, 0 dropped");
      const records = (await run("results", "--source", "cam", "--json")).stdout.trim().split("\n");
      const ranAt = records
        .map((line) => JSON.parse(line) as StoredRecord)
        .flatMap((record) => (record.type === "result" ? record.hops : []))
        .map(({ stage, node }) => `${stage} ${node}`);
      assert.equal([...new Set(ranAt)].sort(), ["colours cloud", "objects edge-1", "tracks cloud"]);
      const lines = JSON.parse((await run("nodes", "--json")).stdout) as readonly NodeLine[];
      const offers = lines.map(({ name, offer }) => [
        name,
        offer?.services.includes("object-detection"),
        (offer?.models ?? []).map(({ file, sha256 }) => `${file} ${sha256.length}`),
      ]);
      // A node that fetches models runs the service with what the hub comes to keep: nothing now.
      assert.equal(offers, [
        ["cloud", true, []],
        ["edge-1", true, [`${MODEL} 64`]],
      ]);
      for (const { name, offer, sample } of lines) {
        const isEdge = name === "edge-1";
        const { cores, memoryBytes, memoryBytesMax, ...capacity } = offer?.capacity ?? {};
        const workers = { provider: "cpu", workersPerStage: availableParallelism(), workersMax: 32 };
        // A cloud sets itself no limit: what finds no room elsewhere goes there.
        assert.equal(capacity, isEdge ? { ...workers, stagesMax: 32 } : workers);
        assert.equal([cores, memoryBytes], [sample?.cpuCount, sample?.memoryTotalBytes]);
        assert.is(memoryBytesMax, isEdge ? Math.floor((memoryBytes ?? 0) / 2) : undefined);
      }
      const { stdout } = await run("nodes");
      assert.match(stdout, /offers .*model files/);
      for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
    });
  },
);

test.run();
