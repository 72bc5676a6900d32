import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { silentLogger } from "../../../src/runtime/log.js";
import { z } from "../../../src/runtime/parse.js";
import type { HubState, StateChange } from "../../../src/storage/hub/hub-state.js";
import { openKeptMap } from "../../../src/storage/hub/kept-map.js";
import { createMemoryState } from "../../../src/storage/hub/memory-state.js";
import { createStateWriter } from "../../../src/storage/hub/state-writer.js";
import { SluiceError } from "../../../src/task/errors.js";
import { VirtualClock } from "../../support/virtual-clock.js";

/** A state whose disk takes writes, or not, as the test says. */
function scripted() {
  const memory = createMemoryState();
  const disk: { full: boolean; writes: (readonly StateChange[])[] } = { full: false, writes: [] };
  const state: HubState = {
    ...memory,
    write(changes) {
      disk.writes.push(changes);
      if (disk.full) return Promise.reject(new SluiceError("Cannot write: full", { code: "store-full" }));
      return memory.write(changes);
    },
  };
  const clock = new VirtualClock();
  return { state, disk, clock, writer: createStateWriter(state, { clock, log: silentLogger }) };
}

const settled = () => new Promise((resolve) => void setImmediate(resolve));

test("createStateWriter writes what a turn changes at once, and what follows together, the newest of each key", async () => {
  const { state, disk, clock, writer } = scripted();
  assert.is(writer.written(), null);
  writer.put("order", "a", 1);
  writer.put("policy", "a", 1);
  await writer.written();
  assert.is(writer.written(), null);
  for (let n = 0; n < 100; n += 1) writer.put("order", "a", n);
  writer.delete("policy", "a");
  await settled();
  assert.is(disk.writes.length, 1, "ten times a second at most");
  clock.advance(100);
  await writer.written();
  assert.equal(
    disk.writes.map(({ length }) => length),
    [2, 2],
  );
  assert.equal([await state.get("order", "a"), await state.get("policy", "a")], [99, undefined]);
  await writer.close();
});

test("createStateWriter has nobody who waits wait for the pause, but after a failure", async () => {
  const { state, disk, writer } = scripted();
  writer.put("order", "a", 1);
  await writer.written();
  writer.put("order", "a", 2);
  writer.put("order", "b", 2);
  await writer.written();
  assert.is(await state.get("order", "b"), 2);
  assert.is(disk.writes.length, 2);
  disk.full = true;
  writer.put("order", "a", 3);
  await writer.written()?.catch(() => {});
  void writer.written()?.catch(() => {});
  await settled();
  assert.is(disk.writes.length, 3, "a disk that fails is not asked at once");
  disk.full = false;
  await writer.close();
});

test("createStateWriter says that nothing is durable while the disk is full, and writes all of it once it is not", async () => {
  const { state, disk, clock, writer } = scripted();
  disk.full = true;
  writer.put("order", "a", 1);
  writer.put("order", "b", 1);
  const failed: unknown = await writer.written()?.catch((error: unknown) => error);
  assert.ok(failed instanceof SluiceError && failed.code === "store-full", String(failed));
  writer.put("order", "a", 2);
  disk.full = false;
  const again = writer.written();
  clock.advance(1_000);
  await again;
  assert.equal(await state.range("order"), [
    ["a", 2],
    ["b", 1],
  ]);
  assert.is(writer.written(), null);
  await writer.close();
});

test("createStateWriter writes what is left as it is closed, without waiting for its turn", async () => {
  const { state, disk, writer } = scripted();
  writer.put("order", "a", 1);
  await writer.written();
  writer.put("order", "b", 1);
  await writer.close();
  assert.is(await state.get("order", "b"), 1);
  assert.is(disk.writes.length, 2);
});

test("openKeptMap gives back what was set, in the order in which its keys came, and refuses what is none", async () => {
  const { state, writer } = scripted();
  const open = () =>
    openKeptMap({ kind: "order", state, writer, keyOf: (text) => text, form: z.object({ n: z.number() }) });
  const first = await open();
  for (const [key, n] of [
    ["z", 1],
    ["b", 2],
    ["a", 3],
    ["z", 4],
  ] as const)
    first.set(key, { n });
  assert.is(first.delete("b"), true);
  assert.is(first.delete("b"), false);
  first.set("b", { n: 5 });
  await writer.close();
  const held = [
    ["z", { n: 4 }],
    ["a", { n: 3 }],
    ["b", { n: 5 }],
  ];
  assert.equal([...first], held);
  const second = await open();
  assert.equal([...second], held);
  assert.equal(
    [second.size, second.get("a"), second.has("c"), [...second.values()].length],
    [3, { n: 3 }, false, 3],
  );
  await state.write([{ type: "put", kind: "order", key: "old", value: { place: 9, value: { m: 1 } } }]);
  const refused: unknown = await open().catch((error: unknown) => error);
  assert.ok(refused instanceof SluiceError && refused.code === "store-format", String(refused));
});

test.run();
