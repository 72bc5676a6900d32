import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { createStandardError } from "../../src/runtime/log.js";

const full = Object.assign(new Error("no space"), { code: "ENOSPC" });
const busy = Object.assign(new Error("try again"), { code: "EAGAIN" });

/** What each write comes to: an error, or at most so many bytes; all of them at the end of the list. */
function subject(...outcomes: (Error | number)[]): {
  readonly stream: { write(line: string): void };
  readonly text: () => string;
} {
  let text = "";
  const stream = createStandardError((bytes) => {
    const outcome = outcomes.shift() ?? bytes.length;
    if (outcome instanceof Error) throw outcome;
    text += bytes.subarray(0, outcome).toString();
    return Math.min(outcome, bytes.length);
  });
  return { stream, text: () => text };
}

test("createLogger loses what finds the disk full, and says how much once there is room", () => {
  const { stream, text } = subject(full, full);
  for (const line of ["a\n", "b\n", "c\n", "d\n"]) stream.write(line);
  assert.match(text(), /^\{"level":40,"time":\d+,"lost":2,"msg":"Records were lost"\}\nc\nd\n$/);
});

test("createLogger waits for a pipe that is slow, and writes on where it stopped", () => {
  const { stream, text } = subject(2, busy, busy);
  stream.write("abcdef\n");
  assert.is(text(), "abcdef\n");
});

test.run();
