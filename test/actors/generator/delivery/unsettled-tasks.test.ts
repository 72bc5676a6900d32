import * as fc from "fast-check";
import { test } from "../../../support/test.js";
import * as assert from "uvu/assert";
import type { TaskNodes } from "../../../../src/actors/generator/delivery/placement.js";
import {
  DEFAULT_DELIVERY,
  type DeliveryLimits,
} from "../../../../src/actors/generator/delivery/redelivery.js";
import { UnsettledTasks } from "../../../../src/actors/generator/delivery/unsettled-tasks.js";
import type { LivePolicy } from "../../../../src/task/requests.js";
import type { JournalEntry } from "../../../../src/storage/journal/journal.js";
import { TaskWindow } from "../../../../src/actors/generator/delivery/window.js";
import type { ControllerMessage } from "../../../../src/actors/protocol/controller.js";
import { DEFAULT_CONFIGURATION } from "../../../../src/task/configuration.js";
import { parseNodeName, parseSourceId, parseStageId } from "../../../../src/task/identity.js";
import { TASK_LIMITS } from "../../../../src/task/limits.js";
import { checkConservation } from "../../../../src/task/ledger.js";
import { END, type Outcome } from "../../../../src/task/task.js";
import { createProbe } from "../../../support/probe.js";
import { pipelineOf } from "../../../task/pipelines.js";
import { vouch } from "../../../support/vouchers.js";
import { spanAt } from "../../../support/positions.js";

const [CLOUD, NEAR, FAR] = [parseNodeName("cloud"), parseNodeName("edge-1"), parseNodeName("edge-2")];
const STAGE = parseStageId("b");
const STORED: Outcome = { status: "stored" };
const INCARNATION = 7;
const id = (sequence: number, incarnation = INCARNATION) => ({ incarnation, sequence });

/** Joins wait at the cloud; a stateful stage runs on `node`. */
const plan = (node = FAR): TaskNodes => ({
  joinNodes: new Map([[END, CLOUD]]),
  statefulNodes: new Map([[STAGE, node]]),
  placedOn: [node, CLOUD],
});

interface Given {
  /** Tasks that the window takes. */
  readonly room?: number;
  readonly policy?: LivePolicy;
  readonly limits?: Partial<DeliveryLimits>;
  readonly journalled?: boolean;
  /** Of each task. */
  readonly frame?: Uint8Array;
}

function subject({
  room = 4,
  policy = "dropNewest",
  limits,
  journalled = false,
  frame = new Uint8Array(3),
}: Given = {}) {
  const controller = createProbe<ControllerMessage>("sluice://edge-1/controller");
  const window = new TaskWindow({ tasks: room, bytes: 1_000_000 }, INCARNATION);
  const tasks = new UnsettledTasks({
    controller,
    vouch,
    window,
    policy,
    limits: { ...DEFAULT_DELIVERY, ...limits },
    cloud: CLOUD,
    nodes: plan(),
    journalled,
  });
  tasks.start(0);
  const offer = (nowMs = 0, nodes = plan(), live = false): boolean =>
    tasks.offer(
      {
        id: { sourceId: parseSourceId("cam-1"), incarnation: INCARNATION },
        pipeline: pipelineOf({ a: [], b: ["a"] }),
        configuration: DEFAULT_CONFIGURATION,
        payload: { encoding: "rgb", width: 1, height: 1, frames: [{ ptsUs: 40, data: frame }] },
        sourceAtMs: nowMs,
        createdAtMs: nowMs,
        origin: "sluice://edge-1/source-cam-1",
        traceparent: `00-${"1".repeat(32)}-${"2".repeat(16)}-01`,
        nodes,
      },
      live ? null : spanAt(40, 40),
      nowMs,
    );
  /** What left since the last look: `sequence.delivery`, and where the stateful stage is pinned. */
  let seen = 0;
  const left = (): string[] => {
    const messages = controller.received.slice(seen);
    seen = controller.received.length;
    return messages.map((message) => {
      if (message.type === "submit") {
        const { id: task, delivery, pins } = message.task;
        const pin = pins.get(STAGE);
        return `${task.sequence}.${delivery} ${pin?.node}/${pin?.ordinal}`;
      }
      if (message.type === "stageDropped") return `${message.task.id.sequence} ${message.reason}`;
      return message.type;
    });
  };
  return { tasks, window, offer, left, controller };
}

