/** Delivery as a generator uses it: timers, the journal, and what it does at a start after the first. */

import { test } from "../../../support/test.js";
import * as assert from "uvu/assert";
import { Delivery, type DeliveryMessage } from "../../../../src/actors/generator/delivery/delivery.js";
import type { TaskNodes } from "../../../../src/actors/generator/delivery/placement.js";
import { DEFAULT_DELIVERY } from "../../../../src/actors/generator/delivery/redelivery.js";
import { TaskWindow } from "../../../../src/actors/generator/delivery/window.js";
import type { ControllerMessage } from "../../../../src/actors/protocol/controller.js";
import type { Behaviour, Context } from "../../../../src/runtime/behaviour.js";
import { silentLogger } from "../../../../src/runtime/log.js";
import type { RecoveredState } from "../../../../src/storage/journal/journal.js";
import { DEFAULT_CONFIGURATION } from "../../../../src/task/configuration.js";
import { parseNodeName, parseSourceId } from "../../../../src/task/identity.js";
import { fold } from "../../../support/fold.js";
import { createProbe } from "../../../support/probe.js";
import { VirtualClock } from "../../../support/virtual-clock.js";
import { pipelineOf } from "../../../task/pipelines.js";
import { createFakeJournal, type FakeJournal } from "../fake-journal.js";
import { vouch } from "../../../support/vouchers.js";
import { positionAt, spanAt } from "../../../support/positions.js";

const [CLOUD, EDGE] = [parseNodeName("cloud"), parseNodeName("edge-1")];
const SOURCE = parseSourceId("cam-1");
const NODES: TaskNodes = { joinNodes: new Map(), statefulNodes: new Map(), placedOn: [EDGE] };
const PIPELINE = pipelineOf({ a: [] });

type Work = (ctx: Context<Message>) => void;
type Message = DeliveryMessage | { readonly type: "work"; readonly work: Work };

/** A behaviour that is nothing but its delivery. */
function subject(given: { readonly journal?: FakeJournal; readonly recovered?: RecoveredState } = {}) {
  const { journal, recovered } = given;
  const controller = createProbe<ControllerMessage>("sluice://edge-1/controller");
  const delivery = new Delivery({
    sourceId: SOURCE,
    pipeline: PIPELINE,
    controller,
    vouch,
    window: new TaskWindow({ tasks: 4, bytes: 1_000_000 }, recovered?.incarnation ?? 1),
    policy: "dropNewest",
    limits: { ...DEFAULT_DELIVERY, timeoutMs: 1_000 },
    cloud: CLOUD,
    nodes: NODES,
    journal: journal?.journal ?? null,
    recovered: recovered ?? null,
  });
  const behaviour: Behaviour<null, Message> = {
    start(ctx) {
      delivery.start(ctx);
      return null;
    },
    receive(state, message, ctx) {
      if (message.type === "work") message.work(ctx);
      else delivery.receive(message, ctx);
      delivery.flush(ctx);
      return state;
    },
  };
  const warnings: string[] = [];
  const log = { ...silentLogger, warn: (text: string) => void warnings.push(text) };
  const clock = new VirtualClock(0);
  const actor = fold(behaviour, { clock, address: "sluice://edge-1/source-cam-1", log });
  const work = (task: Work): void => actor.tell({ type: "work", work: task });
  const offer = (): void =>
    work((ctx) => {
      const frames = [{ ptsUs: 40, data: new Uint8Array(3) }];
      const task = {
        id: { sourceId: SOURCE, incarnation: 1 },
        pipeline: PIPELINE,
        configuration: DEFAULT_CONFIGURATION,
        payload: { encoding: "rgb" as const, width: 1, height: 1, frames },
        sourceAtMs: ctx.now(),
        createdAtMs: ctx.now(),
        origin: ctx.self.address,
        traceparent: `00-${"1".repeat(32)}-${"2".repeat(16)}-01`,
        nodes: NODES,
      };
      delivery.offer(task, spanAt(40, 40), ctx.now());
    });
  const settle = (sequence: number): void =>
    work((ctx) => {
      const id = { sourceId: SOURCE, incarnation: 1, sequence };
      delivery.settle(id, { status: "stored" }, ctx.now());
    });
  /** `sequence.delivery` of each task that left. */
  const left = (): string[] =>
    controller.all("submit").map(({ task }) => `${task.id.sequence}.${task.delivery}`);
  return { actor, clock, delivery, left, offer, settle, warnings, work };
}

