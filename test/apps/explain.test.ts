import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { describeChange, describeShadow } from "../../apps/cli/explain.js";
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

test("describeShadow sets what is expected of both plans side by side", () => {
  assert.is(describeShadow(null), "No policy stands beside the one in force");
  const score = { latencyMs: 120.4, missShare: 0.25, utilisation: 0.5, busyMs: 300, crossingMbps: 12.34 };
  const text = describeShadow({
    policy: "cloud-only",
    configuration: parseConfiguration({}),
    placement: { detect: [parseNodeName("cloud")] },
    why: { reason: "as it says", inputs: {} },
    inForce: { ...score, missShare: null, crossingMbps: 0 },
    own: score,
  });
  assert.equal(text.split("\n"), [
    "Beside it cloud-only: as it says; detect on cloud",
    "  in force: no objective, 120 ms, 300 ms of processors a second, 0.0 Mbit/s between nodes",
    "  cloud-only: 25.0 % late, 120 ms, 300 ms of processors a second, 12.3 Mbit/s between nodes",
  ]);
});

test.run();