test("UnsettledTasks sends no task whose frames no link would carry, and says by how much", () => {
  const { offer, left, controller } = subject({ frame: new Uint8Array(TASK_LIMITS.payloadBytesMax + 1) });
  assert.ok(offer());
  assert.equal(left(), ["0 tooLarge"]);
  assert.match(
    controller.only("stageDropped").detail,
    /^57 MiB of frames, more than 56: lower framesPerTask/,
  );
  const { offer: offerLess, left: leftOfLess } = subject({
    frame: new Uint8Array(TASK_LIMITS.payloadBytesMax),
  });
  assert.ok(offerLess());
  assert.equal(leftOfLess(), ["0.1 edge-2/0"]);
});

test("UnsettledTasks deliver a task again after a time without an answer that doubles, and no more once it is settled", () => {
  const { tasks, offer, left } = subject({ limits: { timeoutMs: 100, timeoutMsMax: 300 } });
  offer();
  offer();
  assert.equal(left(), ["0.1 edge-2/0", "1.1 edge-2/1"]);
  assert.is(tasks.settle(id(0), STORED, 10), true);
  assert.is(tasks.settle(id(0), STORED, 10), false);
  const times: number[] = [];
  for (let nowMs = 0; nowMs <= 1_500; nowMs += 10) {
    tasks.deliverDue(nowMs);
    if (left().length > 0) times.push(nowMs);
  }
  assert.equal(times, [100, 300, 600, 900, 1_200, 1_500]);
  assert.is(tasks.redelivered, 6);
});

test("UnsettledTasks wait longer where tasks take longer than their timeout", () => {
  const { tasks, offer, left } = subject({ limits: { timeoutMs: 100, timeoutMsMax: 300 } });
  for (let nowMs = 0, sequence = 0; sequence < 40; sequence++, nowMs += 1_000) {
    offer(nowMs);
    tasks.settle(id(sequence), STORED, nowMs + 1_000);
  }
  offer(40_000);
  left();
  tasks.deliverDue(43_000);
  assert.equal(left(), []);
  tasks.deliverDue(44_100);
  assert.equal(left().length, 1);
});

test("UnsettledTasks deliver at once what may have been on a node that is gone, and after a grace where it left", () => {
  const { tasks, offer, left } = subject();
  offer(0, { ...plan(NEAR), placedOn: [NEAR, FAR] });
  left();
  tasks.plan(plan(NEAR), 0);
  offer(0, plan(NEAR));
  left();
  tasks.nodeGone(FAR, false, 50);
  tasks.deliverDue(50);
  assert.equal(left(), ["0.2 edge-1/0"]);
  tasks.nodeBack(FAR, 60);
  tasks.nodeGone(FAR, true, 100);
  tasks.deliverDue(2_000);
  assert.equal(left(), []);
  tasks.deliverDue(2_100);
  assert.equal(left(), ["0.3 edge-1/0"]);
});

test("UnsettledTasks deliver at once what a newer plan may have taken to a node that is gone", () => {
  const { tasks, offer, left } = subject();
  offer(0, { ...plan(NEAR), placedOn: [NEAR] });
  left();
  tasks.plan({ ...plan(NEAR), placedOn: [FAR] }, 10);
  tasks.nodeGone(FAR, false, 50);
  tasks.deliverDue(50);
  assert.equal(left(), ["0.2 edge-1/0"]);
});

