/** An operator beside an edge that wants it to see what is not so: it believes of a node only what that node may say. */

import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { Behaviour } from "../../src/runtime/behaviour.js";
import type { ActorRef } from "../../src/runtime/actor-ref.js";
import type { SubscriptionEvent } from "../../src/actors/protocol/distributor.js";
import type { NodeEvent } from "../../src/actors/protocol/generator.js";
import type { Operator } from "../../src/operator/operator.js";
import { parseNodeName } from "../../src/task/identity.js";
import { CodedError } from "../../src/runtime/errors.js";
import type { SpawnOptions } from "../../src/runtime/spawn-options.js";
import { scene, withOperator, type Rogue } from "../support/hostile-scene.js";

/** Lets everything arrive that the rogue has sent so far. */
async function arrived({ system }: Rogue, node: string): Promise<void> {
  const nobody = system.resolve<unknown>(`sluice://${node}/nobody`);
  await system.ask(nobody, (replyTo) => ({ replyTo })).catch(() => null);
}

/** The addresses of all actors that the operator spawns from now on: what it tells others of itself. */
function addressesOf({ system }: Operator): readonly string[] {
  const addresses: string[] = [];
  const spawn = system.spawn.bind(system);
  Object.defineProperty(system, "spawn", {
    value(behaviour: Behaviour<unknown, unknown>, options: SpawnOptions) {
      const ref = spawn(behaviour, options);
      addresses.push(ref.address);
      return ref;
    },
  });
  return addresses;
}

const FORGED = {
  type: "record",
  record: { type: "gap", id: { sourceId: "cam-1", incarnation: 1, sequence: 7 }, position: 3 },
};
const LEDGER = {
  type: "ledgerReported",
  sourceId: "cam-1",
  incarnation: 1,
  created: 1,
  stored: 1,
  dropped: {},
  inFlight: 0,
  window: 1,
  redelivered: 0,
  accounts: [],
  framesSkipped: 0,
  timeSteps: 0,
  status: "ended",
};

test("an edge that knows an operator's followers can put no record into them, nor end them", async () => {
  await scene(async (at) => {
    await withOperator(at, async (operator) => {
      const rogue = await at.rogue();
      const addresses = addressesOf(operator);
      const seen: SubscriptionEvent[] = [];
      const end = operator.follow(0, null, (event) => seen.push(event));
      const [follower = ""] = addresses;
      assert.match(follower, /\/follower\$[0-9a-z]{6,}#/);
      const forged = rogue.system.resolve<unknown>(follower);
      forged.tell(FORGED);
      forged.tell({ type: "subscriptionFailed", error: new Error("the end") });
      forged.tell({ type: "recordsExpired", fromPosition: 0, toPosition: 9 });
      await arrived(rogue, operator.system.name);
      assert.equal(seen, []);
      // "/nobody" is denied as well: an operator has no actors for others.
      assert.is(operator.cluster.security["denied"], 4);
      end();
    });
  });
});

test("what happens on a node, that node alone tells an operator, and in the form of an event", async () => {
  await scene(async (at) => {
    await withOperator(at, async (operator) => {
      const rogue = await at.rogue();
      const liar = rogue.system.name;
      const addresses = addressesOf(operator);
      const seen: NodeEvent[] = [];
      operator.agent(parseNodeName("edge-1")).watchEvents((event) => seen.push(event));
      operator.agent(liar).watchEvents((event) => seen.push(event));
      const [ofEdge = "", ofLiar = ""] = addresses;
      const first = { run: 7, number: 1 };
      const ended = { type: "sourceEnded", sourceId: "cam-1", error: null, ledger: LEDGER, at: first };
      rogue.system.resolve<unknown>(ofEdge).tell(ended);
      const own = rogue.system.resolve<unknown>(ofLiar);
      own.tell({ ...ended, ledger: { ...LEDGER, created: Number.NaN } });
      own.tell({ ...ended, ledger: null });
      own.tell({ ...ended, error: "an error" });
      own.tell({ type: "stageFailed", node: liar, stage: null, error: new Error("x"), at: first });
      own.tell({ ...ended, at: { run: 7, number: 0.5 } });
      own.tell({ type: "reboot" });
      own.tell({ type: "watching", at: { run: 7, number: 0 } });
      own.tell(ended);
      await arrived(rogue, operator.system.name);
      // The hub has said by then whose the source is.
      await operator.sources();
      assert.is(seen.length, 1, "what it says of itself it may say");
      assert.is(operator.cluster.security["malformed"], 5);
      assert.is(operator.cluster.security[`denied:${liar}`], 3);
    });
  });
});

test("an odd ledger, table or record for a reply fails the ask, and nothing behind it", async () => {
  await scene(async (at) => {
    const rogue = await at.rogue();
    await withOperator(at, async (operator) => {
      const liar = rogue.system.name;
      const replies: unknown[] = [
        null,
        "done",
        { type: "done" },
        { type: "sourcesReported", node: liar, ledgers: [null] },
        { type: "sourcesReported", node: liar, ledgers: [{ ...LEDGER, accounts: [{ outstanding: 4 }] }] },
        { type: "sourcesReported", node: liar, ledgers: [{ ...LEDGER, sourceId: "__proto__" }] },
        { type: "sourcesReported", node: liar, ledgers: [{ ...LEDGER, created: 2 ** 53 }] },
        { type: "sourcesReported", node: liar, ledgers: {} },
      ];
      const agent: Behaviour<number, { readonly replyTo: ActorRef<unknown> }> = {
        start: () => 0,
        receive(count, { replyTo }) {
          replyTo.tell(replies[count]);
          return count + 1;
        },
      };
      rogue.system.spawn(agent, { name: "agent" });
      for (const _ of replies) {
        const code = await operator
          .agent(liar)
          .sources()
          .then(
            () => "answered",
            (error: unknown) => (error instanceof CodedError ? error.code : String(error)),
          );
        assert.is(code, "reply-invalid");
      }
    });
  });
});

test.run();
