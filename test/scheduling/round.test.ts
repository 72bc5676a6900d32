import { deepStrictEqual } from "node:assert/strict";
import { deserialize } from "node:v8";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { bindPolicy, type BoundPolicy, type Decision, type PolicyView } from "../../src/scheduling/policy.js";
import { edgeOnly } from "../../src/scheduling/policies/edge-only.js";
import { completePlan } from "../../src/scheduling/plan.js";
import { createPolicies } from "../../src/scheduling/policies.js";
import { decideRound, type RoundTurn, type TurnAnswer } from "../../src/scheduling/round.js";
import { decideShadows } from "../../src/scheduling/shadow-round.js";
import { parseSourceId } from "../../src/task/identity.js";
import { EDGE_1, EDGE_2, source as described, view as clusterView } from "../actors/scheduler/cluster.js";
import { placed, roundOf, toolsWith, turn } from "./rounds.js";

/** A policy that does whatever the test says. */
function own(
  name: string,
  decide: (state: unknown, view: PolicyView) => unknown,
  version?: string,
): BoundPolicy {
  return bindPolicy({
    name,
    ...(version !== undefined && { version }),
    parse: () => null,
    start: () => 0,
    decide: decide as (state: unknown, view: PolicyView) => Decision<unknown>,
  });
}

const good = (view: PolicyView, state: unknown = 0) => ({ ...edgeOnly.decide(null, view), state });

function only(answers: readonly TurnAnswer[]): TurnAnswer {
  const [answer] = answers;
  if (answer === undefined || answers.length > 1) throw new Error(`There were ${answers.length} answers`);
  return answer;
}

const NONSENSE: readonly (readonly [name: string, answer: (view: PolicyView) => unknown, said: RegExp])[] = [
  ["nothing", () => undefined, /plan/],
  ["a promise", (view) => Promise.resolve(good(view)), /plan/],
  ["a plan without a map", (view) => ({ ...good(view), plan: { configuration: {}, placement: {} } }), /map/],
  [
    "a pause that only says so",
    (view) => ({ ...good(view), plan: { ...good(view).plan, pause: true } }),
    /pause/,
  ],
  [
    "a pause that may flush",
    (view) => ({ ...good(view), plan: { ...good(view).plan, pause: { reason: "late", flushes: "yes" } } }),
    /flushes/,
  ],
  [
    "a node in place of a list",
    (view) => ({
      ...good(view),
      plan: { ...good(view).plan, placement: new Map([["detect", "cloud"]]) },
    }),
    /list of nodes/,
  ],
  [
    "NaN frames a second",
    (view) => ({
      ...good(view),
      plan: { ...good(view).plan, configuration: { ...view.source.configuration, fps: Number.NaN } },
    }),
    /fps/,
  ],
  ["no reason", (view) => ({ ...good(view), why: "because" }), /why/],
  ["a function as its state", (view) => good(view, () => {}), /plain data/],
  ["a state of 1 MB", (view) => good(view, "x".repeat(1e6)), /bytes/],
];

for (const [name, answer, said] of NONSENSE) {
  test(`decideRound takes ${name} for a failure, and decides for all others`, () => {
    const odd = own("odd", (_, view) => answer(view));
    const round = roundOf([turn("cam-1", "odd"), turn("cam-2", "edge-only")]);
    const [first, second] = decideRound(round, toolsWith([odd])).answers;
    assert.is(first?.status, "failed");
    if (first?.status !== "failed") return;
    assert.match(first.text, said);
    assert.ok(first.kind === "nonsense" || first.kind === "threw");
    assert.is(second?.status, "decided");
  });
}

/** Parameters that a policy cannot do without. */
const PARAMETERS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  fixed: { placement: { detect: "edge-1" } },
  "offline-profile": {
    profile: [{ work: "s0", node: "edge-1", width: 640, height: 360, frameMs: 5, p95Ms: 9, count: 50 }],
  },
  guard: { policy: { name: "predictive" }, pauseMs: 5_000 },
};

test("a policy that takes over from one that had the source pause has it captured again, whatever it keeps of that plan", () => {
  const before = clusterView();
  const { plan } = edgeOnly.decide(null, before);
  const pause = { reason: "tasks were late", flushes: true };
  for (const name of createPolicies().keys()) {
    const policy = { name, parameters: PARAMETERS[name] ?? {} };
    const paused = turn("cam-1", name, {
      source: described({ id: parseSourceId("cam-1"), policy }),
      plan: { ...completePlan(plan, { ...before, accepted: null }), pause },
    });
    const answer = only(decideRound(roundOf([paused]), toolsWith([])).answers);
    if (answer.status !== "decided") throw new Error(`${name}: ${answer.status}`);
    assert.is(answer.plan.pause, undefined, name);
  }
});