test("UnsettledTasks leave again from a node of the newest plan, also where their first frame was captured under an older one", () => {
  const { tasks, offer, left } = subject();
  tasks.plan({ ...plan(NEAR), placedOn: [FAR] }, 0);
  offer(10, { ...plan(NEAR), placedOn: [NEAR] });
  left();
  tasks.nodeGone(FAR, false, 50);
  tasks.deliverDue(50);
  assert.equal(left(), ["0.2 edge-1/0"]);
});

test("UnsettledTasks meet branches at the join of the newer plan where the node of the older one is gone", () => {
  const joiningAt = (node: typeof NEAR): TaskNodes => ({ ...plan(NEAR), joinNodes: new Map([[END, node]]) });
  const { tasks, offer, left, controller } = subject();
  offer(0, { ...joiningAt(FAR), placedOn: [NEAR, FAR] });
  left();
  tasks.nodeGone(FAR, false, 10);
  tasks.plan(joiningAt(CLOUD), 20);
  tasks.deliverDue(20);
  assert.equal(
    controller.all("submit").map(({ task }) => [task.delivery, task.joinNodes.get(END)]),
    [
      [1, FAR],
      [2, CLOUD],
    ],
  );
});

test("UnsettledTasks drop nothing of a source that can be read again, also where the window is full", () => {
  const { offer, left, window } = subject({ room: 1 });
  for (let made = 0; made < 3; made += 1) assert.ok(offer());
  assert.equal(left(), ["0.1 edge-2/0", "1.1 edge-2/1", "2.1 edge-2/2"]);
  assert.is(window.ledger.inFlight, 3);
});

test("UnsettledTasks that are recovered twice go on above all deliveries of both incarnations", () => {
  const recovered = (entries: readonly JournalEntry[]) => {
    const after = subject({ journalled: true, limits: { deliveriesMax: 5 } });
    for (const entry of entries)
      after.tasks.recover(entry, pipelineOf({ a: [], b: ["a"] }), "sluice://edge-1/new");
    return after;
  };
  const first = subject({ journalled: true });
  first.offer(0, plan(), true);
  const second = recovered(first.tasks.takeUnwritten());
  const third = recovered(second.tasks.takeUnwritten());
  third.tasks.written(third.tasks.takeUnwritten(), true, 1);
  assert.equal(third.left(), ["0.11 edge-2/0"]);
});

test("UnsettledTasks that are recovered take room in the window until they are settled", () => {
  const before = subject({ journalled: true });
  before.offer(0, plan(), true);
  before.offer();
  const after = subject({ journalled: true, room: 2 });
  for (const entry of before.tasks.takeUnwritten())
    after.tasks.recover(entry, pipelineOf({ a: [], b: ["a"] }), "sluice://edge-1/new");
  assert.is(after.window.full, true);
  after.tasks.settle(id(0), STORED, 1);
  assert.is(after.window.full, false);
});

test("UnsettledTasks write again what was being written as their generator started again", () => {
  const { tasks, offer, left } = subject({ journalled: true });
  offer();
  assert.is(tasks.takeUnwritten().length, 1);
  tasks.start(10);
  const again = tasks.takeUnwritten();
  assert.is(again.length, 1);
  tasks.written(again, true, 20);
  assert.equal(left(), ["0.1 edge-2/0"]);
});

test("UnsettledTasks hold what needs a node that is gone, and pin it again, in order, ahead of what is made next", () => {
  const { tasks, offer, left } = subject({ room: 8 });
  offer();
  offer();
  left();
  tasks.nodeGone(FAR, false, 10);
  tasks.deliverDue(10);
  offer(11);
  assert.equal(left(), []);
  tasks.plan(plan(NEAR), 20);
  offer(21, plan(NEAR));
  assert.equal(left(), ["0.2 edge-1/0", "1.2 edge-1/1", "2.1 edge-1/2", "3.1 edge-1/3"]);
});

