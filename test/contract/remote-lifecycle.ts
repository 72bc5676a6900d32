/** Asks of, watches on and stops of actors on another node, while they live and when they or their node are gone. */

import * as assert from "uvu/assert";
import type { ActorRef } from "../../src/runtime/actor-ref.js";
import type { Terminated } from "../../src/runtime/behaviour.js";
import { CodedError } from "../../src/runtime/errors.js";
import { within } from "../support/within.js";
import { outcome, recorder, responder, until, type EachScene, type Question } from "./remote-scene.js";

export function lifecycleContract(each: EachScene): void {
  each("ask gets its answer, in both lanes and both ways", async ({ here, there, ask }) => {
    assert.equal(await outcome(ask("responder", [1, 2])), [1, 2]);
    assert.is(await outcome(ask("responder", "now", "control")), "now");
    here.spawn(responder, { name: "responder" });
    const back = there.ask<Question, unknown>(
      there.resolve(`sluice://${here.name}/responder`),
      (replyTo) => ({ type: "echo", value: "back", replyTo }),
    );
    assert.is(await outcome(back), "back");
  });

  each("ask fails at once where no reply can come, with the code that says why", async (scene) => {
    const { here, there, ask, to } = scene;
    there.spawn(recorder([]), { name: "full", mailbox: { capacity: 1, overflow: "reject" } });
    there.spawn(responder, { name: "mortal", restart: "temporary" });
    assert.is(await outcome(ask("nobody")), "actor-stopped");
    const failed = here.ask<Question, unknown>(to("mortal"), (replyTo) => ({ type: "fail", replyTo }));
    const error = await failed.catch((thrown: unknown) => thrown);
    assert.ok(error instanceof CodedError && error.code === "actor-failed");
    assert.match(String(error.cause), "asked to fail");
    assert.is(await outcome(ask("mortal")), "actor-stopped");
    const both = Promise.race([ask("full"), ask("full")]);
    assert.is(await outcome(both), "mailbox-full");
    assert.is(await outcome(ask("responder", () => 1)), "node-unreachable", "it cannot be encoded");
    const elsewhere = here.ask(here.resolve<ActorRef<never>>("sluice://nowhere/actor"), (replyTo) => replyTo);
    assert.is(await outcome(elsewhere), "node-unreachable");
  });

  each(
    "ask fails when the node of the actor goes, and a reply after that is a dead letter",
    async (scene) => {
      const { here, there, to, cut } = scene;
      const asked: ActorRef<string>[] = [];
      there.spawn(recorder(asked), { name: "slow" });
      const reply = here.ask<ActorRef<string>, string>(to("slow"), (replyTo) => replyTo);
      await until("the question", () => asked.length > 0);
      cut();
      assert.is(await outcome(reply), "node-unreachable");
      await until("the end of the way back", () => {
        asked[0]?.tell("too late");
        return there.deadLetters.countByReason.unreachable > 0;
      });
    },
  );

  each("watch fires once when the actor stops or fails, or never existed", async (scene) => {
    const { here, there, to, cutAndNotice } = scene;
    const events: Terminated[] = [];
    const stopping = there.spawn(responder, { name: "stopping" });
    const failing = there.spawn(responder, { name: "failing", restart: "temporary" });
    for (const ref of [to("stopping"), here.resolve(failing.address), to("never-was")]) {
      here.watch(ref, (event) => events.push(event));
    }
    assert.equal(events, []);
    await until("the first event", () => events.length > 0);
    assert.equal(events, [{ address: to("never-was").address, reason: "stopped" }]);
    void there.stop(stopping);
    failing.tell({ type: "fail", replyTo: here.resolve("sluice://nowhere/actor") });
    await until("all events", () => events.length >= 3);
    assert.equal(
      new Map(events.map(({ address, reason }) => [address, reason])),
      new Map([
        [to("never-was").address, "stopped"],
        [to("stopping").address, "stopped"],
        [failing.address, "failed"],
      ]),
    );
    await cutAndNotice();
    assert.is(events.length, 3);
  });

  each(
    "watch fires as unreachable when the nodes are cut off from each other, on both of them",
    async (scene) => {
      const { here, there, cut, to, arrived } = scene;
      const [onHere, onThere]: [Terminated[], Terminated[]] = [[], []];
      here.spawn(responder, { name: "mine" });
      here.watch(to("responder"), (event) => onHere.push(event));
      there.watch(there.resolve(`sluice://${here.name}/mine`), (event) => onThere.push(event));
      await arrived();
      cut();
      await until("both events", () => onHere.length > 0 && onThere.length > 0);
      here.watch(to("responder"), (event) => onHere.push(event));
      assert.is(onHere.length, 1, "never within the call");
      await until("the event of a watch on a node that is gone", () => onHere.length >= 2);
      const address = to("responder").address;
      assert.equal(onHere, [
        { address, reason: "unreachable" },
        { address, reason: "unreachable" },
      ]);
      assert.equal(onThere, [{ address: `sluice://${here.name}/mine`, reason: "unreachable" }]);
    },
  );

  each("a watch that was ended does not fire, for whatever reason", async (scene) => {
    const { here, there, to, arrived, cutAndNotice } = scene;
    const events: Terminated[] = [];
    const mortal = there.spawn(responder, { name: "mortal" });
    for (const ref of [
      to("mortal"),
      to("responder"),
      to("never-was"),
      here.resolve("sluice://nowhere/actor"),
    ]) {
      here.watch(ref, (event) => events.push(event))();
    }
    const ended = here.watch(to("mortal"), (event) => events.push(event));
    await arrived();
    ended();
    await arrived();
    await there.stop(mortal);
    await arrived();
    await cutAndNotice();
    assert.equal(events, []);
  });

  each("stop resolves, and has stopped the actor where the traits say so", async (scene) => {
    const { traits, here, there, to, ask } = scene;
    there.spawn(responder, { name: "mortal" });
    await within(10_000, here.stop(to("mortal")), "stop");
    const expected = traits.stops === "any" ? "actor-stopped" : "still here";
    assert.is(await outcome(ask("mortal", "still here")), expected);
    await within(10_000, here.stop(to("never-was")), "stop of nobody");
  });

  each("stop of an actor of a node that is not joined ends as the traits say", async ({ traits, here }) => {
    const ended = here.stop(here.resolve("sluice://nowhere/actor")).then(
      () => "resolves",
      () => "rejects",
    );
    assert.is(await within(10_000, ended, "stop"), traits.stopsUnreachable);
  });
}
