import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { parseNodeName, parseSourceId, parseStageId } from "../../../src/task/identity.js";
import { END } from "../../../src/task/task.js";
import { syntheticOf } from "../../../src/task/synthetic.js";
import type { SyntheticMessage } from "../../../src/actors/protocol/synthetic.js";
import type { Probe } from "../../support/probe.js";
import { droppedTask, finishedTask } from "../../support/tasks.js";
import { CREDULOUS, VOUCHER } from "../../support/vouchers.js";
import { setUp } from "./distributor-subject.js";

const EDGE = parseNodeName("edge-1");
const OTHER = parseNodeName("edge-2");

/** Node `edge-1` vouches for odd sequences, and has `cam-1` alone. */
function strict() {
  const asked: string[] = [];
  const subject = setUp({
    vouchers: {
      isVouched(node, { id }) {
        asked.push(node);
        return node === EDGE && id.sequence % 2 === 1;
      },
      isClosingVouched(node, { id }) {
        asked.push(node);
        return node === EDGE && id.sequence % 2 === 1;
      },
      standing: (node, { sourceId }) => (node === EDGE && sourceId === "cam-1" ? "holder" : "none"),
      written: () => null,
    },
  });
  return { ...subject, asked };
}

test("distributor refuses what the node of the source does not vouch for: it is not pending, not stored and not settled", async () => {
  const { actor, runAppends, totals, generator, memory, asked } = strict();
  actor.tell({ type: "store", task: finishedTask({ sequence: 0 }) });
  actor.tell({ type: "recordDrop", drop: droppedTask({ sequence: 2 }) });
  assert.equal([totals().unvouched, totals().pending], [2, 0]);
  actor.tell({ type: "store", task: finishedTask({ sequence: 1 }) });
  actor.tell({ type: "recordDrop", drop: droppedTask({ sequence: 3 }) });
  await runAppends();
  assert.equal(asked, [EDGE, EDGE, EDGE, EDGE]);
  assert.is(memory.recordCount, 2);
  assert.equal(
    generator.all("taskSettled").map(({ id }) => id.sequence),
    [1, 3],
  );
  assert.is(totals().unvouched, 2);
});

test("distributor takes a task from the generator of its source alone, on the node that has the source", () => {
  const { actor, totals, asked } = strict();
  const origins = [
    "sluice://edge-1/controller",
    "sluice://edge-1/source-cam-2",
    "sluice://edge-1/source-cam-1/below",
    "sluice://edge-2/source-cam-1",
    "no address",
  ];
  for (const origin of origins) actor.tell({ type: "store", task: finishedTask({ sequence: 1, origin }) });
  actor.tell({ type: "store", task: finishedTask({ sequence: 1, source: "cam-2" }) });
  assert.equal([totals().unvouched, totals().pending], [6, 0]);
  assert.equal(asked, [OTHER, EDGE]);
});

test("distributor records the end of an incarnation only where the node of the source vouches for it", async () => {
  const { actor, runAppends, totals, generator, memory, asked } = strict();
  const close = (sequence: number, origin = "sluice://edge-1/source-cam-1", source = "cam-1") => {
    const id = { sourceId: parseSourceId(source), incarnation: 1, sequence };
    const closing = { id, end: "ended", counts: null, origin, voucher: VOUCHER } as const;
    actor.tell({ type: "recordClosing", closing });
  };
  close(2);
  close(1, "sluice://edge-2/source-cam-1");
  close(1, "sluice://edge-1/source-cam-2");
  close(1, "sluice://edge-1/source-cam-2", "cam-2");
  assert.equal([totals().unvouched, totals().pending], [4, 0]);
  close(1);
  await runAppends();
  assert.equal(asked, [EDGE, OTHER, EDGE, EDGE]);
  const { records } = await memory.query({});
  assert.equal(
    records.map((record) => [record.type, record.id.sequence, "voucher" in record]),
    [["closed", 1, false]],
  );
  assert.is(generator.only("taskSettled").id.sequence, 1);
});

test("distributor has the nodes that wait for a dropped task abandon it, as its own node pinned it, with the one that dropped it", () => {
  const { actor } = strict();
  const pins = new Map([
    [parseStageId("follow"), { node: OTHER, ordinal: 4 }],
    [parseStageId("count"), { node: EDGE, ordinal: 5 }],
  ]);
  const joinNodes = new Map([[END, parseNodeName("cloud")] as const]);
  for (const sequence of [2, 3]) {
    const drop = { ...droppedTask({ sequence }), node: EDGE, delivery: 2, pins, joinNodes };
    actor.tell({ type: "recordDrop", drop });
  }
  const abandon = {
    type: "abandon",
    id: droppedTask({ sequence: 3 }).id,
    delivery: 2,
    pipelineId: "default",
    pipelineVersion: 1,
    pins,
  };
  for (const node of ["cloud", "edge-1", "edge-2"]) {
    assert.equal(actor.resolved.get(`sluice://${node}/controller`)?.received, [abandon]);
  }
});

test("distributor tells a synthetic source of the hub what became of its tasks, stores nothing of it, and takes nobody else's", async () => {
  const asked: string[] = [];
  const { actor, runAppends, totals, scheduler, memory } = setUp({
    vouchers: { ...CREDULOUS, isVouched: (node) => asked.push(node) > 0 },
  });
  const id = { ...finishedTask({ sequence: 1 }).id, sourceId: syntheticOf(parseSourceId("cam-1")) };
  const own = { id, origin: "sluice://cloud/source-$cam-1" };
  const pins = new Map([[parseStageId("track"), { node: OTHER, ordinal: 0 }]]);
  actor.tell({ type: "store", task: { ...finishedTask({ sequence: 1 }), ...own } });
  actor.tell({ type: "recordDrop", drop: { ...droppedTask({ sequence: 1 }), ...own, pins } });
  const source = actor.resolved.get(own.origin) as Probe<SyntheticMessage> | undefined;
  assert.equal(
    source?.all("syntheticEnded").map(({ outcome, hops }) => [outcome, hops.length]),
    [
      [{ status: "stored" }, 1],
      [{ status: "dropped", reason: "deadline" }, 0],
    ],
  );
  assert.is(
    actor.resolved.get("sluice://edge-2/controller")?.received.length,
    1,
    "it is abandoned as any other",
  );

  const forged = { id, origin: "sluice://edge-1/source-$cam-1" };
  actor.tell({ type: "store", task: { ...finishedTask({ sequence: 1 }), ...forged } });
  actor.tell({ type: "recordDrop", drop: { ...droppedTask({ sequence: 1 }), ...forged } });
  actor.tell({
    type: "recordClosing",
    closing: { ...forged, end: "ended", counts: null, voucher: VOUCHER },
  });
  await runAppends();
  assert.equal([totals().unvouched, totals().pending, memory.recordCount], [3, 0, 0]);
  assert.equal([asked, scheduler.received], [["cloud", "cloud"], []]);
});

test.run();
