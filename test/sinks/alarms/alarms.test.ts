import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as assert from "uvu/assert";
import type { AlarmsReported } from "../../../src/actors/protocol/alarms.js";
import { silentLogger } from "../../../src/runtime/log.js";
import { createAlarmHooks } from "../../../src/sinks/alarms/alarm-hooks.js";
import { ALARMS_MAX, AlarmBook } from "../../../src/sinks/alarms/alarm-book.js";
import type { AlarmRule } from "../../../src/sinks/alarms/alarm-settings.js";
import { createAlarms, createAlarmsRetained } from "../../../src/sinks/alarms/alarms.js";
import type { AlarmEvent } from "../../../src/task/hub-events.js";
import { parseSourceId } from "../../../src/task/identity.js";
import type { TaskOutcome } from "../../../src/task/reports.js";
import { fold } from "../../support/fold.js";
import { createProbe } from "../../support/probe.js";
import { test } from "../../support/test.js";
import { VirtualClock } from "../../support/virtual-clock.js";
import { within } from "../../support/within.js";

function setUp(
  rules: readonly AlarmRule[],
  { free = () => Promise.resolve(10), audit = () => Promise.resolve(0) } = {},
) {
  const events: AlarmEvent[] = [];
  const actor = fold(
    createAlarms({ freeBytes: free, audit, onEvent: (event) => events.push(event) }, createAlarmsRetained()),
  );
  actor.tell({ type: "useRules", rules });
  let sequence = 0;
  const settle = (source: string, latencyMs: number | null): void => {
    const nowMs = actor.clock.now();
    const outcome = {
      id: { sourceId: parseSourceId(source), incarnation: 1, sequence: sequence++ },
      outcome: latencyMs === null ? { status: "dropped", reason: "deadline" } : { status: "stored" },
      sourceAtMs: nowMs - (latencyMs ?? 0),
      settledAtMs: nowMs,
    } as TaskOutcome;
    actor.tell({ type: "settled", outcome });
  };
  /** What has come of it, since the last time. */
  const told = (): readonly string[] =>
    events.splice(0).map((event) => `${event.type} ${event.alarm} ${event.about}`);
  const happened = (event: object): void => actor.tell({ type: "happened", event: event as never });
  const raised = (): AlarmsReported => {
    const replyTo = createProbe<AlarmsReported>();
    actor.tell({ type: "reportAlarms", replyTo });
    return replyTo.only("alarmsReported");
  };
  return { actor, events, settle, told, happened, raised };
}

const slow: AlarmRule = {
  name: "slow",
  when: "latency",
  above: 500,
  percentile: 95,
  window: 10_000,
  for: 5_000,
  clear: 20_000,
};

test("alarms raise slow tasks once they have been so for long enough, and resolve them once they have been well", () => {
  const { actor, settle, told, raised } = setUp([slow]);
  const second = (latencyMs: number | null): void => {
    settle("gate", latencyMs);
    actor.advance(1_000);
  };
  for (let index = 0; index < 5; index++) second(900);
  assert.equal(told(), []);
  second(900);
  assert.equal(told(), ["alarmRaised slow gate"]);
  assert.match(raised().alarms[0]?.detail ?? "", /^p95 of \d+ tasks is 900 ms, and 500 ms are allowed$/);
  // The window is full of the late ones for a while; then it has to be well for 20 s.
  for (let index = 0; index < 28; index++) second(100);
  assert.equal(told(), []);
  for (let index = 0; index < 3; index++) second(100);
  assert.equal(told(), ["alarmResolved slow gate"]);
  assert.equal(raised().alarms, []);
});

test("what flickers raises no alarm, and one that is raised is not raised again", () => {
  const book = new AlarmBook();
  const debounce = { forMs: 3, clearMs: 3 };
  const about = { alarm: "a", about: "x" };
  const see = (isBad: boolean, nowMs: number): readonly string[] =>
    book
      .see(about, isBad ? { status: "bad", detail: "d" } : { status: "well" }, debounce, nowMs)
      .map(({ type }) => type);
  const told = [
    true,
    true,
    false,
    true,
    true,
    false,
    true,
    true,
    true,
    true,
    false,
    true,
    false,
    false,
    false,
    false,
  ];
  assert.equal(
    told.map((isBad, nowMs) => see(isBad, nowMs).join()),
    ["", "", "", "", "", "", "", "", "", "alarmRaised", "", "", "", "", "", "alarmResolved"],
  );
});

test("alarms are bounded: no more than so many are remembered", () => {
  const book = new AlarmBook();
  for (let index = 0; index <= ALARMS_MAX; index++) {
    book.see(
      { alarm: "a", about: String(index) },
      { status: "bad", detail: "" },
      { forMs: 0, clearMs: 0 },
      0,
    );
  }
  assert.is(book.reports().length, ALARMS_MAX);
});

test("alarms tell the share of tasks that are dropped, of the sources of the rule alone", () => {
  const rule: AlarmRule = {
    name: "d",
    when: "drops",
    above: 0.1,
    window: 60_000,
    for: 0,
    clear: 0,
    sources: ["gate"],
  };
  const { actor, settle, told } = setUp([rule]);
  for (let index = 0; index < 9; index++) settle("gate", 10);
  settle("gate", null);
  settle("yard", null);
  actor.advance(1_000);
  assert.equal(told(), []);
  settle("gate", null);
  actor.advance(1_000);
  assert.equal(told(), ["alarmRaised d gate"]);
});

