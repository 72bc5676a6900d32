import * as assert from "uvu/assert";
import type { DistributorMessage } from "../../src/actors/protocol/distributor.js";
import { createControl } from "../../src/operator/control.js";
import { sayHubAway, sayNodeAway } from "../../apps/cli/away.js";
import { createOperator } from "../../src/operator/operator.js";
import { placeRecord } from "../../src/storage/results/store.js";
import { clusterTest } from "../support/cluster-test.js";
import { newRecord } from "../support/records.js";
import { parseNodeName } from "../../src/task/identity.js";
import { test } from "../support/test.js";

/** The records from the one asked for on, up to the fourth of each life of the hub. */
const distributor = (life: number) => ({
  start: () => null,
  receive(state: null, message: DistributorMessage) {
    if (message.type !== "subscribe") return state;
    for (let position = message.fromPosition; position < 4 * life; position++)
      message.subscriber.tell({
        type: "record",
        record: placeRecord(newRecord({ sequence: position }), position),
      });
    return state;
  },
});

clusterTest(
  "Control.follow goes on behind the last record where the hub goes and comes, and who looks is told so once",
  async (cluster) => {
    let hub = await cluster.hub();
    hub.system.spawn(distributor(1), { name: "distributor" });
    const edge = await cluster.join("edge-1");
    const member = await cluster.join("operator", { roles: ["operator"] });
    const operator = createOperator(member.system, member.cluster);
    const control = createControl(member.system, member.cluster.hub, () => 0, member.cluster);
    const heard: number[] = [];
    control.follow(0, null, (event) => {
      if (event.type === "record") heard.push(event.record.position);
    });
    const said: string[] = [];
    const say = (line: string): void => void said.push(line.replace(/since [\d:]+/, "since T"));
    const options = { say, fail: (problem: string) => say(`FAILED: ${problem}`), patienceMs: 60_000 };
    sayHubAway(operator, options);
    const asked = { times: 0 };
    const back = (): Promise<boolean> => {
      asked.times += 1;
      return Promise.resolve(asked.times < 3);
    };
    sayNodeAway(operator, parseNodeName("edge-1"), { ...options, back });
    await cluster.settle();
    assert.equal(heard, [0, 1, 2, 3]);

    await hub.cluster.leave();
    await hub.system.terminate();
    // Several attempts come to nothing meanwhile.
    await cluster.advance(20_000);
    assert.equal(said.length, 1, said.join("; "));
    assert.match(said[0] ?? "", /^the hub is away since T, and is waited for: /);
    hub = await cluster.hub();
    hub.system.spawn(distributor(2), { name: "distributor" });
    await cluster.advance(10_000);
    assert.equal(heard, [0, 1, 2, 3, 4, 5, 6, 7]);
    assert.match(
      said.find((line) => line.startsWith("the hub is back")) ?? "",
      /^the hub is back after 2\d\.\d s$/,
    );
    assert.ok(asked.times === 1, `${asked.times} times`);

    said.length = 0;
    await edge.cluster.leave();
    await cluster.settle();
    assert.equal(said, ['FAILED: node "edge-1" is gone: it has left']);
  },
);

test.run();
