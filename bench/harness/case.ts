/** A bench as data: what is measured, what is not, of whom, and how one round of it runs. */

/**
 * - `latency`: how long one operation takes; every one is recorded.
 * - `rate`: operations per second, of many in flight.
 * - `amount`: a quantity that no clock takes part in.
 */
export type BenchKind = "latency" | "rate" | "amount";

/** Named as in `micro/ask`: the folder, then what is done. */
export type CaseName = `${string}/${string}`;

export interface BenchCase {
  readonly name: CaseName;
  readonly kind: BenchKind;
  /** The operations, or the unit of an amount: "asks", "bytes". */
  readonly operation: string;
  readonly measures: string;
  readonly excludes: string;
  readonly goals?: readonly Goal[];
  /** Of its own rounds, where a round is a piece of work of its own length: over the plan of the run, and never above a quick one. */
  readonly plan?: Partial<RoundPlan>;
  /** Ours first, then its baseline, then peers. */
  readonly subjects: readonly [Subject, ...Subject[]];
}

/** What the first of `subjects` is to keep to. */
export interface Goal {
  /** Of all rounds together: ms. `value` is the median of the rounds: a latency's median in ms, a rate, an amount. */
  readonly statistic: "p50" | "p99" | "value";
  /** Of the second one, in the same run: how often its figure, or how much beyond it. `peers`: how often that of the best from the third on. */
  readonly against?: "ratio" | "difference" | "peers";
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Every subject is to keep to it. */
  readonly every?: true;
}

export interface RoundPlan {
  readonly rounds: number;
  /** Rounds of each subject that are not counted. */
  readonly warmUps: number;
  /** Of one round of one subject. */
  readonly roundMs: number;
  /** Of the whole case, its set-up included: rounds beyond `ROUNDS_MIN` that would not end within it are left out. Default: no limit. */
  readonly budgetMs?: number;
}

/** One way to do what the case measures. */
export interface Subject {
  readonly name: string;
  /** Sets up what its rounds need. @throws Unavailable where it cannot run on this machine, which leaves it out loudly */
  open(): Promise<OpenSubject>;
}

export interface OpenSubject {
  /**
   * Works until `round.over`, or does a fixed piece of work of about as long, and checks that all of it was done.
   *
   * @throws Error where it was not
   */
  run(round: Round): Promise<void>;
  close(): Promise<void> | void;
}

/** What a round is given, and tells. */
export interface Round {
  /** Whether its time is up. */
  readonly over: boolean;
  /** How long it is to take, in ms. */
  readonly lengthMs: number;
  /** An operation of `latency` took so many ms. */
  took(ms: number): void;
  /** So many operations of `rate` were done within so many ms. */
  did(operations: number, ms: number): void;
  /** It comes to so much, where `amount` is measured. */
  amounts(value: number): void;
}

/** A subject cannot run here; the message says what is missing, and how to get it. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
}