test("alarms tell of a source that gives no result, but not while it is paused or has ended", () => {
  const rule: AlarmRule = { name: "silent", when: "stale", after: 30_000, for: 0, clear: 0 };
  const { actor, told, happened, settle } = setUp([rule]);
  happened({ type: "sourceStarted", sourceId: "gate", description: "" });
  actor.advance(29_000);
  assert.equal(told(), []);
  actor.advance(1_000);
  assert.equal(told(), ["alarmRaised silent gate"]);
  settle("gate", 10);
  actor.advance(1_000);
  assert.equal(told(), ["alarmResolved silent gate"]);
  happened({ type: "sourcePaused", sourceId: "gate", reason: "" });
  actor.advance(120_000);
  assert.equal(told(), []);
  happened({ type: "sourceContinued", sourceId: "gate" });
  actor.advance(30_000);
  assert.equal(told(), ["alarmRaised silent gate"]);
  happened({ type: "sourceEnded", sourceId: "gate" });
  actor.advance(1_000);
  assert.equal(told(), ["alarmResolved silent gate"]);
});

test("alarms tell of a node that is gone, until it is back or has left in order", () => {
  const { actor, told, happened } = setUp([{ name: "gone", when: "nodeGone", for: 2_000, clear: 0 }]);
  const member = { name: "edge-1", roles: ["edge"] };
  happened({ type: "memberDown", member, reason: "silence" });
  actor.advance(1_000);
  happened({ type: "memberUp", member });
  actor.advance(5_000);
  assert.equal(told(), []);
  happened({ type: "memberDown", member, reason: "silence" });
  actor.advance(3_000);
  assert.equal(told(), ["alarmRaised gone edge-1"]);
  happened({ type: "memberUp", member });
  actor.advance(1_000);
  assert.equal(told(), ["alarmResolved gone edge-1"]);
});

test("alarms look at the disk and audit the store now and then, one look at a time", async () => {
  let looks = 0;
  let findings = 0;
  let bytes = 100;
  const { actor, told } = setUp(
    [
      { name: "full", when: "diskLow", below: 50, for: 10_000, clear: 30_000 },
      { name: "proof", when: "auditFailed", every: 60_000, for: 10_000, clear: 30_000 },
    ],
    {
      free: async () => {
        looks += 1;
        return bytes;
      },
      audit: async () => findings,
    },
  );
  actor.advance(1_000);
  await actor.settle();
  assert.equal([told(), looks], [[], 1]);
  [bytes, findings] = [49, 2];
  actor.advance(60_000);
  await actor.settle();
  // Nothing is asked anew before the last answer is there.
  assert.is(looks, 2);
  assert.equal(told(), ["alarmRaised full store", "alarmRaised proof store"]);
  [bytes, findings] = [100, 0];
  actor.advance(60_000);
  await actor.settle();
  assert.equal(told(), ["alarmResolved full store", "alarmResolved proof store"]);
});

test("an operator says of alarms that they are known, once, and rules that are gone take theirs along", () => {
  const { actor, told, happened, raised } = setUp([{ name: "gone", when: "nodeGone", for: 0, clear: 0 }]);
  for (const name of ["edge-1", "edge-2"])
    happened({ type: "memberDown", member: { name, roles: [] }, reason: "silence" });
  actor.advance(1_000);
  told();
  const replyTo = createProbe<AlarmsReported>();
  actor.tell({ type: "acknowledgeAlarms", alarm: "gone", about: "edge-1", replyTo });
  assert.equal(told(), ["alarmAcknowledged gone edge-1"]);
  actor.tell({ type: "acknowledgeAlarms", alarm: "gone", replyTo });
  assert.equal(told(), ["alarmAcknowledged gone edge-2"]);
  assert.equal(
    raised().alarms.map(({ acknowledgedAtMs }) => acknowledgedAtMs !== null),
    [true, true],
  );
  actor.tell({ type: "useRules", rules: [slow] });
  assert.equal([told(), raised().alarms], [[], []]);
});

test("a webhook is told of alarms in order, and tried again where it fails", async () => {
  const bodies: string[] = [];
  let failures = 2;
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      failures -= 1;
      if (failures < 0) bodies.push(body);
      response.writeHead(failures < 0 ? 204 : 500).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const clock = new VirtualClock();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const hooks = createAlarmHooks({
    hooks: [{ url, secret: "s3cret", timeoutMs: 5_000, now: () => clock.now() }],
    cluster: { name: "site", id: "c0ffee" },
    clock,
    random: () => 0,
    log: silentLogger,
  });
  hooks.tell({ type: "alarmRaised", alarm: "slow", about: "gate", detail: "late" });
  hooks.tell({ type: "alarmResolved", alarm: "slow", about: "gate", afterMs: 5_000 });
  await within(
    20_000,
    (async () => {
      while (bodies.length < 2) {
        await new Promise((resolve) => setImmediate(resolve));
        if (clock.pending > 0) clock.advance(2_000);
      }
    })(),
    "both",
  );
  hooks.close();
  server.close();
  const told = bodies.map((body) => (JSON.parse(body) as readonly Readonly<Record<string, unknown>>[])[0]);
  assert.equal(
    told.map((event) => [event?.["type"], event?.["subject"], event?.["specversion"]]),
    [
      ["sluice.alarmRaised", "gate", "1.0"],
      ["sluice.alarmResolved", "gate", "1.0"],
    ],
  );
});

test.run();
