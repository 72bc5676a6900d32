/**
 * uvu's `test`, for every test file: uvu reads `details` and `name` of whatever a test throws as text, and where they are none
 * it loses the failure and those before it in the file without a word. What reaches it from here is text.
 *
 * A test that fails has not come to where it ends what it has started: that ends with it, and once the last test of the file is
 * through, whatever they shared, and the file itself. It would hang on it.
 */

import { inspect } from "node:util";
import { test as uvuTest } from "uvu";
import { killStarted, startedNow } from "./started.js";

type Handler = Parameters<typeof uvuTest>[1];

/** After the last test of a file in which one has failed: what the others have begun ends meanwhile. */
const OPEN_MS = 1_000;

let failed = false;

/** The tests of a file, which ends in `test.run()`. */
export const test: Pick<typeof uvuTest, "run" | "skip"> & ((name: string, handler: Handler) => void) =
  Object.assign(
    (name: string, handler: Handler): void =>
      uvuTest(name, async (context) => {
        const before = startedNow();
        try {
          await handler(context);
        } catch (error) {
          failed = true;
          killStarted(before);
          throw asFailure(error);
        }
      }),
    { run, skip: (...args: Parameters<typeof uvuTest.skip>) => uvuTest.skip(...args) },
  );

function run(): void {
  uvuTest.after(() => {
    if (!failed) return;
    killStarted();
    // uvu prints first what failed. Whoever runs several files in this process looks after it himself.
    if (globalThis.UVU_DEFER === undefined) setTimeout(endWithOpen, OPEN_MS).unref();
  });
  uvuTest.run();
}

/** What a failed test has left open, a connection say, would have the file go on for ever. */
function endWithOpen(): void {
  console.log(`A test that failed has left open: ${process.getActiveResourcesInfo().join(", ")}`);
  process.exit();
}

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