test("decideRound tells of a policy that throws, and of one that takes too long", () => {
  let nowMs = 0;
  const throwing = own("throwing", () => {
    throw new Error("no idea");
  });
  const slow = own("slow", (_, view) => {
    nowMs += 201;
    return good(view);
  });
  const turns = [turn("cam-1", "throwing"), turn("cam-2", "slow")];
  const { answers } = decideRound(roundOf(turns), toolsWith([throwing, slow], { monotonic: () => nowMs }));
  assert.equal(
    answers.map((answer) => answer.status === "failed" && [answer.kind, answer.text]),
    [
      ["threw", "failed: no idea"],
      ["slow", "took 201 ms, more than 200"],
    ],
  );
});

test("decideRound takes no policy for slow that had to wait for a processor", () => {
  const slow = own("slow", (_, view) => good(view));
  const statusOf = (delayedMs: number) => {
    let nowMs = 0;
    const tools = toolsWith([slow], { monotonic: () => (nowMs += 300), delayedMs: () => delayedMs });
    return only(decideRound(roundOf([turn("cam-1", "slow")]), tools).answers).status;
  };
  assert.equal([statusOf(100), statusOf(99)], ["decided", "failed"]);
});

test("decideRound waits ten times as long for a built-in policy: it is the machine that is slow", () => {
  const statusAfter = (stepMs: number) => {
    let nowMs = 0;
    const tools = toolsWith([], { monotonic: () => (nowMs += stepMs) });
    return only(decideRound(roundOf([turn("cam-1", "edge-only")]), tools).answers).status;
  };
  assert.equal([statusAfter(2_000), statusAfter(2_001)], ["decided", "failed"]);
});

test("decideRound puts off what a policy has no time for any more, and asks the others", () => {
  let nowMs = 0;
  const slow = own("slow", (_, view) => {
    nowMs += 150;
    return good(view);
  });
  const turns = [
    ...Array.from({ length: 9 }, (_, at) => turn(`cam-${at}`, "slow")),
    turn("last", "edge-only"),
  ];
  const { answers } = decideRound(roundOf(turns), toolsWith([slow], { monotonic: () => nowMs }));
  const counted = (status: string) => answers.filter((answer) => answer.status === status).length;
  assert.equal([counted("decided"), counted("postponed")], [8, 2]);
  assert.is(answers.at(-1)?.status, "decided");
});

test("decideRound bounds what a policy says of why", () => {
  const inputs = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`input ${at}`, Number.NaN]));
  const talking = own("talking", (_, view) => ({
    ...good(view),
    why: { reason: "x".repeat(100_000), inputs },
  }));
  const answer = only(decideRound(roundOf([turn("cam-1", "talking")]), toolsWith([talking])).answers);
  if (answer.status !== "decided") throw new Error(answer.status);
  assert.is(answer.why.reason.length, 512);
  assert.is(Object.keys(answer.why.inputs).length, 32);
  assert.is(answer.why.inputs["input 0"], "NaN");
});

test("decideRound goes on with what a policy has learned, and says nothing of it where that is as before", () => {
  const counting = own("counting", (count, view) => good(view, Math.min(2, Number(count) + 1)));
  const tools = toolsWith([counting]);
  let kept: RoundTurn["kept"] = null;
  const told: boolean[] = [];
  for (let round = 0; round < 4; round++) {
    const answer = only(decideRound(roundOf([turn("cam-1", "counting", { kept })]), tools).answers);
    if (answer.status !== "decided") throw new Error(answer.status);
    told.push(answer.kept !== null);
    kept = answer.kept ?? kept;
  }
  assert.equal(told, [true, true, false, false]);
});

test("decideRound begins anew, and says so, where another version of a policy does not take what was learned", () => {
  const counting = (version: string) =>
    own("counting", (count, view) => good(view, Number(count) + 1), version);
  const first = only(decideRound(roundOf([turn("cam-1", "counting")]), toolsWith([counting("1")])).answers);
  if (first.status !== "decided") throw new Error(first.status);
  const next = turn("cam-1", "counting", { kept: first.kept });
  const anew = only(decideRound(roundOf([next]), toolsWith([counting("2")])).answers);
  assert.match(
    anew.status === "decided" ? (anew.anew ?? "") : "",
    'does not take what version "1" has learned',
  );
  const taking = bindPolicy({
    name: "counting",
    version: "3",
    parse: () => null,
    start: () => 0,
    resume: (state: unknown, version) => (version === "1" ? Number(state) + 100 : null),
    decide: (count: number, view: PolicyView) => ({
      ...edgeOnly.decide(null, view),
      state: count,
      why: { reason: "counted", inputs: { count } },
    }),
  });
  const carried = only(decideRound(roundOf([next]), toolsWith([taking])).answers);
  if (carried.status !== "decided") throw new Error(carried.status);
  assert.is(carried.anew, null);
  assert.is(carried.why.inputs["count"], 101);
});

