import * as assert from "uvu/assert";
import { SourceLine } from "../../apps/cli/source-line.js";
import { test } from "../support/test.js";

test("the live line of a source has its rate of the last 5 s beside its average, and says when it gives nothing", () => {
  const line = new SourceLine(1_000);
  const at = (nowMs: number, stored: number, status: "capturing" | "reconnecting"): string =>
    line.at(nowMs, { created: stored, inFlight: 0, stored, dropped: {}, status });
  assert.is(
    at(2_000, 10, "capturing"),
    "1.0 s: tasks created 10, in flight 0, stored 10, dropped 0; 10.0 tasks / s now, 10.0 on average",
  );
  for (let second = 3; second <= 11; second++) at(second * 1_000, (second - 1) * 10, "capturing");
  // It has stopped: the average hides that, its rate of now does not.
  for (let second = 12; second <= 20; second++) at(second * 1_000, 100, "reconnecting");
  assert.match(at(21_000, 100, "reconnecting"), / 0\.0 tasks \/ s now, 5\.0 on average, gives nothing now$/);
  assert.match(at(26_000, 150, "capturing"), / 10\.0 tasks \/ s now, 6\.0 on average$/);
});

test.run();
