import * as assert from "uvu/assert";
import { DEFAULT_HEALTH, SourceHealth } from "../../../src/actors/generator/health.js";
import { test } from "../../support/test.js";

const FPS = 5;

test("SourceHealth has patience with a slow camera whose first pictures come at once, and less with each of a fast one", () => {
  const slow = new SourceHealth(DEFAULT_HEALTH);
  slow.awaitsFirst(0);
  // Of 0.2 fps: what was read to open it comes at once.
  slow.sawFrame(1, 10_000);
  slow.sawFrame(2, 10_003);
  assert.ok(slow.patienceMs(FPS) > 10_000, `${slow.patienceMs(FPS)} ms`);
  slow.sawFrame(3, 15_000);
  assert.ok(slow.patienceMs(FPS) > 10_000, "now it is its rhythm");

  const fast = new SourceHealth(DEFAULT_HEALTH);
  fast.awaitsFirst(0);
  for (let frame = 0; frame < 50; frame++) fast.sawFrame(frame, 10_000 + frame * 40);
  assert.is(fast.patienceMs(FPS), DEFAULT_HEALTH.stallMs);
  // How long one that was lost is away is no rhythm.
  fast.lost(20_000, 0);
  fast.awaitsFirst(30_000);
  fast.sawFrame(1, 30_001);
  assert.is(fast.patienceMs(FPS), DEFAULT_HEALTH.stallMs);
});

test.run();
