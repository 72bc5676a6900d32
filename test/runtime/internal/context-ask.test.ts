import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { ActorRef } from "../../../src/runtime/actor-ref.js";
import type { AskResult, Behaviour } from "../../../src/runtime/behaviour.js";
import { RuntimeError } from "../../../src/runtime/errors.js";
import { rejection } from "../../support/rejection.js";
import { createSteppedSystem } from "../../support/stepped-system.js";
import { worker } from "../../support/worker.js";

test("ctx.ask delivers the reply in order with what else the replier sent", () => {
  const { system, settle } = createSteppedSystem();
  const seen: string[] = [];
  type Request = { readonly notify: ActorRef<string>; readonly replyTo: ActorRef<string> };
  const replier = system.spawn<null, Request>(
    {
      start: () => null,
      receive(state, { notify, replyTo }) {
        notify.tell("before");
        replyTo.tell("reply");
        notify.tell("after");
        return state;
      },
    },
    { name: "replier" },
  );
  const asker: Behaviour<null, string> = {
    start(ctx) {
      ctx.ask<Request, string>(
        replier,
        (replyTo) => ({ notify: ctx.self, replyTo }),
        (result) => (result.ok ? result.reply : result.error.message),
      );
      return null;
    },
    receive(state, message) {
      seen.push(message);
      return state;
    },
  };
  system.spawn(asker, { name: "asker" });
  settle();
  assert.equal(seen, ["before", "reply", "after"]);
});

test("ctx.ask delivers why there is no reply, and never throws", () => {
  const { system, settle, advance } = createSteppedSystem();
  const seen: string[] = [];
  const sleeper = system.spawn<null, unknown>(
    { start: () => null, receive: (state) => state },
    { name: "sleeper" },
  );
  const outcome = (result: AskResult<unknown>): string => {
    assert.not(result.ok);
    return !result.ok && result.error instanceof RuntimeError ? result.error.code : "other";
  };
  const asker: Behaviour<null, string> = {
    start(ctx) {
      ctx.ask(sleeper, () => "request", outcome, { timeoutMs: 5 });
      ctx.ask(ctx.resolve("sluice://test/nobody"), () => "request", outcome);
      ctx.ask(
        sleeper,
        () => {
          throw new Error("no request");
        },
        outcome,
      );
      return null;
    },
    receive(state, message) {
      seen.push(message);
      return state;
    },
  };
  system.spawn(asker, { name: "asker" });
  settle();
  assert.equal(seen, ["actor-stopped", "other"]);
  advance(10);
  assert.equal(seen, ["actor-stopped", "other", "ask-timeout"]);
});

test("an ask result is never dropped from a full mailbox", () => {
  const { system, settle } = createSteppedSystem();
  const seen: string[] = [];
  const echo = system.spawn<null, ActorRef<string>>(
    {
      start: () => null,
      receive(state, replyTo) {
        replyTo.tell("reply");
        return state;
      },
    },
    { name: "echo" },
  );
  const asker: Behaviour<null, string> = {
    start(ctx) {
      ctx.ask<ActorRef<string>, string>(
        echo,
        (replyTo) => replyTo,
        (result) => (result.ok ? result.reply : "none"),
      );
      return null;
    },
    receive(state, message, ctx) {
      seen.push(message);
      if (message === "flood") for (const n of [1, 2, 3]) ctx.self.tell(`${n}`);
      return state;
    },
  };
  const ref = system.spawn(asker, { name: "asker", mailbox: { capacity: 1, overflow: "dropOldest" } });
  ref.tell("flood");
  settle();
  assert.ok(seen.includes("reply"));
  assert.ok(seen.includes("3"));
  assert.is(system.deadLetters.countByReason["mailbox-dropped"], 2);
});

test("asks that a state waits for end with it: no timer is left, and the reply is a dead letter", () => {
  const { system, settle, clock } = createSteppedSystem();
  const asked: ActorRef<string>[] = [];
  const slow = system.spawn<null, ActorRef<string>>(
    {
      start: () => null,
      receive(state, replyTo) {
        asked.push(replyTo);
        return state;
      },
    },
    { name: "slow" },
  );
  const asker = system.spawn(
    worker([], {
      onStart: (ctx) =>
        ctx.ask<ActorRef<string>, string>(
          slow,
          (replyTo) => replyTo,
          () => () => {},
          { timeoutMs: 60_000 },
        ),
    }),
    { name: "asker" },
  );
  settle();
  assert.is(clock.pending, 1);
  void system.stop(asker);
  settle();
  assert.equal([clock.pending, system.deadLetters.total], [0, 0]);
  asked[0]?.tell("too late");
  assert.is(system.deadLetters.total, 1);
});

test("a full mailbox that drops its oldest fails the ask among them at once, and never a reply", async () => {
  const { system, settle } = createSteppedSystem();
  const replies: string[] = [];
  const echo = system.spawn<null, ActorRef<string>>(
    {
      start: () => null,
      receive(state, replyTo) {
        replyTo.tell("echo");
        return state;
      },
    },
    { name: "echo" },
  );
  type Message = string | { readonly reply: string };
  const busy = system.spawn<null, Message>(
    {
      start(ctx) {
        ctx.ask<ActorRef<string>, string>(
          echo,
          (replyTo) => replyTo,
          (result) => ({ reply: result.ok ? result.reply : result.error.message }),
        );
        return null;
      },
      receive(state, message) {
        replies.push(typeof message === "string" ? message : message.reply);
        return state;
      },
    },
    { name: "busy", mailbox: { capacity: 2, overflow: "dropOldest" } },
  );
  settle();
  const asked = system.ask<Message, never>(busy, () => "question");
  for (const n of [1, 2]) busy.tell(`message ${n}`);
  const error = await rejection(asked);
  assert.is(error.code, "mailbox-full");
  settle();
  assert.equal(replies, ["echo", "message 1", "message 2"]);
});

test.run();
