/** A source that another node is to capture: what its nodes before have made adds up, and nothing of them is stored any more. */

import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { ControllerMessage } from "../../../src/actors/protocol/controller.js";
import type { SealReply } from "../../../src/actors/protocol/distributor.js";
import type { Standing } from "../../../src/actors/distributor/voucher-port.js";
import { END } from "../../../src/task/task.js";
import { parseNodeName, parseSourceId } from "../../../src/task/identity.js";
import type { StoredRecord } from "../../../src/task/record.js";
import { createProbe, type Probe } from "../../support/probe.js";
import { droppedTask, finishedTask } from "../../support/tasks.js";
import { VOUCHER } from "../../support/vouchers.js";
import { setUp } from "./distributor-subject.js";

const CAM_1 = parseSourceId("cam-1");
const EDGE = parseNodeName("edge-1");

function scene() {
  const standing: { now: Standing } = { now: "holder" };
  const subject = setUp({
    vouchers: {
      isVouched: () => true,
      isClosingVouched: () => true,
      standing: () => standing.now,
      written: () => null,
    },
  });
  const { actor, memory, runAppends } = subject;
  const ranged = (sequence: number, last: number) => {
    const after = last - 2 < 0 ? null : last - 2;
    const times = { firstUs: (last - 1) * 40_000, lastUs: last * 40_000 };
    const frames = { after, first: last - 1, last, passedOver: 0, ...times };
    return { ...finishedTask({ sequence }), frames };
  };
  return {
    ...subject,
    standing,
    ranged,
    seal: async (fromPosition: number | null = 0) => {
      const replyTo = createProbe<SealReply>();
      actor.tell({ type: "sealSource", sourceId: CAM_1, node: EDGE, reason: "gone", fromPosition, replyTo });
      for (let turn = 0; turn < 5; turn += 1) {
        await runAppends();
        await subject.reads.shift()?.run();
        await actor.settle();
      }
      return replyTo;
    },
    records: async (): Promise<readonly StoredRecord[]> =>
      (await memory.read({ fromPosition: 0, limit: 100 })).records,
  };
}

test("a seal stores a gap for each task that is missing, closes the incarnation and tells what there is", async () => {
  const on = scene();
  for (const [sequence, last] of [
    [0, 1],
    [1, 3],
    [3, 7],
  ] as const)
    on.actor.tell({ type: "store", task: on.ranged(sequence, last) });
  const { sealed } = (await on.seal()).only("sourceSealed");
  const { position, tasks, nextPosition } = sealed;
  assert.equal(position, { frame: 7, sourceUs: 280_000, ptsUs: 280_000, spacingUs: 40_000 });
  assert.equal([tasks, nextPosition], [4, 5]);
  assert.equal(
    (await on.records())
      .slice(3)
      .map((record) => [record.type, record.id.sequence, "reason" in record && record.reason]),
    [
      ["gap", 2, "hostGone"],
      ["closed", 4, false],
    ],
  );
});

test("a seal knows where a source had come to of which retention has deleted every record, and closes what is open", async () => {
  const on = scene();
  for (const [sequence, last] of [
    [0, 1],
    [2, 5],
  ] as const)
    on.actor.tell({ type: "store", task: on.ranged(sequence, last) });
  await on.runAppends();
  await on.memory.expire({ recordsMax: 0, limit: 100 });
  const first = (await on.seal()).only("sourceSealed").sealed;
  assert.equal(first.position, { frame: 5, sourceUs: 200_000, ptsUs: 200_000, spacingUs: 40_000 });
  assert.equal([first.tasks, first.nextPosition], [3, 4]);
  assert.equal(
    (await on.records()).map((record) => [record.type, record.id.sequence]),
    [
      ["gap", 1],
      ["closed", 3],
    ],
  );
  await on.memory.expire({ recordsMax: 0, limit: 100 });
  const { position, tasks } = (await on.seal(first.nextPosition)).only("sourceSealed").sealed;
  assert.equal([position, tasks], [null, 0], "what was made before the position is of another host");
});

test("a seal stores a gap, too, for what was under way when its node started again and closed what it had before", async () => {
  const on = scene();
  await on.storeDurably(0, 2);
  const closed = { sourceId: CAM_1, incarnation: 1, sequence: 4 };
  const origin = "sluice://edge-1/source-cam-1";
  on.actor.tell({
    type: "recordClosing",
    closing: { id: closed, end: "recovered", counts: null, origin, voucher: VOUCHER },
  });
  await on.runAppends();
  const { tasks } = (await on.seal()).only("sourceSealed").sealed;
  assert.is(tasks, 4);
  assert.equal(
    (await on.records()).map(({ type, id }) => [type, id.sequence]),
    [
      ["result", 0],
      ["result", 2],
      ["closed", 4],
      ["gap", 1],
      ["gap", 3],
    ],
  );
});