test("Delivery sets one timer, for the task that is due first, and sets it again at the death of a node", () => {
  const { actor, clock, left, offer } = subject();
  offer();
  clock.advance(400);
  offer();
  assert.is(clock.pending, 1);
  clock.advance(599);
  assert.equal(left(), ["0.1", "1.1"]);
  clock.advance(1);
  assert.equal(left(), ["0.1", "1.1", "0.2"]);
  actor.tell({ type: "nodeGone", node: EDGE, left: false });
  assert.is(clock.pending, 1);
  // One step of the rate.
  clock.advance(10);
  assert.equal(left(), ["0.1", "1.1", "0.2", "0.3", "1.2"]);
});

test("Delivery sends a task again in its time also where the one that it waits for has a longer one", () => {
  const { clock, left, offer } = subject();
  offer();
  clock.advance(1_100);
  offer();
  clock.advance(1_000);
  assert.equal(left(), ["0.1", "0.2", "1.1", "1.2"]);
  assert.is(clock.pending, 1);
  clock.advance(900);
  assert.equal(left(), ["0.1", "0.2", "1.1", "1.2", "0.3"]);
});

test("Delivery sends again soon a task that reached nobody", () => {
  const { actor, clock, left, offer } = subject();
  offer();
  actor.tell({ type: "undelivered", id: { sourceId: SOURCE, incarnation: 1, sequence: 0 } });
  clock.advance(499);
  assert.equal(left(), ["0.1"]);
  clock.advance(1);
  assert.equal(left(), ["0.1", "0.2"]);
});

test("Delivery sends nothing again once every task is settled", () => {
  const { clock, left, offer, settle } = subject();
  offer();
  settle(0);
  clock.advance(1_000_000);
  assert.equal([left(), clock.pending], [["0.1"], 0]);
});

test("Delivery survives a restart: what is out stays out, and what was being written is written again", async () => {
  const journal = createFakeJournal();
  const { actor, clock, left, offer } = subject({ journal });
  offer();
  journal.write();
  await actor.settle();
  offer();
  // Nobody hears of this write: it ends with the state of the actor that waits for it.
  journal.write();
  actor.restart();
  assert.is(journal.waiting, 1);
  journal.write();
  await actor.settle();
  assert.equal(left(), ["0.1", "1.1"]);
  clock.advance(1_000);
  assert.equal(left(), ["0.1", "1.1", "0.2", "1.2"]);
});

test("Delivery writes again after a restart between a failed write and the next try", async () => {
  const journal = createFakeJournal();
  const { actor, clock, left, offer } = subject({ journal });
  offer();
  journal.fail();
  await actor.settle();
  assert.is(journal.waiting, 0);
  // The timer of the next try ends with the state.
  actor.restart();
  clock.advance(600);
  offer();
  journal.write();
  await actor.settle();
  assert.equal(left(), ["0.1", "1.1"]);
});

test("Delivery recovers the tasks of earlier incarnations at its first start, and only then", async () => {
  const journal = createFakeJournal();
  const before = subject({ journal });
  before.offer();
  before.offer();
  journal.write();
  await before.actor.settle();
  const recovered: RecoveredState = {
    incarnation: 2,
    entries: [...journal.entries.values()],
    position: positionAt(40, 40),
    unclosed: [],
    lastTaskAtMs: null,
    tasksBefore: 0,
  };
  const after = subject({ journal: createFakeJournal(), recovered });
  const frameless = (): readonly number[] => after.delivery.frameless.map(({ task }) => task.id.sequence);
  assert.equal(frameless(), [0, 1]);
  after.settle(0);
  after.actor.restart();
  assert.equal(frameless(), [1]);
});

test("Delivery warns once while its journal fails, and again the next time that it does", async () => {
  const journal = createFakeJournal();
  const { actor, clock, offer, warnings } = subject({ journal });
  const failAll = async (): Promise<void> => {
    journal.fail();
    await actor.settle();
  };
  offer();
  await failAll();
  assert.is(warnings.length, 1);
  offer();
  assert.is(journal.waiting, 0, "nothing is written meanwhile");
  clock.advance(500);
  journal.write();
  await actor.settle();
  offer();
  await failAll();
  assert.is(warnings.length, 2);
});

test("Delivery closes its journal, and says so where that fails", async () => {
  const journal = createFakeJournal();
  const closing = subject({ journal });
  closing.work((ctx) => closing.delivery.close(false, ctx));
  assert.ok(journal.closed);
  const broken = createFakeJournal();
  const failing = subject({
    journal: { ...broken, journal: { ...broken.journal, close: () => Promise.reject(new Error("no disk")) } },
  });
  failing.work((ctx) => failing.delivery.close(false, ctx));
  await failing.actor.settle();
  assert.equal(failing.warnings, ["Cannot close the journal of a source"]);
});

test.run();
