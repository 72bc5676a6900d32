import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { startNode } from "../../src/node/node.js";
import { connectOperator } from "../../src/operator/operator.js";
import { silentLogger } from "../../src/runtime/log.js";
import type { Profile } from "../../src/scheduling/profile.js";
import { parseConfiguration } from "../../src/task/configuration.js";
import { parseSpace } from "../../src/task/configuration-space.js";
import { parseSourceId } from "../../src/task/identity.js";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import { PAIR, SERVICES } from "../support/local-run.js";
import { scriptedSource } from "../support/scripted-source.js";
import { sluiceHere } from "../support/sluice-here.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { within } from "../support/within.js";

test("a campaign of latency-collector leaves in the store what sluice profile prints and online-profile takes", async () => {
  const common = { services: SERVICES, log: silentLogger } as const;
  const hub = await startNode({
    ...common,
    name: "cloud",
    listen: "ws://127.0.0.1:0",
    store: new MemoryStore(),
    decisionMs: 20,
  });
  const url = hub.cluster?.url ?? "";
  const edge = await startNode({ ...common, name: "edge-1", join: url });
  const operator = await connectOperator({ hub: url, token: null });
  try {
    const id = parseSourceId("cam");
    await edge.addSource({
      id,
      ...scriptedSource({ liveEveryMs: 10 }),
      pipeline: PAIR,
      configuration: parseConfiguration({ width: 32, height: 32, framesPerTask: 1 }),
      space: parseSpace({ resolution: ["16x16"] }),
      policy: { name: "latency-collector", parameters: { tasksMin: 5 } },
    });
    const isOver = async (): Promise<boolean> => {
      const { now } = await operator.explain(id);
      return now?.reason.includes("the campaign is over") === true;
    };
    await within(20_000, untilTrue(isOver), "the end of the campaign");

    const { stdout, stderr } = await sluiceHere("profile", "cam", "--hub", url);
    const profile = JSON.parse(stdout) as Profile;
    assert.equal(
      profile.map(({ work, node, width }) => `${work} on ${node} at ${width}`),
      ["find", "sift"].flatMap((work) =>
        ["cloud", "edge-1"].flatMap((node) => [16, 32].map((width) => `${work} on ${node} at ${width}`)),
      ),
      stderr,
    );
    const file = join(temporaryFolder(), "profile.json");
    writeFileSync(file, stdout);
    const policy = ["policy", "cam", "online-profile", "--param", `profile=@${file}`, "--hub", url];
    assert.match((await sluiceHere(...policy)).stdout, "cam is decided by online-profile");
  } finally {
    await operator.close();
    await edge.terminate();
    await hub.terminate();
  }
});

async function untilTrue(look: () => Promise<boolean>): Promise<void> {
  while (!(await look())) await new Promise((resolve) => void setTimeout(resolve, 50));
}

test.run();
