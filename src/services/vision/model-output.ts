/** The values of a model's outputs: what is none of a detector's is the fault of the model, and no detection. */

/** Rounding of a sigmoid or softmax in float32, and of a quantised one in 8 bits, goes no further. */
const TOLERANCE = 1 / 128;

/** What is wrong with an output, as the end of a sentence that begins with the name of the model. */
export class OutputError extends Error {
  override readonly name = "OutputError";
}

/** A score, 0 to 1. @throws OutputError */
export function probability(value: number | undefined): number {
  const score = value ?? 0;
  if (score >= -TOLERANCE && score <= 1 + TOLERANCE) return Math.min(1, Math.max(0, score));
  throw new OutputError(
    Number.isFinite(score)
      ? `its scores must be probabilities, 0 to 1: got ${score.toPrecision(4)}; export it with its last sigmoid or softmax`
      : `its scores must be numbers: got ${score}`,
  );
}

/** A part of a box. An infinite one is let through, as it is cut at the frame. @throws OutputError */
export function number(value: number | undefined): number {
  if (value === undefined || Number.isNaN(value))
    throw new OutputError(`its boxes must be numbers: got ${value}`);
  return value;
}
