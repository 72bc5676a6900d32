import { setImmediate } from "node:timers/promises";
import { test } from "./test.js";
import * as assert from "uvu/assert";
import { DEFAULT_CONFIGURATION } from "../../src/task/configuration.js";
import { captureContract } from "../contract/capture.js";
import { scriptedSource } from "./scripted-source.js";

captureContract("scripted source", async (work) => {
  const script = scriptedSource({ count: 20 });
  await work({
    port: script.capture,
    source: script.source,
    configuration: { ...DEFAULT_CONFIGURATION, width: 16, height: 16 },
    frameCount: 20,
    async idle() {
      for (let turn = 0; turn < 5; turn++) await setImmediate();
    },
  });
  assert.is(script.open, 0, "every capture is closed");
});

test.run();
