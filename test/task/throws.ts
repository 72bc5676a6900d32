import * as assert from "uvu/assert";
import { CodedError } from "../../src/runtime/errors.js";

/** Fails unless `run` throws an error of `code` whose text, on one line, has every one of `parts`. */
export function assertThrows(
  run: () => unknown,
  code: string,
  ...parts: readonly string[]
): CodedError<string> {
  try {
    run();
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    assert.is(error.code, code);
    assert.not.match(error.message, "\n");
    for (const part of parts) assert.match(error.message, part);
    return error;
  }
  throw new Error(`Wanted an error "${code}", got none`);
}
