import { test } from "uvu";
import * as assert from "uvu/assert";
import { definePipeline } from "../../src/actors/task/pipeline.js";
import { checkEnd, checkResult, localRun, progress, scripted, SERVICES } from "../support/local-run.js";

const pipeline = definePipeline(
  {
    id: "chain",
    stages: [
      { id: "detect", service: "detect", parameters: scripted(0) },
      { id: "left", service: "sift", after: ["detect"] },
      { id: "right", service: "sift", after: ["detect"] },
      { id: "meet", service: "sift", after: ["left", "right"] },
      { id: "follow", service: "follow", after: ["meet"] },
    ],
  },
  SERVICES,
);
const placement = { detect: "edge-1", left: "cloud", right: "edge-1", meet: "cloud", follow: "cloud" };
const policy = { name: "fixed", parameters: { placement } };

const COMPONENTS = [
  "sluice://edge-1/controller",
  "sluice://cloud/controller",
  "sluice://edge-1/processors",
  "sluice://cloud/processors",
  "sluice://edge-1/processors/chain$1$detect",
  "sluice://cloud/processors/chain$1$meet",
  "sluice://cloud/processors/chain$1$follow",
  "sluice://edge-1/source-cam-1",
  "sluice://edge-1/monitor",
  "sluice://cloud/distributor",
  "sluice://cloud/scheduler",
];

for (const address of COMPONENTS) {
  test(`${address} that fails on a message is restarted, and the run loses nothing`, async () => {
    await localRun(
      { pipeline },
      async (run) => {
        const source = await run.add({ policy });
        await progress(source, 40);
        const letters = run.cluster.cloud.system.deadLetters;
        for (let time = 0; time < 3; time += 1) {
          run.cluster.edges[0]?.system.resolve<{ type: string }>(address).tell({ type: "nonsense" });
          await run.lawful(progress(source, 20));
        }
        void letters;
        await run.cluster.drain();
        const ledger = await run.ended();
        await checkEnd(run, ledger);
        assert.is(ledger.stored, ledger.created);
        for (const record of await run.records()) if (record.type === "result") checkResult(pipeline, record);
      },
      15_000,
    );
  });
}

test.run();
