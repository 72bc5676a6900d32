/** What the state of every hub does, whatever store it lies in. */

import * as assert from "uvu/assert";
import type { HubState, StateChange } from "../../src/storage/hub/hub-state.js";
import type { Store } from "../../src/storage/results/store.js";
import { newRecord } from "../support/records.js";

type StoreTest = (name: string, work: (store: Store, reopen: () => Promise<Store>) => Promise<void>) => void;

const put = (key: string, value: unknown): StateChange => ({ type: "put", kind: "order", key, value });
const drop = (key: string): StateChange => ({ type: "delete", kind: "order", key });

export function hubStateContract(storeTest: StoreTest, durable: boolean): void {
  storeTest(
    "state holds what was written last, by kind and key, also once it was closed",
    async (store, reopen) => {
      await store.append([newRecord({ sequence: 0 })]);
      await store.state.write([put("cam-1", { a: [1, "ö\u0000"] }), put("cam-2", null), put("cam-3", false)]);
      await store.state.write([put("cam-2", 7), drop("cam-3"), drop("none"), put("p@1", 1), put("p@1", 2)]);
      await store.state.write([{ type: "put", kind: "owner", key: "cam-1", value: "edge-1" }]);
      await store.state.write([]);
      const read = async ({ state }: { readonly state: HubState }) =>
        await Promise.all([
          ...["cam-1", "cam-2", "cam-3", "p@1"].map((key) => state.get("order", key)),
          state.get("owner", "cam-1"),
          state.get("policy", "cam-1"),
        ]);
      const held = [{ a: [1, "ö\u0000"] }, 7, undefined, 2, "edge-1", undefined];
      assert.equal(await read(store), held);
      const again = await reopen();
      assert.equal(await read(again), durable ? held : held.map(() => undefined));
      assert.is(again.recordCount, durable ? 1 : 0);
      assert.equal(again.repairs, []);
    },
  );

  storeTest(
    "state gives the entries of a kind in order of their keys, of a prefix, and so many",
    async (store) => {
      const keys = ["cam-1/2", "cam-1/10", "cam-10/1", "cam-1", "{}", " "];
      await store.state.write(keys.map((key) => put(key, key.length)));
      await store.state.write([{ type: "put", kind: "policy", key: "cam-1/3", value: 0 }]);
      const range = async (given?: Parameters<HubState["range"]>[1]) =>
        (await store.state.range("order", given)).map(([key, value]) => `${key}:${String(value)}`);
      assert.equal(await range(), [" :1", "cam-1:5", "cam-1/10:8", "cam-1/2:7", "cam-10/1:8", "{}:2"]);
      assert.equal(await range({ prefix: "cam-1/" }), ["cam-1/10:8", "cam-1/2:7"]);
      assert.equal(await range({ prefix: "cam-1/", reverse: true, limit: 1 }), ["cam-1/2:7"]);
      assert.equal(await range({ limit: 0 }), []);
      assert.equal(await store.state.range("change"), []);
    },
  );

  storeTest("state takes nothing that it could not give back, and then writes none of it", async (store) => {
    for (const change of [
      put("", 1),
      put("ö", 1),
      put("a~b", 1),
      put("x".repeat(513), 1),
      put("big", "x".repeat(1024 * 1024)),
      put("none", undefined),
      put("big", 1n),
    ]) {
      const write = store.state.write([put("sound", 1), change]);
      const error: unknown = await write.catch((thrown: unknown) => thrown);
      assert.ok(error instanceof RangeError || error instanceof TypeError, String(error));
    }
    assert.is(await store.state.get("order", "sound"), undefined);
    await store.state.write([put("sound", 1)]);
    assert.is(await store.state.get("order", "sound"), 1);
  });
}
