import * as assert from "uvu/assert";
import { RuntimeError } from "../../src/runtime/errors.js";
import { within } from "./within.js";

/** The error that `promise` rejects with, within a second; fails if it resolves or the error is no RuntimeError. */
export async function rejection(promise: Promise<unknown>): Promise<RuntimeError> {
  const outcome = await within(
    1_000,
    promise.then(
      () => new Error("It resolved"),
      (thrown: unknown) => thrown,
    ),
  );
  assert.instance(outcome, RuntimeError);
  return outcome as RuntimeError;
}
