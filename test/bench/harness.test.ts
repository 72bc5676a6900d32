import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import {
  Unavailable,
  type BenchCase,
  type Goal,
  type RoundPlan,
  type Subject,
} from "../../bench/harness/case.js";
import { caseText, subjectTable } from "../../bench/harness/case-text.js";
import { compareResults } from "../../bench/harness/compare.js";
import { goalReport } from "../../bench/harness/goals.js";
import { LatencyHistogram } from "../../bench/harness/latency-histogram.js";
import { CostMeter } from "../../bench/harness/process-costs.js";
import { ratioOf, type CaseResult, type SubjectResult } from "../../bench/harness/result.js";
import { FULL, QUICK, runCase } from "../../bench/harness/run-case.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const PLAN = { rounds: 3, warmUps: 1, roundMs: 1 };

function benchOf(...subjects: [Subject, ...Subject[]]): BenchCase {
  return { name: "micro/x", kind: "rate", operation: "xs", measures: "X.", excludes: "y", subjects };
}

/** Does one operation in `ms`, and notes its turns. */
function subject(name: string, ms: number, turns: string[] = []): Subject {
  return {
    name,
    open: () =>
      Promise.resolve({
        run(round) {
          turns.push(name);
          round.did(1, ms);
          return Promise.resolve();
        },
        close: () => void turns.push(`${name} closed`),
      }),
  };
}

test("runCase gives subjects turns in another order each round, counts no warm-up, and closes them", async () => {
  const turns: string[] = [];
  const result = await runCase(benchOf(subject("a", 1, turns), subject("b", 2, turns)), PLAN);
  assert.equal(turns, ["a", "b", "b", "a", "a", "b", "b", "a", "b closed", "a closed"]);
  assert.equal(
    result.subjects.map(({ rounds }) => rounds.map(({ value }) => value)),
    [
      [1_000, 1_000, 1_000],
      [500, 500, 500],
    ],
  );
});

test("runCase makes no more rounds than its time has room for, but three, and says how many it was to make", async () => {
  const turns: string[] = [];
  const result = await runCase(benchOf(subject("a", 1, turns)), {
    rounds: 9,
    warmUps: 4,
    roundMs: 1,
    budgetMs: 0,
  });
  assert.equal(turns, ["a", "a", "a", "a", "a closed"], "a warm-up, and three rounds that count");
  assert.is(result.subjects[0]?.rounds.length, 3);
  assert.match(caseText(result), /3 rounds of 9: its time was up/);
});

test("runCase leaves out a peer that cannot run here, and says why, but not what the case is about", async () => {
  const absent: Subject = {
    name: "peer",
    open: () => Promise.reject(new Unavailable("It is not installed: npm install peer")),
  };
  const { leftOut } = await runCase(benchOf(subject("a", 1), absent), PLAN);
  assert.equal(leftOut, [{ name: "peer", why: "It is not installed: npm install peer" }]);
  await rejects(() => runCase(benchOf(absent), PLAN), /not installed/);
});

