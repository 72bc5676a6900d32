import * as assert from "uvu/assert";
import { silentLogger } from "../../src/runtime/log.js";
import { systemClock } from "../../src/runtime/clock.js";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import { startNode } from "../../src/node/node.js";
import { createOperator } from "../../src/operator/operator.js";
import { parseConfiguration } from "../../src/task/configuration.js";
import { parseSourceId } from "../../src/task/identity.js";
import { createWeb } from "../../src/web/web.js";
import { PAIR, QUICK, SERVICES } from "../support/local-run.js";
import { scriptedSource } from "../support/scripted-source.js";
import { within } from "../support/within.js";
import { test } from "../support/test.js";

/** A line of Prometheus' text format: a comment, or a sample with labels and a number. */
const LINE =
  /^(?:# (?:HELP|TYPE) \w+ .+|\w+(?:\{(?:\w+="(?:[^"\\\n]|\\["\\n])*",?)*\})? (?:[-+]?[\d.]+(?:e[-+]?\d+)?|NaN|[-+]Inf))$/;

test("a hub that runs tasks is well, ready, and counts them as its store does", async () => {
  const store = new MemoryStore();
  const web = createWeb({ tokens: null, clock: systemClock, log: silentLogger });
  const hub = await startNode({
    name: "cloud",
    listen: { url: "ws://127.0.0.1:0", http: web.http },
    onOutcome: web.onOutcome,
    store,
    services: SERVICES,
    limits: QUICK,
    log: silentLogger,
  });
  try {
    const { cluster, system } = hub;
    if (cluster === null) throw new Error("it is no hub");
    const url = (cluster.url ?? "").replace(/^ws/, "http");
    const ask = async (path: string) => {
      const response = await fetch(`${url}${path}`);
      return {
        status: response.status,
        type: response.headers.get("content-type"),
        body: await response.text(),
      };
    };
    assert.is((await ask("/health")).status, 503);
    let failure: string | null = null;
    await web.open({ system, cluster, storeFailure: () => failure });
    assert.equal(JSON.parse((await ask("/health")).body), { status: "up" });
    const ready = await ask("/ready");
    assert.is(ready.status, 200);
    assert.equal(JSON.parse(ready.body).parts, { scheduler: "up", distributor: "up", store: "up" });
    failure = "no room on /secret/path";
    const unready = await ask("/ready");
    assert.is(unready.status, 503);
    assert.is(JSON.parse(unready.body).parts.store, "down");
    assert.not.match(unready.body, /secret/);

    const id = parseSourceId("gate");
    const configuration = parseConfiguration({ width: 16, height: 16, framesPerTask: 1 });
    const policy = { name: "cloud-only", parameters: {} };
    await hub.addSource({ ...scriptedSource({ count: 20 }), id, pipeline: PAIR, configuration, policy });
    await within(20_000, hub.sourceEnded(id), "the end of the source");
    const { sources } = await createOperator(system, cluster).totals();
    assert.is(sources["gate"]?.stored, 20);
    const { status, type, body } = await ask("/metrics");
    assert.is(status, 200);
    assert.is(type, "text/plain; version=0.0.4; charset=utf-8");
    for (const line of body.trimEnd().split("\n")) assert.ok(line === "" || LINE.test(line), line);
    for (const line of [
      'sluice_source_tasks_stored_total{source="gate"} 20',
      'sluice_task_latency_seconds_count{source="gate"} 20',
      'sluice_stage_execute_seconds_count{pipeline="pair",stage="find",node="cloud"} 20',
      'sluice_stage_execute_seconds_count{pipeline="pair",stage="sift",node="cloud"} 20',
      'sluice_node_info{node="cloud",role="cloud"} 1',
      'sluice_cluster_members{role="cloud"} 1',
      "sluice_store_pending_records 0",
      "sluice_store_duplicates_total 0",
      "sluice_scrape_complete 1",
    ]) {
      assert.ok(body.includes(`\n${line}\n`), `there is no line ${line}`);
    }
    for (const [, name = "", kind] of body.matchAll(/^# TYPE (sluice_\w+) (\w+)$/gm)) {
      assert.is(name.endsWith("_total"), kind === "counter", name);
    }
  } finally {
    await hub.terminate();
  }
});

test.run();
