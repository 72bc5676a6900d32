/** Damage to the hub's state is repaired, said and remembered as that of records is; nothing of it is handed out. */

import { join } from "node:path";
import { Level } from "level";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { StateChange } from "../../../src/storage/hub/hub-state.js";
import { levelFolder } from "../../../src/storage/level-database.js";
import { openLevelStore } from "../../../src/storage/results/level-store.js";
import { SluiceError } from "../../../src/task/errors.js";
import type { Repair } from "../../../src/task/reports.js";
import { newRecord } from "../../support/records.js";
import { inTemporaryFolder } from "../../support/temporary-folder.js";

const put = (key: string): StateChange => ({ type: "put", kind: "name", key, value: { of: key } });

/** A store with three entries and a record, changed behind its back. */
async function damaged(folder: string, damage: (database: Level) => Promise<void>): Promise<string> {
  const path = join(folder, "store");
  const store = await openLevelStore(path);
  await store.append([newRecord({ sequence: 0 })]);
  await store.state.write(["edge-1", "edge-2", "edge-3"].map(put));
  await store.close();
  const database = new Level(path);
  await database.open();
  await damage(database);
  await database.close();
  return path;
}

test("an entry of a hub's state whose bytes have changed is not handed out, and goes alone at the next write", () =>
  inTemporaryFolder(async (folder) => {
    const path = await damaged(folder, async (database) => {
      await database.put("h/name/edge-2", '0000000{"of":"edge-9"}');
    });
    const repairs: Repair[] = [];
    const store = await openLevelStore(path, { onDamage: (repair) => void repairs.push(repair) });
    for (const read of [() => store.state.get("name", "edge-2"), () => store.state.range("name")]) {
      const error: unknown = await read().catch((thrown: unknown) => thrown);
      assert.ok(error instanceof SluiceError && error.code === "store-corrupt", String(error));
    }
    await store.state.write([put("edge-4")]);
    const text = "1 entries of the hub's state are lost: name/edge-2";
    assert.equal(
      repairs.map(({ damage, kept, lost }) => [damage[0], kept, lost]),
      [[text, 1, 0]],
    );
    assert.equal(store.repairs, repairs);
    const held = (await store.state.range("name")).map(([key]) => key);
    assert.equal(held, ["edge-1", "edge-3", "edge-4"]);
    await store.close();
  }));

test("a hub's state says how many of its entries are missing, also where nothing is left of them", () =>
  inTemporaryFolder(async (folder) => {
    const path = await damaged(folder, (database) =>
      database.batch().del("h/name/edge-1").del("h/name/edge-3").write(),
    );
    await levelFolder(path).markDamaged();
    const repairs: Repair[] = [];
    const store = await openLevelStore(path, { onDamage: (repair) => void repairs.push(repair) });
    assert.is(repairs[0]?.damage[0], "2 entries of the hub's state are lost");
    await store.close();
    const again = await openLevelStore(path, { onDamage: () => assert.unreachable("It is repaired once") });
    assert.equal(await again.state.range("name"), [["edge-2", { of: "edge-2" }]]);
    await again.close();
  }));

test.run();
