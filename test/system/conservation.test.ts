import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openLevelStore } from "../../src/actors/distributor/level-store.js";
import { definePipeline, type QueuePolicy } from "../../src/actors/task/pipeline.js";
import { checkEnd, checkResult, localRun, scripted, SERVICES } from "../support/local-run.js";
import { DEEDS, type Deed } from "../support/services/scripted.js";
import { inTemporaryFolder } from "../support/temporary-folder.js";

/** What a stage does to a task, and how often before it answers. */
interface Fault {
  readonly deed: Deed;
  readonly times: number;
}
/** By sequence, then for each of the two scripted stages. */
type FaultScript = ReadonlyMap<number, readonly (Fault | undefined)[]>;

function writer(script: FaultScript): (index: number, bytes: Uint8Array) => void {
  return (index, bytes) => {
    for (const [slot, fault] of (script.get(index) ?? []).entries()) {
      if (fault !== undefined) bytes.set([DEEDS.indexOf(fault.deed), fault.times], 2 * slot);
    }
  };
}

const always = (deed: Deed): Fault => ({ deed, times: 255 });
const once = (deed: Deed): Fault => ({ deed, times: 1 });

function chain(queue?: { readonly policy: QueuePolicy; readonly capacity: number }, deadlineMs?: number) {
  return definePipeline(
    {
      id: "chain",
      deadlineMs,
      stages: [
        { id: "detect", service: "detect", parameters: scripted(0) },
        { id: "refine", service: "refine", after: ["detect"], parameters: scripted(1), queue },
        { id: "follow", service: "follow", after: ["refine"] },
      ],
    },
    SERVICES,
  );
}

test("a run without faults stores every task, on the nodes that the table says", async () => {
  const pipeline = chain();
  await localRun({ pipeline }, async (run) => {
    const placement = { detect: "edge-1", refine: "cloud", follow: "edge-1" };
    await run.add({ count: 50, policy: { name: "fixed", parameters: { placement } } });
    const ledger = await run.ended();
    await checkEnd(run, ledger);
    assert.is(ledger.stored, 50);
    for (const record of await run.records()) {
      if (record.type !== "result") throw new Error("a gap");
      checkResult(pipeline, record);
      assert.equal(
        record.hops.map((hop) => hop.node),
        ["edge-1", "cloud", "edge-1"],
      );
      assert.is(record.results["follow"]?.continuity, record.id.sequence === 0 ? "restarted" : "continued");
    }
  });
});

test.run();
