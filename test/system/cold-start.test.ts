import * as assert from "uvu/assert";
import { definePipeline } from "../../src/task/define-pipeline.js";
import type { StoredResult } from "../../src/task/record.js";
import type { ServiceDeclaration } from "../../src/task/service.js";
import { localRun, progress } from "../support/local-run.js";
import { test } from "../support/test.js";

const slow: ServiceDeclaration = {
  name: "slow-to-load",
  summary: "takes its time to load",
  inputs: ["frame"],
  output: "boxes",
  stateful: false,
  module: new URL("../support/services/slow-to-load.js", import.meta.url).href,
};
const SERVICES = new Map([[slow.name, slow]]);
const PIPELINE = definePipeline({ id: "slow", stages: [{ id: "find", service: slow.name }] }, SERVICES);

/** When the worker had loaded that made it, ms since the Unix epoch. */
function loadedAtMs({ results }: StoredResult): number {
  return Number(results["find"]?.frames[0]?.[0]?.label);
}

test("no task of a live source waits for its stage to load: its first frame is taken once that has", async () => {
  await localRun({ pipeline: PIPELINE, services: SERVICES }, async (run) => {
    const camera = await run.add({ liveEveryMs: 10 });
    await progress(camera, 20);
    await run.cluster.drain();
    await run.ended();
    const results = (await run.records()).filter((record) => record.type === "result");
    assert.ok(results.length > 0);
    for (const result of results) {
      assert.ok(
        result.createdAtMs >= loadedAtMs(result),
        `task ${result.id.sequence} was made ${loadedAtMs(result) - result.createdAtMs} ms before its stage was loaded`,
      );
    }
  });
});

test.run();
