import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { ActorRef } from "../../../src/runtime/actor-ref.js";
import type { Terminated } from "../../../src/runtime/behaviour.js";
import { createSteppedSystem } from "../../support/stepped-system.js";
import { idle, type Work, worker } from "../../support/worker.js";

test("ctx.watch tells once when the actor is gone, and soon where it was gone before", () => {
  const { system, settle } = createSteppedSystem();
  const events: Terminated[] = [];
  const target = system.spawn(worker(), { name: "target" });
  const named = system.resolve<Work>("sluice://test/target");
  type Message = Terminated | { readonly watch: ActorRef<never> };
  const watcher = system.spawn<null, Message>(
    {
      start: () => null,
      receive(state, message, ctx) {
        if ("watch" in message) ctx.watch(message.watch, (event) => event);
        else events.push(message);
        return state;
      },
    },
    { name: "watcher" },
  );
  watcher.tell({ watch: target });
  watcher.tell({ watch: target });
  watcher.tell({ watch: named });
  settle();
  assert.equal(events, []);
  void system.stop(target);
  settle();
  const stopped = [target, named].map(({ address }) => ({ address, reason: "stopped" as const }));
  assert.equal(events, stopped, "a second watch of the same ref is one");
  watcher.tell({ watch: target });
  settle();
  assert.equal(events.length, 3);
});

test("ctx.unwatch drops an event that is in the mailbox already, and a restart ends all watches", () => {
  const { system, advance, settle } = createSteppedSystem();
  const events: Terminated[] = [];
  const [first, second] = [1, 2].map((n) => system.spawn(worker(), { name: `target-${n}` }));
  assert.ok(first !== undefined && second !== undefined);
  type Message = Terminated | "watch" | "unwatch" | "fail";
  const watcher = system.spawn<null, Message>(
    {
      start: () => null,
      receive(state, message, ctx) {
        if (message === "watch") for (const ref of [first, second]) ctx.watch(ref, (event) => event);
        else if (message === "unwatch") {
          void system.stop(first);
          ctx.unwatch(first);
        } else if (message === "fail") throw new Error("wanted");
        else events.push(message);
        return state;
      },
    },
    { name: "watcher" },
  );
  watcher.tell("watch");
  watcher.tell("unwatch");
  watcher.tell("fail");
  advance(50);
  void system.stop(second);
  settle();
  assert.equal(events, []);
});

test("system.watch distinguishes failures from stops", () => {
  const { system, settle } = createSteppedSystem();
  const events: Terminated[] = [];
  const ref = system.spawn(worker(), { name: "fragile", restart: "temporary" });
  system.watch(ref, (event) => events.push(event));
  system.watch(ref, (event) => events.push(event))();
  ref.tell(() => {
    throw new Error("wanted");
  });
  settle();
  assert.equal(events, [{ address: ref.address, reason: "failed" }]);
});

test("system.watch of an actor that is gone calls no listener whose watch was ended first", () => {
  const { system, settle } = createSteppedSystem();
  const ref = system.spawn(worker(), { name: "gone" });
  void system.stop(ref);
  let called = 0;
  system.watch(ref, () => (called += 1));
  system.watch(ref, () => (called += 100))();
  settle();
  assert.is(called, 1);
});

test("system.watch reports unreachable for an actor of a node that no remote leads to", () => {
  const { system, settle } = createSteppedSystem();
  const events: Terminated[] = [];
  const remote = system.resolve<string>("sluice://elsewhere/actor");
  system.watch(remote, (event) => events.push(event));
  assert.equal(events, [], "never before watch returns");
  settle();
  assert.equal(events, [{ address: "sluice://elsewhere/actor", reason: "unreachable" }]);
  remote.tell("nobody");
  assert.is(system.deadLetters.countByReason.unreachable, 1);
});

test("watch reports the end of the actor that was watched, not of the one that took its name", () => {
  const { system, settle } = createSteppedSystem();
  const events: string[] = [];
  const see =
    (what: string) =>
    ({ address, reason }: Terminated) =>
      void events.push(`${what} ${address} ${reason}`);
  const first = system.spawn(idle, { name: "a" });
  const named = system.resolve("sluice://test/a");
  system.watch(first, see("first"));
  system.watch(named, see("name"));
  void system.stop(first);
  const second = system.spawn(idle, { name: "a" });
  settle();
  assert.equal(events, [`first ${first.address} stopped`, "name sluice://test/a stopped"]);
  system.watch(first, see("again"));
  system.watch(named, see("second"));
  settle();
  assert.equal(events.slice(2), [`again ${first.address} stopped`], "the first is gone, the name is taken");
  void system.stop(second);
  settle();
  assert.equal(events.slice(3), ["second sluice://test/a stopped"]);
});

test.run();