test("decideRound asks a policy that decides for all of its sources once, with what each of them has learned", () => {
  const calls: number[] = [];
  const joint = bindPolicy({
    name: "joint",
    parse: () => null,
    start: () => 7,
    decideAll(turns: readonly { readonly state: number; readonly view: PolicyView }[]) {
      calls.push(turns.length);
      return turns.map(({ state, view }) => ({ ...good(view), state: state + 1 }));
    },
  });
  const turns = [turn("cam-1", "joint"), turn("cam-2", "edge-only"), turn("cam-3", "joint")];
  const { answers } = decideRound(roundOf(turns), toolsWith([joint]));
  assert.equal(calls, [2]);
  assert.equal(
    answers.map(({ source, status }) => [source, status]),
    [
      ["cam-1", "decided"],
      ["cam-2", "decided"],
      ["cam-3", "decided"],
    ],
  );
  const short = bindPolicy({ name: "joint", parse: () => null, start: () => 0, decideAll: () => [] });
  const failed = decideRound(roundOf(turns), toolsWith([short])).answers;
  assert.equal(
    failed.map(({ status }) => status),
    ["failed", "decided", "failed"],
  );
});

test("decideRound charges what it decides before it decides the next", () => {
  const seen: number[] = [];
  const looking = own("looking", (_, view) => {
    seen.push(view.others.busyMs.get(EDGE_1) ?? 0);
    return good(view);
  });
  const plan = { configuration: turn("x", "x").source.configuration, placement: new Map() };
  const turns = [turn("cam-1", "looking"), turn("cam-2", "looking"), turn("cam-3", "looking", { plan })];
  decideRound(roundOf(turns), toolsWith([looking]));
  const [none, one, two] = seen;
  assert.is(none, 0);
  assert.ok((one ?? 0) > 0);
  assert.is(two, 2 * (one ?? 0));
});

test("a round and its answers are plain data: both can be copied to a thread and back, and say the same there", () => {
  const names = [
    "fixed",
    "cloud-only",
    "edge-only",
    "dynamic",
    "negative-feedback",
    "two-timescale",
    "predictive",
  ];
  const round = roundOf(
    names.map((name, at) => turn(`cam-${at}`, name)),
    { bandwidthMbps: 20 },
  );
  const tools = toolsWith([]);
  const direct = decideRound(round, tools);
  const copied = decideRound(structuredClone(round), tools);
  // The same number may have other bytes, as an integer or not.
  const read = (answers: readonly TurnAnswer[]) =>
    answers.map((answer) => ({
      ...answer,
      kept: answer.status === "decided" && answer.kept !== null ? deserialize(answer.kept.bytes) : null,
    }));
  deepStrictEqual(read(structuredClone(copied.answers)), read(direct.answers));
  assert.ok(direct.answers.every(({ status }) => status === "decided"));
});

test("decideShadows asks the second policy what the first one saw, scores both plans, and changes nothing", () => {
  const views: PolicyView[] = [];
  const second = own("second", (_, view) => {
    views.push(view);
    const placement = new Map(view.source.pipeline.stages.map(({ id }) => [id, [EDGE_2]]));
    return { ...good(view), plan: { configuration: view.source.configuration, placement } };
  });
  const shadow = { policy: { name: "second", parameters: {} }, kept: null, fenced: null };
  const turns = [turn("cam-1", "edge-only", { shadow }), turn("cam-2", "edge-only")];
  const tools = toolsWith([second]);
  const { answers, seen } = decideRound(roundOf(turns), tools);
  const alone = decideRound(roundOf(turns.map((each) => ({ ...each, shadow: null }))), tools);
  assert.equal(answers, alone.answers);
  const [told, ...more] = decideShadows(seen, tools);
  assert.is(more.length, 0);
  assert.is(views[0]?.others.busyMs.size, 0, "what was decided for cam-2 came later");
  if (told?.status !== "decided") throw new Error(told?.status);
  assert.equal(placed(told.plan)["detect"], ["edge-2"]);
  assert.is(told.inForce?.crossingMbps, 0);
  assert.ok((told.shadow?.crossingMbps ?? 0) > 0);
});

test("decideShadows tells of a shadow that fails, or is fenced", () => {
  const throwing = own("throwing", () => {
    throw new Error("no idea");
  });
  const policy = { name: "throwing", parameters: {} };
  const turns = [
    turn("cam-1", "edge-only", { shadow: { policy, kept: null, fenced: null } }),
    turn("cam-2", "edge-only", { shadow: { policy, kept: null, fenced: "it was slow" } }),
  ];
  const tools = toolsWith([throwing]);
  const { answers, seen } = decideRound(roundOf(turns), tools);
  assert.ok(answers.every(({ status }) => status === "decided"));
  assert.equal(
    decideShadows(seen, tools).map(({ status }) => status),
    ["failed", "fenced"],
  );
});

test.run();