test("UnsettledTasks keep everything while the cloud is gone, and deliver all of it once it is back", () => {
  const { tasks, offer, left } = subject({ room: 8, limits: { timeoutMs: 100, deliveriesMax: 3 } });
  offer();
  left();
  tasks.nodeGone(CLOUD, false, 10);
  for (let nowMs = 10; nowMs < 100_000; nowMs += 1_000) tasks.deliverDue(nowMs);
  offer(50_000);
  assert.equal(left(), []);
  tasks.nodeBack(CLOUD, 100_000);
  assert.equal(left(), ["0.2 edge-2/0", "1.1 edge-2/1"]);
});

test("UnsettledTasks drop a task that is never settled as expired, and deliver the drop until it is stored", () => {
  const { tasks, offer, left, window } = subject({ limits: { timeoutMs: 100, deliveriesMax: 3 } });
  offer();
  for (let nowMs = 0; nowMs <= 2_000; nowMs += 100) tasks.deliverDue(nowMs);
  assert.equal(left(), ["0.1 edge-2/0", "0.2 edge-2/0", "0.3 edge-2/0", "0 expired", "0 expired"]);
  assert.is(window.ledger.inFlight, 1);
  tasks.settle(id(0), { status: "dropped", reason: "expired" }, 3_000);
  assert.is(window.ledger.inFlight, 0);
});

test("UnsettledTasks bound redeliveries by a rate", () => {
  const limits = { rate: { perSecond: 10, burst: 3 } };
  const { tasks, offer, left } = subject({ room: 100, limits });
  for (let count = 0; count < 20; count++) offer();
  left();
  tasks.nodeGone(FAR, false, 0);
  tasks.plan(plan(NEAR), 0);
  tasks.deliverDue(0);
  assert.is(left().length, 3);
  const dueAtMs = tasks.dueAtMs(0) ?? 0;
  assert.is(dueAtMs, 100);
  let delivered = 0;
  for (let nowMs = 0; nowMs <= 1_000; nowMs += 100) {
    tasks.deliverDue(nowMs);
    delivered += left().length;
  }
  assert.is(delivered, 10);
});

test("UnsettledTasks let nothing leave that their journal does not have, and try again what failed", () => {
  const { tasks, offer, left } = subject({ journalled: true });
  offer();
  offer();
  const entries = tasks.takeUnwritten();
  assert.equal([entries.length, left()], [2, []]);
  tasks.written(entries, false, 5);
  assert.equal(left(), []);
  const again = tasks.takeUnwritten();
  assert.equal(
    again.map(({ task, span }) => [task.id.sequence, task.payload, span?.last.ptsUs]),
    [
      [0, null, 40],
      [1, null, 40],
    ],
  );
  tasks.written(again, true, 6);
  assert.equal(left(), ["0.1 edge-2/0", "1.1 edge-2/1"]);
  assert.equal(tasks.takeUnwritten(), []);
});

test("UnsettledTasks journal the pixels of a live source, and of a task dropped there only the drop", () => {
  const { tasks, offer, left } = subject({ journalled: true, room: 1 });
  offer(0, plan(), true);
  offer(0, plan(), true);
  const entries = tasks.takeUnwritten();
  assert.equal(
    entries.map(({ task, drop }) => [task.payload?.frames[0]?.data.length ?? null, drop?.reason ?? null]),
    [
      [3, null],
      [null, "windowFull"],
    ],
  );
  tasks.written(entries, true, 1);
  assert.equal(left(), ["0.1 edge-2/0", "1 windowFull"]);
});

