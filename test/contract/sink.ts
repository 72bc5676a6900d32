/** What every way out of a hub must do, behind the same sink: nothing is lost, and what fails comes again. */

import * as assert from "uvu/assert";
import { silentLogger } from "../../src/runtime/log.js";
import { createActorSystem } from "../../src/runtime/system.js";
import { spawnDistributor } from "../../src/actors/distributor/spawn.js";
import { createSinks, type Sinks } from "../../src/sinks/sinks.js";
import type { SinkSettings } from "../../src/sinks/sink-settings.js";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import type { SinkEvent } from "../../src/task/hub-events.js";
import { parseNodeName } from "../../src/task/identity.js";
import type { NewRecord } from "../../src/storage/results/store.js";
import { newRecord, NOW_MS } from "../support/records.js";
import { pause } from "../support/pause.js";
import { test } from "../support/test.js";
import { within } from "../support/within.js";

/** A receiver of a test's own, and the sink that sends to it. */
export interface Receiver {
  readonly settings: SinkSettings;
  /** Positions in the order in which they came, repetitions included. */
  positions(): Promise<readonly number[]>;
  /** From now on it takes nothing, or takes everything. */
  setDown(isDown: boolean): Promise<void>;
  close(): Promise<void>;
}

const LIMIT_MS = 60_000;

/** Records of which the one at position N was stored N seconds after `NOW_MS`. */
export function secondly(first: number, count: number): readonly NewRecord[] {
  return Array.from({ length: count }, (_, index) =>
    newRecord({ sequence: first + index, storedAtMs: NOW_MS + 1_000 * (first + index) }),
  );
}

/** A store, and sinks over it, as a hub has them. */
export async function withSinks(
  store: MemoryStore,
  use: (scene: {
    readonly sinks: Sinks;
    readonly events: readonly SinkEvent[];
    readonly append: (count: number) => Promise<void>;
  }) => Promise<void>,
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  const node = parseNodeName("cloud");
  const system = createActorSystem({ name: node, log: silentLogger });
  spawnDistributor(system, {
    node,
    store,
    vouchers: {
      isVouched: () => true,
      standing: () => "holder",
      isClosingVouched: () => true,
      written: () => null,
    },
    scheduler: null,
  });
  const events: SinkEvent[] = [];
  const sinks = createSinks({
    system,
    cluster: { name: "test", id: "c0ffee" },
    state: store.state,
    nextPosition: () => store.nextPosition,
    environment,
    onEvent: (event) => events.push(event),
  });
  try {
    await use({
      sinks,
      events,
      async append(count) {
        await store.append(secondly(store.nextPosition, count));
      },
    });
  } finally {
    await sinks.close();
    await system.terminate();
  }
}

/** Asks again and again, as the sink works behind whoever asks. */
export async function until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  await within(
    LIMIT_MS,
    (async () => {
      while (!(await isSo())) await pause(20);
    })(),
    what,
  );
}

/** @param open a new receiver, with nothing in it */
export function sinkContract(kind: string, open: () => Promise<Receiver>): void {
  const sinkTest = (name: string, run: (receiver: Receiver, store: MemoryStore) => Promise<void>): void =>
    test(`sink ${kind}: ${name}`, async () => {
      const receiver = await open();
      try {
        await run(receiver, new MemoryStore());
      } finally {
        await receiver.close();
      }
    });
  const has = async (receiver: Receiver, count: number): Promise<boolean> =>
    new Set(await receiver.positions()).size >= count;

  sinkTest(
    "takes what is stored, in order and once, and goes on there after a restart",
    async (receiver, store) => {
      await withSinks(store, async ({ sinks, append }) => {
        await append(300);
        await sinks.use([{ ...receiver.settings, from: "beginning" }]);
        await until("the first records", () => sinks.reports()[0]?.nextPosition === 300);
      });
      await store.append(secondly(300, 1));
      await withSinks(store, async ({ sinks }) => {
        await sinks.use([receiver.settings]);
        await until("the one stored meanwhile", () => has(receiver, 301));
      });
      assert.equal(
        await receiver.positions(),
        Array.from({ length: 301 }, (_, index) => index),
      );
    },
  );

  sinkTest("that is down loses nothing, says so, and comes back by itself", async (receiver, store) => {
    await withSinks(store, async ({ sinks, events, append }) => {
      await append(20);
      await receiver.setDown(true);
      await sinks.use([{ ...receiver.settings, from: "beginning" }]);
      await until("that it is down", () => events.some(({ type }) => type === "sinkDown"));
      assert.is(sinks.reports()[0]?.isUp, false);
      await receiver.setDown(false);
      await until("that it is up", () => events.some(({ type }) => type === "sinkUp"));
      await until("all records", () => has(receiver, 20));
      assert.is(events.filter(({ type }) => type === "sinkDown").length, 1);
    });
    const positions = await receiver.positions();
    assert.equal(
      [...new Set(positions)],
      Array.from({ length: 20 }, (_, index) => index),
    );
  });

  sinkTest("says what retention deleted before it could be sent", async (receiver, store) => {
    await store.append(secondly(0, 10));
    await store.expire({ recordsMax: 4, limit: 100 });
    await withSinks(store, async ({ sinks, events }) => {
      await sinks.use([{ ...receiver.settings, from: "beginning" }]);
      await until("what is left", () => has(receiver, 4));
      assert.equal(events[0], {
        type: "sinkLost",
        sink: receiver.settings.name,
        fromPosition: 0,
        toPosition: 5,
      });
      assert.is(sinks.reports()[0]?.expired, 6);
    });
    assert.equal(await receiver.positions(), [6, 7, 8, 9]);
  });
}
