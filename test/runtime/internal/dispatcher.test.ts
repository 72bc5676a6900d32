import { createServer, connect } from "node:net";
import { once } from "node:events";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { ActorRef } from "../../../src/runtime/actor-ref.js";
import type { Behaviour } from "../../../src/runtime/behaviour.js";
import { silentLogger } from "../../../src/runtime/log.js";
import { createActorSystem } from "../../../src/runtime/system.js";
import { createSteppedSystem } from "../../support/stepped-system.js";
import { VirtualClock } from "../../support/virtual-clock.js";
import { within } from "../../support/within.js";

test("Dispatcher turns the event loop after at most 512 messages, however many actors share them", () => {
  const { system, executor } = createSteppedSystem();
  let handled = 0;
  const busy: Behaviour<null, null> = {
    start: () => null,
    receive(state, _message, ctx) {
      handled += 1;
      ctx.self.tell(null);
      return state;
    },
  };
  for (let n = 0; n < 7; n++) system.spawn(busy, { name: `busy-${n}` }).tell(null);
  for (let turn = 0; turn < 10; turn++) {
    const before = handled;
    executor.turn();
    const messages = handled - before;
    assert.ok(messages > 256 && messages <= 2 * 512, `${messages} in turn ${turn}`);
  }
});

test("Dispatcher gives each busy actor its share", () => {
  const { system, executor } = createSteppedSystem();
  const handled = [0, 0, 0];
  handled.forEach((_, index) => {
    const ref: ActorRef<null> = system.spawn(
      {
        start: () => null,
        receive(state: null) {
          handled[index] = (handled[index] ?? 0) + 1;
          ref.tell(null);
          return state;
        },
      },
      { name: `busy-${index}` },
    );
    ref.tell(null);
  });
  for (let turn = 0; turn < 30; turn++) executor.turn();
  const [least, most] = [Math.min(...handled), Math.max(...handled)];
  assert.ok(most <= least * 1.1, handled.join());
});

test("Dispatcher turns the event loop sooner where messages take long", () => {
  const clock = new VirtualClock(0);
  const { system, executor } = createSteppedSystem({ clock });
  let handled = 0;
  const slow: Behaviour<null, null> = {
    start: () => null,
    receive(state) {
      handled += 1;
      clock.advance(3);
      return state;
    },
  };
  const ref = system.spawn(slow, { name: "slow" });
  for (let n = 0; n < 1_000; n++) ref.tell(null);
  executor.turn();
  const first = handled;
  for (let turn = 0; turn < 5; turn++) executor.turn();
  assert.ok(first <= 128, `${first} before it is known to be slow`);
  assert.ok(handled - first <= 5 * 3, `${handled - first} in five turns, at most 8 ms and one message each`);
});

test("a socket is served while two actors keep each other busy", async () => {
  const system = createActorSystem({ name: "busy", log: silentLogger });
  let stop = false;
  interface Ball {
    readonly from: ActorRef<Ball>;
    readonly to: ActorRef<Ball>;
  }
  const player: Behaviour<null, Ball> = {
    start: () => null,
    receive(state, { from, to }) {
      if (!stop) from.tell({ from: to, to: from });
      return state;
    },
  };
  const [a, b] = ["a", "b"].map((name) => system.spawn(player, { name }));
  assert.ok(a !== undefined && b !== undefined);
  const server = createServer((socket) => socket.end("served")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  a.tell({ from: b, to: a });
  const socket = connect(address.port, "127.0.0.1");
  const [data] = (await within(5_000, once(socket, "data"), "the socket")) as [Buffer];
  assert.is(data.toString(), "served");
  stop = true;
  server.close();
  socket.destroy();
  await within(1_000, system.terminate());
});

test("asks in a row, each within a microtask, let a timer through", async () => {
  const system = createActorSystem({ name: "asks", log: silentLogger });
  const echo = system.spawn<null, ActorRef<number>>(
    {
      start: () => null,
      receive(state, replyTo) {
        replyTo.tell(1);
        return state;
      },
    },
    { name: "echo" },
  );
  const timer = { fired: false };
  setTimeout(() => (timer.fired = true), 1);
  let asks = 0;
  while (!timer.fired && asks < 5_000_000) {
    await system.ask<ActorRef<number>, number>(echo, (replyTo) => replyTo);
    asks += 1;
  }
  assert.ok(timer.fired, `no timer in ${asks} asks`);
  await within(1_000, system.terminate());
});

test.run();
