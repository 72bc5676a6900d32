import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { silentLogger } from "../../../src/runtime/log.js";
import { Incidents } from "../../../src/transport/cluster/incidents.js";
import { VirtualClock } from "../../support/virtual-clock.js";

test("Incidents counts every kind, however many names and addresses have filled it before", () => {
  const incidents = new Incidents(new VirtualClock(), silentLogger);
  for (let n = 0; n < 3_000; n++) incidents.add("handshake-failed", `203.0.113.${n}`);
  incidents.add("token-invalid", "203.0.113.9999");
  incidents.add("token-invalid");
  const report = incidents.report();
  assert.is(report["handshake-failed"], 3_000);
  assert.is(report["token-invalid"], 2);
  assert.is(report["other"], 3_000 - 1_024 + 1);
  assert.ok(Object.keys(report).length < 1_100);
});

test.run();