test("UnsettledTasks recover tasks of an earlier incarnation under their identities, above its deliveries", () => {
  const before = subject({ journalled: true });
  before.offer(0, plan(), true);
  before.offer();
  const recovered: readonly JournalEntry[] = before.tasks.takeUnwritten();
  const after = subject({ journalled: true, limits: { deliveriesMax: 5 } });
  for (const entry of recovered)
    after.tasks.recover(entry, pipelineOf({ a: [], b: ["a"] }), "sluice://edge-1/new");
  assert.is(after.window.ledger.inFlight, 2);
  after.tasks.written(after.tasks.takeUnwritten(), true, 1);
  assert.equal(after.left(), ["0.6 edge-2/0"]);
  const [frameless] = after.tasks.frameless;
  assert.equal([frameless?.task.id.sequence, after.tasks.frameless.length], [1, 1]);
  assert.ok(frameless);
  after.tasks.provide(frameless.task.id, frameless.task.payload, 2);
  after.tasks.written(after.tasks.takeUnwritten(), true, 3);
  assert.equal(after.left(), ["1.6 edge-2/1"]);
  assert.equal(after.window.accounts[0], { incarnation: INCARNATION, created: 2, outstanding: [0, 1] });
});

test("UnsettledTasks drop as sourceLost what cannot be read again", () => {
  const before = subject({ journalled: true });
  before.offer();
  const after = subject({ journalled: true });
  for (const entry of before.tasks.takeUnwritten()) {
    after.tasks.recover(entry, pipelineOf({ a: [], b: ["a"] }), "sluice://edge-1/new");
  }
  after.tasks.provide(id(0), null, 1);
  after.tasks.written(after.tasks.takeUnwritten(), true, 2);
  assert.equal(after.left(), ["0 sourceLost"]);
});

test("UnsettledTasks keep the law of conservation and drain, whatever happens to nodes, journal and answers", () => {
  const step = fc.oneof(
    fc.constant({ type: "offer" } as const),
    fc.record({ type: fc.constant("settle" as const), at: fc.nat(30) }),
    fc.record({ type: fc.constant("gone" as const), node: fc.constantFrom(CLOUD, NEAR, FAR) }),
    fc.record({ type: fc.constant("back" as const), node: fc.constantFrom(CLOUD, NEAR, FAR) }),
    fc.record({ type: fc.constant("plan" as const), node: fc.constantFrom(NEAR, FAR) }),
    fc.record({ type: fc.constant("write" as const), ok: fc.boolean() }),
    fc.record({ type: fc.constant("wait" as const), ms: fc.nat(50_000) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.boolean(), (steps, live) => {
      const { tasks, window, offer, controller } = subject({
        journalled: true,
        limits: { timeoutMs: 1_000 },
      });
      let nowMs = 0;
      const write = (ok: boolean): void => {
        const entries = tasks.takeUnwritten();
        tasks.written(entries, ok, nowMs);
      };
      for (const now of steps) {
        if (now.type === "offer" && (live || !window.full)) offer(nowMs, plan(), live);
        if (now.type === "settle") tasks.settle(id(now.at), STORED, nowMs);
        if (now.type === "gone") tasks.nodeGone(now.node, false, nowMs);
        if (now.type === "back") tasks.nodeBack(now.node, nowMs);
        if (now.type === "plan") tasks.plan(plan(now.node), nowMs);
        if (now.type === "write") write(now.ok);
        if (now.type === "wait") tasks.deliverDue((nowMs += now.ms));
        assert.is(checkConservation(window.ledger), null);
      }
      // Once faults stop, each task that is out is delivered until it is settled.
      for (const node of [CLOUD, NEAR, FAR]) tasks.nodeBack(node, nowMs);
      const from = controller.received.length;
      for (let round = 0; round < 40; round++) {
        write(true);
        tasks.deliverDue((nowMs += 300_000));
      }
      const delivered = new Set(
        controller.received
          .slice(from)
          .flatMap((message) =>
            message.type === "submit" || message.type === "stageDropped" ? [message.task.id.sequence] : [],
          ),
      );
      const outstanding = window.accounts.flatMap((account) => account.outstanding);
      const ascending = (a: number, b: number): number => a - b;
      assert.equal([...delivered].sort(ascending), [...outstanding].sort(ascending));
    }),
  );
});

test.run();
