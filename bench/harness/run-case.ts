/**
 * Runs a case: every subject is set up and warmed up, and then they take turns, round by round and each round in another
 * order, so that an hour in which the machine is slow, or warm, or busy, is nobody's own.
 */

import {
  Unavailable,
  type BenchCase,
  type BenchKind,
  type OpenSubject,
  type Round,
  type RoundPlan,
  type Subject,
} from "./case.js";
import { goalReport } from "./goals.js";
import { LatencyHistogram } from "./latency-histogram.js";
import { CostMeter, type ProcessCosts } from "./process-costs.js";
import type { CaseResult, RoundResult, SubjectResult } from "./result.js";

export const FULL: RoundPlan = { rounds: 7, warmUps: 2, roundMs: 200 };
export const QUICK: RoundPlan = { rounds: 3, warmUps: 1, roundMs: 100 };
/** So many rounds are counted whatever they take, where the case wants as many: fewer say nothing of how far they are apart. Of warm-ups it is one. */
const ROUNDS_MIN = 3;

interface Running {
  readonly subject: Subject;
  readonly open: OpenSubject;
  readonly rounds: RoundResult[];
  readonly latencies: LatencyHistogram;
}

/** @throws Error where a subject did not do the work that it said it did; Unavailable where ours cannot run here */
export async function runCase(bench: BenchCase, wanted: RoundPlan): Promise<CaseResult> {
  const { name, kind, operation, measures, excludes, goals = [] } = bench;
  const plan = planOf(bench, wanted);
  const budget = new Budget(plan.budgetMs ?? Infinity);
  const leftOut: { name: string; why: string }[] = [];
  const running: Running[] = [];
  try {
    for (const subject of bench.subjects) {
      try {
        running.push({ subject, open: await subject.open(), rounds: [], latencies: new LatencyHistogram() });
      } catch (error) {
        if (!(error instanceof Unavailable) || running.length === 0) throw error;
        leftOut.push({ name: subject.name, why: error.message });
      }
    }
    for (let round = -plan.warmUps; round < plan.rounds; round += 1) {
      if (!budget.hasRoundLeft) {
        if (round >= ROUNDS_MIN) break;
        if (round < 0 && round > -plan.warmUps) continue;
      }
      for (const turn of rotated(running, round + plan.warmUps)) await runRound(turn, kind, plan, round >= 0);
      budget.roundEnded();
    }
  } finally {
    for (const { open } of running.toReversed()) await open.close();
  }
  const subjects = running.map(({ subject, rounds, latencies }): SubjectResult => ({
    name: subject.name,
    rounds,
    latency: kind === "latency" ? latencies.summary() : null,
  }));
  const measured = {
    name,
    kind,
    operation,
    measures,
    excludes,
    subjects,
    leftOut,
    roundsPlanned: plan.rounds,
  };
  return { ...measured, goals: goals.map((goal) => goalReport(goal, measured)) };
}

/** A quick run is not made longer by what a case wants. */
function planOf({ plan = {} }: BenchCase, wanted: RoundPlan): RoundPlan {
  if (wanted.roundMs > QUICK.roundMs) return { ...wanted, ...plan };
  return {
    ...wanted,
    rounds: Math.min(wanted.rounds, plan.rounds ?? wanted.rounds),
    warmUps: Math.min(wanted.warmUps, plan.warmUps ?? wanted.warmUps),
  };
}

/** The time that a case has, and whether another round fits into what is left of it. */
class Budget {
  readonly #untilMs: number;
  #beganMs = Number.NaN;
  #longestMs = 0;

  constructor(budgetMs: number) {
    this.#untilMs = performance.now() + budgetMs;
  }

  get hasRoundLeft(): boolean {
    return performance.now() + this.#longestMs <= this.#untilMs;
  }

  /** Of all subjects. The first round begins after the set-up, so only its successors are timed. */
  roundEnded(): void {
    const nowMs = performance.now();
    if (!Number.isNaN(this.#beganMs)) this.#longestMs = Math.max(this.#longestMs, nowMs - this.#beganMs);
    this.#beganMs = nowMs;
  }
}

async function runRound(
  { subject, open, rounds, latencies }: Running,
  kind: BenchKind,
  { roundMs }: RoundPlan,
  counts: boolean,
): Promise<void> {
  const taken = new RoundRecord(roundMs);
  const meter = new CostMeter();
  await open.run(taken);
  const costs = await meter.end();
  if (!counts) return;
  latencies.add(taken.latencies);
  rounds.push({ value: taken.value(kind, subject.name), ...roundedCosts(costs) });
}

class RoundRecord implements Round {
  readonly latencies = new LatencyHistogram();
  readonly lengthMs: number;
  readonly #untilMs: number;
  #operations = 0;
  #elapsedMs = 0;
  #amount = Number.NaN;

  constructor(lengthMs: number) {
    this.lengthMs = lengthMs;
    this.#untilMs = performance.now() + lengthMs;
  }

  get over(): boolean {
    return performance.now() >= this.#untilMs;
  }

  took(ms: number): void {
    this.latencies.record(ms);
  }

  did(operations: number, ms: number): void {
    this.#operations += operations;
    this.#elapsedMs += ms;
  }

  amounts(value: number): void {
    this.#amount = value;
  }

  /** The round's one figure: the median in ms, operations per second, or the amount. */
  value(kind: BenchKind, subject: string): number {
    const value = {
      latency: () => this.latencies.at(0.5),
      rate: () => (this.#operations / this.#elapsedMs) * 1_000,
      amount: () => this.#amount,
    }[kind]();
    if (!Number.isFinite(value)) throw new Error(`"${subject}" told nothing of a round's ${kind}`);
    return value;
  }
}

function roundedCosts(costs: ProcessCosts): ProcessCosts {
  return { ...costs, cpuShare: Number(costs.cpuShare.toFixed(3)), gcMs: Number(costs.gcMs.toFixed(3)) };
}

function rotated<Item>(items: readonly Item[], by: number): readonly Item[] {
  const at = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}
