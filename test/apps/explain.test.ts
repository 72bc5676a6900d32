import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { describeChange } from "../../apps/cli/explain.js";
import { parseConfiguration } from "../../src/task/configuration.js";
import { parseNodeName } from "../../src/task/identity.js";

test("describeChange tells when, by whom and why a plan changed, and what it is, in words and numbers", () => {
  const text = describeChange({
    atMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    epoch: 7,
    policy: "dynamic",
    configuration: parseConfiguration({ encoding: "jpeg", quality: 60 }),
    placement: { detect: [parseNodeName("edge-1"), parseNodeName("cloud")], track: [] },
    why: { reason: "the link carries it", inputs: { spareMbps: 12.3456, needMbps: 5, wanted: null } },
  });
  assert.equal(text.split("\n"), [
    "2026-01-02T03:04:05.000Z  epoch 7  dynamic: the link carries it",
    "  640x360, 10 fps, 4 a task, jpeg 60; detect on edge-1, track on nowhere",
    "  spareMbps 12.3, needMbps 5, wanted unknown",
  ]);
});

test.run();
