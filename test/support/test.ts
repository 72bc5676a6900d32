/**
 * uvu's `test`, for every test file: uvu reads `details` and `name` of whatever a test throws as text, and where they are none
 * it loses the failure and those before it in the file without a word. What reaches it from here is text.
 */

import { inspect } from "node:util";
import { test as uvuTest } from "uvu";

type Handler = Parameters<typeof uvuTest>[1];

/** The tests of a file, which ends in `test.run()`. */
export const test: Pick<typeof uvuTest, "run" | "skip"> & ((name: string, handler: Handler) => void) =
  Object.assign(
    (name: string, handler: Handler): void =>
      uvuTest(name, async (context) => {
        try {
          await handler(context);
        } catch (error) {
          throw asFailure(error);
        }
      }),
    { run: () => uvuTest.run(), skip: (...args: Parameters<typeof uvuTest.skip>) => uvuTest.skip(...args) },
  );

/** As uvu can print it: its own assertions as they are, anything else with all that it holds. */
function asFailure(thrown: unknown): Error {
  if (isAssertion(thrown)) return thrown;
  const failure = new Error(thrown instanceof Error ? thrown.message : `Thrown was ${inspect(thrown)}`);
  // Its stack, its causes and its fields; uvu prints them below the message.
  return Object.assign(failure, { details: inspect(thrown), stack: "" });
}

function isAssertion(thrown: unknown): thrown is Error {
  return thrown instanceof Error && thrown.name.startsWith("Assertion");
}
