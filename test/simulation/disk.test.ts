/** The store and the journals of production, on the disk of a simulation. */

import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { silentLogger } from "../../src/runtime/log.js";
import { Disk } from "../../src/simulation/disk.js";
import { SimulatedFiles, simulatedFolder } from "../../src/simulation/simulated-database.js";
import { openJournalsIn, type LevelJournals } from "../../src/storage/journal/level-journals.js";
import { openStoreIn } from "../../src/storage/results/level-store.js";
import { recordsByPosition } from "../../src/storage/results/read-store.js";
import { journalsContract } from "../contract/journals.js";
import { storeContract } from "../contract/store.js";
import { newRecord } from "../support/records.js";
import { withSimulatedProcesses } from "./simulated-process.js";

journalsContract("journals of a simulated disk", (work) =>
  withSimulatedProcesses(async ({ time, prng, start }) => {
    const disk = new Disk(time, prng);
    const files = new SimulatedFiles(disk, "journal");
    let process = start();
    let journals: LevelJournals | null = null;
    const kill = (): Promise<void> => {
      process.kill();
      disk.crashed(process);
      return Promise.resolve();
    };
    await work({
      async start() {
        process = start();
        const options = { clock: process.clock, log: silentLogger };
        return (journals = await openJournalsIn(simulatedFolder(files, process), options));
      },
      async stop() {
        await journals?.close();
        process.kill();
      },
      kill,
    });
  }),
);

storeContract("store of a simulated disk", {
  durable: true,
  use: (work) =>
    withSimulatedProcesses(async ({ time, prng, start }) => {
      const files = new SimulatedFiles(new Disk(time, prng), "results");
      const process = start();
      await work(() => openStoreIn(simulatedFolder(files, process), { clock: process.clock }));
    }),
});

test("a simulated disk loses what was not synced with the power, and skips what was written behind a half", () =>
  withSimulatedProcesses(async ({ time, prng, start }) => {
    const disk = new Disk(time, prng);
    const files = new SimulatedFiles(disk, "x");
    const first = start();
    const { database } = await simulatedFolder(files, first).open({ mustExist: false });
    const put = (key: string, sync: boolean): Promise<void> =>
      database.write([{ type: "put", key, value: "" }], { sync });
    await put("a", true);
    await put("b", false);
    files.log.push(null);
    await put("c", true);
    first.kill();
    const second = start();
    const { database: again, damage } = await simulatedFolder(files, second).open({ mustExist: true });
    assert.equal(await again.getMany(["a", "b", "c"]), ["", "", undefined]);
    assert.equal(damage, ["1 entries of the write-ahead log are damaged"]);
  }));

test("a simulated disk that fails late has what it refused, and opens on another try", () =>
  withSimulatedProcesses(async ({ time, prng, start }) => {
    const disk = new Disk(time, prng);
    const folder = simulatedFolder(new SimulatedFiles(disk, "x"), start());
    disk.failsLate = true;
    for (let round = 0; round < 3; round++) {
      const { database } = await folder
        .open({ mustExist: false })
        .catch(() => folder.open({ mustExist: true }));
      const put = (at: number): Promise<void> =>
        database.write([{ type: "put", key: `${round}/${at}`, value: "" }], { sync: true });
      const written = await Promise.allSettled([put(0), put(1), put(2)]);
      const held = await database.getMany([0, 1, 2].map((at) => `${round}/${at}`));
      assert.is(written.filter(({ status }) => status === "rejected").length, 1);
      assert.equal(held, ["", "", ""]);
      await database.close();
    }
  }));

test("a store on a simulated disk holds what it acknowledged, whatever fails and however its process ends", () =>
  withSimulatedProcesses(async ({ time, prng, start }) => {
    const disk = new Disk(time, prng);
    const files = new SimulatedFiles(disk, "results");
    const acknowledged: number[] = [];
    let failures = 0;
    for (let round = 0; round < 60; round++) {
      const process = start();
      disk.health = "healthy";
      disk.failsLate = false;
      const store = await openStoreIn(simulatedFolder(files, process), {
        clock: process.clock,
        onDamage: ({ damage }) => assert.unreachable(damage.join()),
      });
      const held: number[] = [];
      for await (const { id } of recordsByPosition(store, 0)) held.push(id.sequence);
      assert.equal(
        acknowledged.filter((sequence) => !held.includes(sequence)),
        [],
      );
      for (let write = 0; write < 6; write++) {
        disk.health = prng.pick(["healthy", "healthy", "full", "failing"]);
        disk.failingSyncs = prng.between(0, 1);
        disk.failsLate = prng.happens(0.3);
        const sequence = round * 10 + write;
        await store.append([newRecord({ sequence })]).then(
          () => acknowledged.push(sequence),
          () => (failures += 1),
        );
      }
      store.append([newRecord({ sequence: round * 10 + 9 })]).catch(() => {});
      await time.sleep(prng.between(0, 2));
      process.kill();
      disk.crashed(process);
    }
    assert.ok(acknowledged.length > 50 && failures > 100, `${acknowledged.length} and ${failures}`);
  }));

test.run();
