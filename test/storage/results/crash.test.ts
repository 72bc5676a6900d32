import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { iterateRecords, openStoreForReading } from "../../../src/storage/results/read-store.js";
import { openStore } from "../../../src/storage/results/open-store.js";
import { SluiceError } from "../../../src/task/errors.js";
import { newRecord } from "../../support/records.js";
import { inTemporaryFolder } from "../../support/temporary-folder.js";
import { within } from "../../support/within.js";

const WRITER = fileURLToPath(new URL("../../support/programs/store-writer.js", import.meta.url));

function startWriter(folder: string, firstSequence: number): ChildProcess {
  return spawn(process.execPath, [WRITER, folder, String(firstSequence)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** Kills a writer once it has printed `batches` batches. @returns the last sequence that was acknowledged */
async function writeAndKill(folder: string, firstSequence: number, batches: number): Promise<number> {
  const writer = startWriter(folder, firstSequence);
  let acknowledged = -1;
  let seen = 0;
  if (writer.stdout === null) throw new Error("The writer has no output");
  for await (const line of createInterface(writer.stdout)) {
    const to = /^\d+-(\d+)$/.exec(line)?.[1];
    if (to === undefined) continue;
    acknowledged = Number(to);
    seen += 1;
    // What it printed before it died is read to the end.
    if (seen === batches) writer.kill("SIGKILL");
  }
  return acknowledged;
}

test("a store whose writer is killed opens and holds every acknowledged record, again and again", () =>
  within(
    60_000,
    inTemporaryFolder(async (folder) => {
      let next = 0;
      let positions = 0;
      for (const batches of [1, 40, 150, 3]) {
        const acknowledged = await writeAndKill(folder, next, batches);
        assert.ok(acknowledged >= next);
        const store = await openStoreForReading(folder, {
          onDamage: (report) => assert.unreachable(report.damage[0]),
        });
        const held: number[] = [];
        for await (const record of iterateRecords(store)) held.push(record.id.sequence);
        // A batch may be whole on disk though its writer did not live to print it.
        assert.ok(held.length > acknowledged, `${held.length} held of ${acknowledged + 1} acknowledged`);
        assert.equal(
          held,
          Array.from({ length: held.length }, (_, i) => i),
        );
        assert.ok(store.nextPosition > positions);
        assert.is(store.nextPosition, held.length);
        const { stored = 0, dropped = {} } = store.totals()["cam-1"] ?? {};
        assert.is(stored + Object.values(dropped).reduce((a, b) => a + b, 0), held.length);
        positions = store.nextPosition;
        next = held.length;
        await store.close();
      }
    }),
  ));

test("openStore says who has the store where another process has it, and opens it once that is killed", () =>
  within(
    30_000,
    inTemporaryFolder(async (folder) => {
      const writer = startWriter(folder, 0);
      if (writer.stdout === null) throw new Error("The writer has no output");
      await once(writer.stdout, "data");
      const error = await openStore(folder).catch((thrown: unknown) => thrown);
      assert.instance(error, SluiceError);
      assert.is((error as SluiceError).code, "store-locked");
      assert.is(
        (error as SluiceError).message,
        `Cannot open store "${folder}" as it is open already: stop the run that has it, or name another folder`,
      );
      const exited = once(writer, "exit");
      writer.kill("SIGKILL");
      await exited;
      const store = await openStore(folder);
      assert.is((await store.append([newRecord({ source: "cam-2", sequence: 0 })]))[0]?.status, "stored");
      await store.close();
    }),
  ));

test("openStore refuses a store that this process has open already, which goes on", () =>
  inTemporaryFolder(async (folder) => {
    const store = await openStore(join(folder, "store"));
    const error = await openStore(join(folder, "store")).catch((thrown: unknown) => thrown);
    assert.is((error as SluiceError).code, "store-locked");
    await store.append([newRecord({ sequence: 0 })]);
    await store.close();
  }));

test.run();
