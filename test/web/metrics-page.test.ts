import { MemoryBudget } from "../../src/runtime/memory-budget.js";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createClusterMetrics } from "../../src/web/metrics/cluster-metrics.js";
import { createMetricSet } from "../../src/web/metrics/metric-set.js";
import { createMetrics } from "../../src/web/metrics/metrics.js";
import { REPOSITORY } from "../support/sources.js";
import { test } from "../support/test.js";

const page = readFileSync(join(REPOSITORY, "docs/metrics.md"), "utf8");
const typesIn = (text: string) =>
  [...text.matchAll(/^# TYPE (sluice_\w+) (\w+)$/gm)].map(([, name = "", type = ""]) => `${name} ${type}`);

test("the page of metrics lists each metric with its type, and no other one", async () => {
  const metrics = createMetrics();
  metrics.attach({
    memory: new MemoryBudget(),
    deadLetters: { total: 0, countByReason: {} as never, subscribe: () => () => {} },
    cluster: { links: [], security: {}, members: new Map() },
    requests: {},
    sinks: () => [],
    nextPosition: () => 0,
    now: () => 0,
    state: () => Promise.reject(new Error("there is no cluster")),
  });
  const asked = createMetricSet();
  createClusterMetrics(asked);
  const there = [...typesIn((await metrics.answer()).body), ...typesIn(await asked.text())];
  const listed = [...page.matchAll(/^\| `(sluice_\w+)` +\| (\w+)/gm)].map(
    ([, name, type]) => `${name} ${type}`,
  );
  assert.equal([...listed].sort(), there.sort());
});

test("the dashboard draws metrics that there are", () => {
  const dashboard = readFileSync(join(REPOSITORY, "docs/grafana.json"), "utf8");
  const drawn = new Set([...dashboard.matchAll(/sluice_\w+/g)].map(([name]) => name.replace(/_bucket$/, "")));
  assert.ok(drawn.size > 15);
  assert.equal(
    [...drawn].filter((name) => !page.includes(`\`${name}\``)),
    [],
  );
});

test.run();
