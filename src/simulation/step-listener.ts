/** Whoever hears of the laws that are checked at every step. */

export interface StepListener {
  /** A sentence for each law that a step breaks. */
  readonly onViolation: (text: string) => void;
  /** What happened that a law speaks of: it was put to the test. */
  readonly tried: (law: string) => void;
}