test("a seal is answered though the distributor restarts as it reads, and as what it has added is written", async () => {
  for (const turnsBefore of [0, 1]) {
    const on = scene();
    on.store(0);
    on.store(2);
    await on.runAppends();
    const replyTo = createProbe<SealReply>();
    const about = { sourceId: CAM_1, node: EDGE, reason: "gone", fromPosition: 0 };
    on.actor.tell({ type: "sealSource", ...about, replyTo });
    for (let turn = 0; turn < turnsBefore; turn += 1) {
      await on.reads.shift()?.run();
      await on.actor.settle();
    }
    on.actor.restart();
    for (let turn = 0; turn < 6; turn += 1) {
      await on.runAppends();
      await on.reads.shift()?.run();
      await on.actor.settle();
    }
    assert.is(replyTo.only("sourceSealed").sealed.tasks, 3);
    const types = (await on.records()).map(({ type, id }) => `${type} ${id.sequence}`);
    assert.equal(types, ["result 0", "result 2", "gap 1", "closed 3"]);
  }
});

test("a seal of what is closed adds nothing, and a second one reads on behind the first", async () => {
  const on = scene();
  await on.storeDurably(0);
  const first = (await on.seal()).only("sourceSealed").sealed;
  const again = (await on.seal()).only("sourceSealed").sealed;
  assert.is((await on.records()).length, 2);
  const { tasks, lastTaskAtMs } = (await on.seal(first.nextPosition)).only("sourceSealed").sealed;
  assert.equal([again.tasks, tasks, lastTaskAtMs], [1, 0, null]);
});

test("a seal without a position tells where the store is, and reads nothing", async () => {
  const on = scene();
  await on.storeDurably(0, 1);
  const { sealed } = (await on.seal(null)).only("sourceSealed");
  assert.equal(sealed, { position: null, lastTaskAtMs: null, tasks: 0, nextPosition: 2 });
});

test("what a node delivers that had the source before is settled as superseded, and not stored; while nobody has it, it waits", async () => {
  const on = scene();
  await on.storeDurably(0);
  on.standing.now = "between";
  on.actor.tell({ type: "store", task: finishedTask({ sequence: 1 }) });
  assert.is(on.generator.all("taskSettled").length, 1, "that of the first");
  on.standing.now = "former";
  on.actor.tell({ type: "store", task: finishedTask({ sequence: 1 }) });
  on.actor.tell({ type: "recordDrop", drop: droppedTask({ sequence: 2 }) });
  const id = { sourceId: CAM_1, incarnation: 1, sequence: 3 };
  const closing = {
    id,
    end: "ended",
    counts: null,
    origin: "sluice://edge-1/source-cam-1",
    voucher: VOUCHER,
  } as const;
  on.actor.tell({ type: "recordClosing", closing });
  await on.runAppends();
  assert.equal(
    on.generator.all("taskSettled").map(({ id: { sequence }, outcome }) => [sequence, outcome]),
    [
      [0, { status: "stored" }],
      [1, { status: "dropped", reason: "superseded" }],
      [2, { status: "dropped", reason: "superseded" }],
      [3, { status: "stored" }],
    ],
  );
  assert.equal([(await on.records()).length, on.totals().superseded, on.totals().unvouched], [1, 2, 0]);
});

test("nodes that wait for a task that its former host drops are told to abandon it, also while nobody has the source", async () => {
  const on = scene();
  const joinNodes = new Map([[END, parseNodeName("edge-2")] as const]);
  for (const [sequence, now] of [
    [1, "between"],
    [2, "former"],
  ] as const) {
    on.standing.now = now;
    on.actor.tell({ type: "recordDrop", drop: { ...droppedTask({ sequence }), joinNodes } });
  }
  await on.runAppends();
  const waits = on.actor.resolved.get("sluice://edge-2/controller") as Probe<ControllerMessage> | undefined;
  assert.equal(
    waits?.all("abandon").map(({ id }) => id.sequence),
    [1, 2],
  );
  assert.is((await on.records()).length, 0);
  const settled = on.generator.all("taskSettled").map(({ id }) => id.sequence);
  assert.equal(settled, [2], "the first one is delivered again");
});

test("a task that a node takes for another's, while its source has it, has not ended: it is delivered again", async () => {
  const on = scene();
  const joinNodes = new Map([[END, parseNodeName("edge-2")] as const]);
  const drop = { ...droppedTask({ sequence: 1 }), joinNodes, disowned: true } as const;
  on.actor.tell({ type: "recordDrop", drop });
  await on.runAppends();
  assert.equal((await on.records()).length, 0);
  assert.equal(
    on.generator.received.map(({ type }) => type),
    ["undelivered"],
  );
  assert.is(on.actor.resolved.get("sluice://edge-2/controller"), undefined, "its branches go on");

  on.standing.now = "former";
  on.actor.tell({ type: "recordDrop", drop });
  assert.equal(
    on.generator.all("taskSettled").map(({ outcome }) => outcome),
    [{ status: "dropped", reason: "superseded" }],
  );
});

test.run();