test("runCase refuses a subject that tells nothing of its work", async () => {
  const idle: Subject = {
    name: "idle",
    open: () => Promise.resolve({ run: () => Promise.resolve(), close: () => {} }),
  };
  await rejects(() => runCase(benchOf(idle), PLAN), /"idle" told nothing of a round's rate/);
});

test("LatencyHistogram keeps three digits from 10 ns to an hour, and adds others", () => {
  const histogram = new LatencyHistogram();
  for (let n = 1; n <= 1_000; n += 1) histogram.record(n / 1_000);
  const other = new LatencyHistogram();
  other.record(7_200_000);
  histogram.add(other);
  const { samples, p50, p99, max } = histogram.summary();
  assert.is(samples, 1_001);
  assert.ok(Math.abs(p50 - 0.5) <= 0.002, `${p50}`);
  assert.ok(Math.abs(p99 - 0.991) <= 0.002, `${p99}`);
  assert.ok(Math.abs(max / 3_600_000 - 1) < 0.001, `${max}`);
  assert.ok(Number.isNaN(new LatencyHistogram().at(0.5)));
});

const COSTS = { cpuShare: 1, rssBytes: 1e6, gcCount: 0, gcMs: 0, loopDelayMs: null };

function measured(name: string, values: readonly number[]): SubjectResult {
  return { name, rounds: values.map((value) => ({ value, ...COSTS })), latency: null };
}

test("CostMeter counts the collections of work that gives the loop no turn", async () => {
  const meter = new CostMeter();
  collectGarbage();
  collectGarbage();
  const { gcCount, gcMs } = await meter.end();
  assert.ok(gcCount >= 2 && gcMs > 0, `${gcCount} in ${gcMs} ms`);
});

test("goalReport says what was wanted beside what was measured, of ours, of each, beyond a baseline, and of the best peer", () => {
  const measuredAll = {
    kind: "latency" as const,
    subjects: [timed("ours", 2, 9), timed("baseline", 1, 4), timed("fast", 1.6, 3), timed("slow", 4, 20)],
  };
  const told = (goal: Goal): readonly unknown[] => Object.values(goalReport(goal, measuredAll));
  assert.equal(told({ statistic: "p99", atMost: 10 }), ["p99 at most 10 ms", "9 ms", true]);
  assert.equal(told({ statistic: "p99", atMost: 10, every: true }), [
    "p99 at most 10 ms, of each",
    "9 ms of the first, and at worst 20 ms of slow",
    false,
  ]);
  assert.equal(told({ statistic: "p99", against: "difference", atMost: 5 }), [
    'p99 at most 5 ms beyond "baseline"',
    "5 ms",
    true,
  ]);
  assert.equal(told({ statistic: "value", against: "ratio", atMost: 1.3 }), [
    'median of the rounds at most x 1.3 of "baseline"',
    "x 2",
    false,
  ]);
  assert.equal(told({ statistic: "value", against: "peers", atMost: 1 }), [
    "median of the rounds at most x 1 of the best peer",
    "x 1.25",
    false,
  ]);
});

test("goalReport tells nothing of rounds that are too far apart", () => {
  const subjects = [measured("a", [100, 400, 100]), measured("b", [100, 100, 100])];
  const goal: Goal = { statistic: "value", against: "ratio", atLeast: 1 };
  assert.is(goalReport(goal, { kind: "rate", subjects }).met, null);
});

function timed(name: string, p50: number, p99: number): SubjectResult {
  const latency = { samples: 100, p50, p95: p99, p99, p999: p99, max: p99 };
  return { ...measured(name, [p50, p50]), latency };
}

test("runCase keeps to a case's own plan, and makes no quick run longer by it", async () => {
  const bench = { ...benchOf(subject("a", 1)), plan: { rounds: 4, warmUps: 0, roundMs: 5_000 } };
  const rounds = async (plan: RoundPlan): Promise<number> =>
    (await runCase(bench, plan)).subjects[0]?.rounds.length ?? 0;
  assert.equal([await rounds(FULL), await rounds(QUICK)], [4, 3]);
});

test("ratioOf compares rounds that ran beside each other, and gives none where they are too far apart", () => {
  // The machine halved its speed in the second round: the ratio does not know.
  assert.equal(ratioOf(measured("a", [100, 50, 100]), measured("b", [50, 25, 50])), { value: 2, spread: 0 });
  assert.is(ratioOf(measured("a", [100, 400, 100]), measured("b", [100, 100, 100])), "too-spread");
});

function resultOf(kind: CaseResult["kind"], ...subjects: readonly SubjectResult[]): CaseResult {
  return {
    name: "micro/x",
    kind,
    operation: "xs",
    measures: "X.",
    excludes: "y",
    goals: [],
    subjects,
    leftOut: [],
  };
}

test("compareResults corrects for a slower machine by the baseline, and calls nothing a change within the spread", () => {
  const before = resultOf("rate", measured("a", [100, 101, 102]), measured("b", [50, 50, 50]));
  const slower = resultOf("rate", measured("a", [50, 50, 51]), measured("b", [25, 25, 25]));
  const worse = resultOf("rate", measured("a", [50, 50, 51]), measured("b", [50, 50, 50]));
  const verdicts = [slower, worse].map((after) => compareResults([before], [after])[0]?.verdict);
  assert.equal(verdicts, ["within the spread", "worse"]);
  const [amount] = compareResults(
    [resultOf("amount", measured("a", [10]))],
    [resultOf("amount", measured("a", [9]))],
  );
  assert.equal([amount?.verdict, amount?.before, amount?.after], ["better", 10, 9]);
});

test("subjectTable prints no ratio that the rounds do not bear", () => {
  const [, , ours, theirs] = subjectTable(
    resultOf("rate", measured("a", [100, 400, 100]), measured("b", [100, 100, 100])),
  );
  assert.is(ours, "| a | 100 | 300 % |  | 100 % | 0 x, 0 | 1 MB |");
  assert.is(theirs, "| b | 100 | 0 % | rounds too far apart | 100 % | 0 x, 0 | 1 MB |");
});

async function rejects(run: () => Promise<unknown>, message: RegExp): Promise<void> {
  const error = await run().then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.instance(error, Error);
  assert.match(String(error), message);
}

test.run();
