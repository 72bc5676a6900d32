import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { Behaviour } from "../../src/runtime/behaviour.js";
import type { Lane } from "../../src/runtime/actor-ref.js";
import { nodeSystem } from "../../src/runtime/node-system.js";
import type { Asker } from "../../src/runtime/remote.js";
import { createSteppedSystem, type SteppedSystem } from "../support/stepped-system.js";

type Message = "keep" | "now" | "fail" | "again";

/** Sets messages aside, takes them, or fails on them. */
function taker(taken: string[]): Behaviour<null, Message> {
  return {
    start: () => null,
    receive(state, message, ctx) {
      if (message === "keep" && taken.length === 0) ctx.stash(message);
      else if (message === "fail") throw new Error("It fails");
      else taken.push(message);
      if (message === "again") ctx.unstashAll();
      return state;
    },
  };
}

interface Scene extends SteppedSystem {
  readonly taken: readonly string[];
  readonly held: () => number;
  readonly letters: () => number;
  readonly say: (from: string, message: Message, bytes: number, lane?: Lane, asker?: Asker) => void;
}

function sceneOf(memoryBytes: number): Scene {
  const stepped = createSteppedSystem({ memoryBytes });
  const node = nodeSystem(stepped.system);
  const taken: string[] = [];
  const ref = node.spawn(taker(taken), { name: "taker", restart: "permanent" });
  stepped.settle();
  return {
    ...stepped,
    taken,
    held: () => node.memory.usedBy("mail"),
    letters: () => node.deadLetters.countByReason["no-memory"],
    say: (from, message, bytes, lane = "data", asker?: Asker) =>
      node.deliverForeign(ref, message, lane, { share: node.memory.share(from), bytes }, asker),
  };
}

test("a mailbox takes of other nodes what there is memory for, and of each no more than is left for others", () => {
  const { say, settle, held, letters, taken } = sceneOf(64_000);
  for (let n = 0; n < 10; n += 1) say("edge-1", "now", 8_000, n % 2 === 0 ? "data" : "control");
  // The fifth one is what makes it more than is left for all others.
  assert.equal([held(), letters()], [32_000, 6]);
  say("edge-2", "now", 4_000);
  assert.equal([held(), letters()], [36_000, 6]);
  settle();
  assert.equal([held(), taken.length], [0, 5]);
  say("edge-1", "now", 8_000);
  assert.is(held(), 8_000);
});

test("a message of another node counts until it is taken out, however it ends", async () => {
  const { say, settle, held, taken, system, advance } = sceneOf(64_000);
  say("edge-1", "keep", 1_000);
  settle();
  assert.equal([held(), taken], [1_000, []]);
  say("edge-1", "again", 100);
  settle();
  assert.equal([held(), taken], [0, ["again", "keep"]]);
  // Those behind the one that it fails on wait for it to be started again.
  say("edge-1", "fail", 100);
  say("edge-1", "now", 200);
  settle();
  assert.is(held(), 200);
  advance(100);
  assert.equal([held(), taken.length], [0, 3]);
  say("edge-1", "now", 500);
  const gone = system.terminate();
  for (let n = 0; n < 10; n += 1) {
    settle();
    await Promise.resolve();
  }
  await gone;
  assert.is(held(), 0);
});

test("a request for which there is no memory fails at once, and so says its asker", () => {
  const { say, held } = sceneOf(64_000);
  const lost: string[] = [];
  const asker: Asker = { lost: (_, reason) => void lost.push(reason) };
  say("edge-1", "now", 60_000, "data", asker);
  assert.equal([held(), lost], [0, ["no-memory"]]);
});

test.run();
