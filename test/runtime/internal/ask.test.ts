import { getEventListeners } from "node:events";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { ActorRef } from "../../../src/runtime/actor-ref.js";
import type { Behaviour } from "../../../src/runtime/behaviour.js";
import { RuntimeError, type RuntimeErrorCode } from "../../../src/runtime/errors.js";
import { rejection } from "../../support/rejection.js";
import { createSteppedSystem } from "../../support/stepped-system.js";
import { within } from "../../support/within.js";
import { type Work, worker } from "../../support/worker.js";

interface Question {
  readonly type: "echo" | "ignore" | "fail" | "stash" | "stopAfter" | "twice";
  readonly text: string;
  readonly replyTo: ActorRef<string>;
}

const answerer: Behaviour<null, Question> = {
  start: () => null,
  receive(state, question, ctx) {
    switch (question.type) {
      case "echo":
        question.replyTo.tell(question.text);
        break;
      case "twice":
        question.replyTo.tell(question.text);
        question.replyTo.tell("again");
        break;
      case "fail":
        throw new Error("wanted");
      case "stash":
        ctx.stash(question);
        break;
      case "stopAfter":
        ctx.stop(ctx.self);
        break;
      case "ignore":
        break;
    }
    return state;
  },
};

function answering(capacity = 100) {
  const stepped = createSteppedSystem({ supervision: { intensity: 100 } });
  const ref = stepped.system.spawn(answerer, { name: "answerer", mailbox: { capacity } });
  const ask = (type: Question["type"], text = "", options?: { timeoutMs?: number; signal?: AbortSignal }) =>
    within(
      1_000,
      stepped.system.ask<Question, string>(ref, (replyTo) => ({ type, text, replyTo }), options),
    );
  return { ...stepped, ref, ask };
}

async function codeOf(work: Promise<unknown>): Promise<RuntimeErrorCode | "none"> {
  try {
    await work;
    return "none";
  } catch (thrown) {
    assert.instance(thrown, RuntimeError);
    return (thrown as RuntimeError).code;
  }
}

test("ask resolves with the reply and leaves no timer behind", async () => {
  const { ask, settle, clock } = answering();
  const reply = ask("echo", "hello");
  settle();
  assert.is(await reply, "hello");
  assert.is(clock.pending, 0);
});

test("ask takes the first reply; a later one is a dead letter", async () => {
  const { ask, settle, system } = answering();
  const reply = ask("twice", "first");
  settle();
  assert.is(await reply, "first");
  assert.is(system.deadLetters.countByReason.stopped, 1);
});

test("ask rejects with ask-timeout after its time and no sooner", async () => {
  const { ask, settle, clock } = answering();
  let settled = false;
  const reply = codeOf(ask("ignore", "", { timeoutMs: 50 })).finally(() => (settled = true));
  settle();
  clock.advance(49);
  await Promise.resolve();
  assert.not(settled);
  clock.advance(1);
  assert.is(await reply, "ask-timeout");
});

test("ask waits 5 s by default", async () => {
  const { ask, settle, clock } = answering();
  const reply = codeOf(ask("ignore"));
  settle();
  clock.advance(4_999);
  assert.is(clock.pending, 1);
  clock.advance(1);
  assert.is(await reply, "ask-timeout");
});

test("ask rejects with ask-aborted when its signal aborts, before or while it waits", async () => {
  const { ask, settle, clock } = answering();
  assert.is(await codeOf(ask("echo", "", { signal: AbortSignal.abort() })), "ask-aborted");
  const controller = new AbortController();
  const reply = codeOf(ask("ignore", "", { signal: controller.signal }));
  settle();
  controller.abort();
  assert.is(await reply, "ask-aborted");
  assert.is(clock.pending, 0);
});

test("ask stops listening to its signal once it is answered", async () => {
  const { ask, settle } = answering();
  const { signal } = new AbortController();
  const reply = ask("echo", "hello", { signal });
  assert.is(getEventListeners(signal, "abort").length, 1);
  settle();
  await reply;
  assert.is(getEventListeners(signal, "abort").length, 0);
});

test("ask rejects at once with actor-failed where the actor fails on the request", async () => {
  const { ask, settle } = answering();
  const reply = ask("fail");
  settle();
  try {
    await reply;
    assert.unreachable();
  } catch (thrown) {
    assert.ok(thrown instanceof RuntimeError && thrown.code === "actor-failed");
    assert.is((thrown.cause as Error).message, "wanted");
  }
});

test("ask rejects at once with actor-stopped: gone, gone with the request in its mailbox, never there", async () => {
  const { ask, settle, system, ref } = answering();
  const waiting = codeOf(ask("echo"));
  void system.stop(ref);
  assert.is(await waiting, "actor-stopped");
  assert.is(await codeOf(ask("echo")), "actor-stopped");
  const nobody = system.resolve<Question>("sluice://test/nobody");
  const question = (replyTo: ActorRef<string>): Question => ({ type: "echo", text: "", replyTo });
  assert.is(await codeOf(system.ask(nobody, question)), "actor-stopped");
  settle();
});

test("ask rejects at once with mailbox-full, and with actor-stopped where the request was stashed", async () => {
  const { ask, settle, system, ref } = answering(1);
  const stashed = codeOf(ask("stash"));
  assert.is(await codeOf(ask("echo")), "mailbox-full");
  settle();
  void system.stop(ref);
  assert.is(await stashed, "actor-stopped");
});

test("ask rejects at once with node-unreachable where no way leads to the node", async () => {
  const { system } = answering();
  const far = system.resolve<Question>("sluice://elsewhere/answerer");
  const reply = system.ask(far, (replyTo: ActorRef<string>): Question => ({
    type: "echo",
    text: "",
    replyTo,
  }));
  assert.is(await codeOf(reply), "node-unreachable");
});

test("ask rejects with what the function that makes the request throws", async () => {
  const { system, ref } = answering();
  const reply = system.ask<Question, string>(ref, () => {
    throw new RangeError("no request");
  });
  try {
    await within(1_000, reply);
    assert.unreachable();
  } catch (thrown) {
    assert.instance(thrown, RangeError);
  }
});

test("a reply address survives JSON while the ask is open, and is a dead letter after", async () => {
  const { system, settle } = answering();
  const addresses: string[] = [];
  const scribe = system.spawn<null, ActorRef<string>>(
    {
      start: () => null,
      receive(state, replyTo) {
        addresses.push(JSON.parse(JSON.stringify(replyTo)) as string);
        return state;
      },
    },
    { name: "scribe" },
  );
  const reply = system.ask<ActorRef<string>, string>(scribe, (replyTo) => replyTo);
  settle();
  const [address] = addresses;
  assert.ok(address !== undefined);
  system.resolve<string>(address).tell("by address");
  assert.is(await within(1_000, reply), "by address");
  system.resolve<string>(address).tell("late");
  assert.is(system.deadLetters.countByReason.stopped, 1);
});

test("ask rejects with actor-stopped where the actor stops itself before it handles the request", async () => {
  const { system, settle } = createSteppedSystem();
  const ref = system.spawn(worker(), { name: "a" });
  ref.tell((ctx) => ctx.stop(ctx.self));
  const asked = system.ask<Work, never>(ref, () => () => {});
  settle();
  assert.is((await rejection(asked)).code, "actor-stopped");
});

test.run();
