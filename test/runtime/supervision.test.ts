import * as fc from "fast-check";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import {
  DEFAULT_SUPERVISION,
  type RestartType,
  type SupervisionPolicy,
} from "../../src/runtime/spawn-options.js";
import {
  backoffMs,
  decide,
  NO_RESTARTS,
  supervisionPolicy,
  touchedBy,
  type Ending,
  type RestartHistory,
} from "../../src/runtime/supervision.js";

const policy: SupervisionPolicy = {
  strategy: "oneForOne",
  intensity: 3,
  periodMs: 1_000,
  backoff: { minMs: 10, maxMs: 80, factor: 2, jitter: 0 },
};
const failure = { ending: "failed", restart: "transient", policy, random: 0 } as const;

/** Fails once at each time; the delays of the restarts, and `escalate` or `stop` where it came to that. */
function failAt(...timesMs: number[]): (number | "escalate" | "stop")[] {
  let history: RestartHistory = NO_RESTARTS;
  return timesMs.map((nowMs) => {
    const decision = decide({ ...failure, history, nowMs });
    if (decision.type !== "restart") return decision.type;
    history = decision.history;
    return decision.delayMs;
  });
}

const table: readonly [RestartType, Ending, "stop" | "restart"][] = [
  ["permanent", "failed", "restart"],
  ["permanent", "ended", "restart"],
  ["transient", "failed", "restart"],
  ["transient", "ended", "stop"],
  ["temporary", "failed", "stop"],
  ["temporary", "ended", "stop"],
];
for (const [restart, ending, wanted] of table) {
  test(`decide: a ${restart} child that ${ending} is due a ${wanted}`, () => {
    const decision = decide({ ...failure, restart, ending, history: NO_RESTARTS, nowMs: 0 });
    assert.is(decision.type, wanted);
  });
}

test("decide escalates the 4th failure in the period of intensity 3", () => {
  assert.equal(failAt(0, 100, 200, 300), [10, 20, 40, "escalate"]);
});

test("decide forgets restarts older than the period", () => {
  assert.equal(failAt(0, 400, 800, 1_100), [10, 20, 40, 80]);
});

test("decide starts the backoff again after a period without failure", () => {
  assert.equal(failAt(0, 100, 2_000), [10, 20, 10]);
  const held = failAt(0, 1_009);
  assert.equal(held, [10, 20], "the period counts from the moment the restart took effect");
});

test("decide never restarts at intensity 0", () => {
  const decision = decide({
    ...failure,
    policy: { ...policy, intensity: 0 },
    history: NO_RESTARTS,
    nowMs: 0,
  });
  assert.equal(decision, { type: "escalate" });
});

test("decide keeps a history no longer than the intensity", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(500), { maxLength: 60 }), (gapsMs) => {
      let history: RestartHistory = NO_RESTARTS;
      let nowMs = 0;
      for (const gapMs of gapsMs) {
        nowMs += gapMs;
        const before = history.restartsAtMs.filter((atMs) => nowMs - atMs < policy.periodMs).length;
        const decision = decide({ ...failure, history, nowMs });
        assert.is(decision.type, before < policy.intensity ? "restart" : "escalate");
        if (decision.type === "restart") history = decision.history;
        assert.ok(history.restartsAtMs.length <= policy.intensity);
      }
    }),
  );
});

test("backoffMs grows by the factor up to its maximum, less at most its jitter", () => {
  assert.equal(
    [1, 2, 3, 4, 5].map((nth) => backoffMs(policy.backoff, nth, 0)),
    [10, 20, 40, 80, 80],
  );
  const jittered = { ...policy.backoff, jitter: 0.5 };
  assert.is(backoffMs(jittered, 2, 0), 20);
  assert.is(backoffMs(jittered, 2, 0.5), 15);
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (nth, random) => {
        const delayMs = backoffMs(jittered, nth, random);
        assert.ok(delayMs >= 5 && delayMs <= 80, `${delayMs}`);
      },
    ),
  );
});

const a = { name: "a", restart: "permanent" } as const;
const b = { name: "b", restart: "transient" } as const;
const c = { name: "c", restart: "temporary" } as const;
const d = { name: "d", restart: "transient" } as const;

test("touchedBy: oneForOne touches the failed child alone", () => {
  assert.equal(touchedBy("oneForOne", b, [a, b, c, d]), [b]);
});

test("touchedBy: allForOne touches all", () => {
  assert.equal(touchedBy("allForOne", b, [a, b, c, d]), [a, b, c, d]);
});

test("touchedBy: restForOne touches those started after the failed child", () => {
  assert.equal(touchedBy("restForOne", b, [a, b, c, d]), [b, c, d]);
});

test("supervisionPolicy fills in the defaults and refuses figures out of range", () => {
  assert.is(supervisionPolicy(undefined), DEFAULT_SUPERVISION);
  assert.is(supervisionPolicy({ intensity: 1 }).periodMs, DEFAULT_SUPERVISION.periodMs);
  const backoff = DEFAULT_SUPERVISION.backoff;
  const wrong: Partial<SupervisionPolicy>[] = [
    { intensity: -1 },
    { intensity: Number.NaN },
    { periodMs: 0 },
    { backoff: { ...backoff, minMs: -1 } },
    { backoff: { ...backoff, maxMs: 1 } },
    { backoff: { ...backoff, factor: 0.5 } },
    { backoff: { ...backoff, jitter: 1.1 } },
  ];
  for (const options of wrong) assert.throws(() => supervisionPolicy(options), RangeError);
});

test("decide never escalates for what another node sent, and counts it towards no intensity but to the backoff", () => {
  let history: RestartHistory = NO_RESTARTS;
  for (const delayMs of [10, 20, 40, 80, 80, 80]) {
    const decision = decide({ ...failure, history, foreign: true, nowMs: 0 });
    assert.ok(decision.type === "restart");
    assert.is(decision.delayMs, delayMs);
    history = decision.history;
  }
  assert.equal(history.restartsAtMs, []);
  for (let own = 0; own < 3; own++) {
    const decision = decide({ ...failure, history, nowMs: 0 });
    assert.ok(decision.type === "restart");
    history = decision.history;
  }
  assert.is(decide({ ...failure, history, nowMs: 0 }).type, "escalate");
  assert.is(decide({ ...failure, history, foreign: true, nowMs: 0 }).type, "restart");
});

test.run();
