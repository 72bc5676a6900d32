/** What a page that is slow, or is answered with too much, may hold of its hub. */

import * as assert from "uvu/assert";
import type { ActorRef } from "../../src/runtime/actor-ref.js";
import { silentLogger } from "../../src/runtime/log.js";
import { MemoryBudget } from "../../src/runtime/memory-budget.js";
import { createActorSystem } from "../../src/runtime/system.js";
import type { Channel, ChannelListener } from "../../src/transport/carrier.js";
import { openPage } from "../../src/web/page-channel.js";
import type { PageHub } from "../../src/web/page-hub.js";
import { parsePageJson, type PageMessage, type PageRequest } from "../../src/web/page-protocol.js";
import { test } from "../support/test.js";
import { within } from "../support/within.js";

interface Asked {
  readonly bytes: number;
  readonly replyTo: ActorRef<unknown>;
}

interface Scene {
  readonly memory: MemoryBudget;
  readonly refused: readonly string[];
  readonly messages: readonly PageMessage[];
  readonly gone: () => boolean;
  /** What it was sent and has not taken. */
  unread: number;
  /** Null where the page has ended. */
  readonly ask: (id: number, bytes: number) => Promise<PageMessage | null>;
}

/** A page of a hub that has an actor which answers with as many bytes as it is asked for. */
async function withPage(use: (scene: Scene) => Promise<void>): Promise<void> {
  const system = createActorSystem({ name: "cloud", log: silentLogger });
  system.spawn<null, Asked>(
    {
      start: () => null,
      receive(state, { bytes, replyTo }) {
        replyTo.tell({ type: "much", text: "x".repeat(bytes) });
        return state;
      },
    },
    { name: "much" },
  );
  const memory = new MemoryBudget(64 * 1024 * 1024);
  const refused: string[] = [];
  const messages: PageMessage[] = [];
  const looks = new Set<() => void>();
  let events: ChannelListener | null = null;
  const scene = { unread: 0, gone: false };
  let end: () => void = () => {};
  const over = new Promise<void>((resolve) => (end = resolve));
  const channel: Channel = {
    remote: "127.0.0.1:1",
    get bufferedBytes() {
      return scene.unread;
    },
    start: (told) => void (events = told),
    send(frame) {
      messages.push(parsePageJson(Buffer.from(frame).toString("utf8")));
      for (const look of looks) look();
    },
    close: () => {},
    destroy() {
      scene.gone = true;
      end();
      events?.onClose({ code: "lost", reason: "gone" });
    },
  };
  const hub = {
    system,
    memory,
    operator: { cluster: { name: "sluice" } },
    guard: (_: unknown, __: string, message: unknown) => message,
    version: "",
    countRefusal: (kind: string) => void refused.push(kind),
  };
  // What a page that asks and watches nothing has of its hub.
  openPage(channel, hub as unknown as PageHub, {
    role: "operator",
    holds: () => Promise.resolve(true),
    onClosed: () => {},
  });
  try {
    await use({
      memory,
      refused,
      messages,
      gone: () => scene.gone,
      get unread() {
        return scene.unread;
      },
      set unread(bytes: number) {
        scene.unread = bytes;
      },
      ask(id, bytes) {
        const request: PageRequest = {
          type: "ask",
          id,
          to: "sluice://cloud/much",
          message: { type: "much", bytes },
        };
        const answered = new Promise<PageMessage>((resolve) => {
          const look = (): void => {
            const found = messages.find((message) => "id" in message && message.id === id);
            if (found !== undefined) resolve(found);
          };
          looks.add(look);
        });
        events?.onFrame(Buffer.from(JSON.stringify(request)));
        return within(20_000, Promise.race([answered, over.then(() => null)]), "an answer");
      },
    });
  } finally {
    channel.destroy();
    await system.terminate();
  }
}

test("an answer that is too large for a page fails, and that is counted", () =>
  withPage(async ({ ask, refused }) => {
    assert.is((await ask(1, 1_000_000))?.type, "reply");
    const answer = await ask(2, 5_000_000);
    assert.is(answer?.type === "failed" && answer.code, "message-too-large");
    assert.equal(refused, ["page-too-large"]);
    assert.is((await ask(3, 10))?.type, "reply");
  }));

test("what a page does not take is a part of the hub's memory, and where there is none left the page is closed", () =>
  withPage(async (scene) => {
    const { ask, memory, refused } = scene;
    await ask(1, 3_000_000);
    assert.ok(memory.usedBy("pages") > 3_000_000);
    scene.unread = 3_000_000;
    await ask(2, 10);
    assert.ok(memory.usedBy("pages") < 3_100_000, `${memory.usedBy("pages")} bytes`);
    // The others have all but a little.
    for (const other of ["edge-1", "edge-2", "edge-3"]) memory.share(other).take("tasks", 12 * 1024 * 1024);
    memory.share("edge-4").take("pages", 1_000_000);
    // It takes nothing more, and has it answered to the limit of a page and beyond that of the memory.
    scene.unread = 7_000_000;
    assert.is(await ask(3, 3_900_000), null);
    assert.ok(scene.gone());
    assert.equal(refused, ["page-slow"]);
    assert.is(memory.usedBy("pages"), 1_000_000);
  }));

test.run();
