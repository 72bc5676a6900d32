/** A node that may load one stage only, among real processes: the one too many runs elsewhere, and operators are told. */

import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { connectOperator } from "../../src/operator/operator.js";
import { parseNodeName, parseSourceId } from "../../src/task/identity.js";
import type { StoredResult } from "../../src/task/record.js";
import { startNodeProcess } from "../support/node-process.js";
import { pacedPipeline } from "../support/paced.js";
import { sluiceHere } from "../support/sluice-here.js";
import { within } from "../support/within.js";

test("a node that says that it may load one stage gets one, and the other runs on the cloud, nothing lost", async () => {
  const hub = startNodeProcess({ name: "cloud", listen: "ws://127.0.0.1:0", frameMs: 1 });
  const url = String((await hub.heard("member"))["url"]);
  const edge = startNodeProcess({
    name: "edge-1",
    join: url,
    frameMs: 1,
    limits: { placement: { stagesMax: 1 } },
  });
  await edge.heard("member");
  const operator = await connectOperator({ hub: url, token: null });
  try {
    const id = parseSourceId("cam");
    const results: StoredResult[] = [];
    const dropped: unknown[] = [];
    const stored = new Promise<void>((resolve) => {
      operator.follow(0, id, ({ type, ...event }) => {
        if (type !== "record" || !("record" in event)) return;
        if (event.record.type === "result") results.push(event.record);
        if (event.record.type === "gap") dropped.push(event.record);
        if (results.length + dropped.length === 9) resolve();
      });
    });
    await operator.agent(parseNodeName("edge-1")).addSource({
      id,
      source: "test:160x90@9,duration=1",
      pipeline: pacedPipeline("cam"),
      pipelineName: "cam.yaml",
      configuration: {},
      policy: { name: "edge-only", parameters: {} },
      paced: false,
      limit: null,
    });
    await within(20_000, stored, "nine tasks");
    assert.equal(dropped, []);
    const ran = new Set(results.flatMap(({ hops }) => hops.map(({ stage, node }) => `${stage} ${node}`)));
    const onEdge = [...ran].filter((text) => text.endsWith("edge-1"));
    assert.is(onEdge.length, 1, [...ran].join(", "));
    const { stdout } = await sluiceHere("nodes", "--hub", url);
    assert.match(stdout, /edge-1 cannot run cam@1\/\w+: It may have no more than 1 stage loaded/);
    const described = (await operator.nodes()).nodes.find(({ description }) => description.name === "edge-1");
    assert.is(described?.description.capacity?.stagesMax, 1);
  } finally {
    await operator.close();
    await Promise.all([edge.kill(), hub.kill()]);
  }
});

test.run();
