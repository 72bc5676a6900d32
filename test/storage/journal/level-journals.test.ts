import { readdir, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { Level } from "level";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { JournalEntry } from "../../../src/storage/journal/journal.js";
import { openLevelJournals, type LevelJournals } from "../../../src/storage/journal/level-journals.js";
import { systemClock } from "../../../src/runtime/clock.js";
import { CodedError } from "../../../src/runtime/errors.js";
import { silentLogger } from "../../../src/runtime/log.js";
import { taskKey } from "../../../src/task/identity.js";
import type { Repair } from "../../../src/task/reports.js";
import type { Task } from "../../../src/task/task.js";
import { journalsContract } from "../../contract/journals.js";
import { copyAsKilled } from "../../support/copy-as-killed.js";
import { inTemporaryFolder } from "../../support/temporary-folder.js";
import { newTask, pipelineOf } from "../../task/pipelines.js";

const OWNER = { node: "edge-1", cluster: "sluice", clusterId: "a-store" };
const OPENED = { source: "clip.mp4", nowMs: 1_000, request: null } as const;
const open = (folder: string): Promise<LevelJournals> =>
  openLevelJournals(folder, { clock: systemClock, log: silentLogger });

journalsContract("LevelJournals", (work) =>
  inTemporaryFolder(async (folder) => {
    let kills = 0;
    let journals: LevelJournals | null = null;
    const path = (): string => join(folder, `journals-${kills}`);
    const stop = async (): Promise<void> => {
      await journals?.close();
      journals = null;
    };
    const kill = async (): Promise<void> => {
      const dead = path();
      kills += 1;
      await copyAsKilled(dead, path());
      await stop();
    };
    try {
      await work({ start: async () => (journals = await open(path())), stop, kill });
    } finally {
      await stop();
    }
  }),
);

const [task] = newTask(pipelineOf({ a: [], b: ["a"] }));
const { sourceId } = (task as Task).id;
const entry = (sequence: number): JournalEntry => ({
  task: { ...(task as Task), id: { sourceId, incarnation: 1_000, sequence } },
  drop: null,
  span: null,
});

async function reopened(folder: string, work: (journals: LevelJournals) => Promise<void>): Promise<void> {
  const journals = await open(folder);
  try {
    await work(journals);
  } finally {
    await journals.close();
  }
}

test("LevelJournals share writes between sources, and stay of one size however many tasks are settled", async () => {
  await inTemporaryFolder(async (folder) => {
    await reopened(folder, async (journals) => {
      const opened = await Promise.all(["cam-1", "cam-2"].map((id) => journals.open(id, OPENED)));
      for (let sequence = 0; sequence < 500; sequence++) {
        const made = entry(sequence);
        await Promise.all(opened.map(({ journal }) => journal.put([made])));
        for (const { journal } of opened) journal.settle(made.task.id);
      }
    });
    await reopened(folder, async (journals) => {
      const { recovered } = await journals.open(sourceId, OPENED);
      assert.equal(recovered.entries, []);
    });
  });
});

test("openLevelJournals refuses a folder that another node has open, and says so", async () => {
  await inTemporaryFolder(async (folder) => {
    await reopened(folder, async () => {
      const failure = await open(folder).catch((thrown: unknown) => thrown);
      assert.ok(failure instanceof CodedError && failure.code === "store-locked");
    });
  });
});

/** Opens the journals over a folder in which `damage` has been done, and then again. */
async function damagedJournals(
  count: number,
  damage: (folder: string) => Promise<void>,
): Promise<{ readonly sequences: readonly number[]; readonly repairs: readonly Repair[] }> {
  return await inTemporaryFolder(async (folder) => {
    await reopened(folder, async (journals) => {
      const { journal } = await journals.open(sourceId, OPENED);
      for (let sequence = 0; sequence < count; sequence++) await journal.put([entry(sequence)]);
    });
    await damage(folder);
    const said: Repair[] = [];
    const journals = await openLevelJournals(folder, {
      clock: systemClock,
      log: silentLogger,
      onDamage: (repair) => said.push(repair),
    });
    const { recovered } = await journals.open(sourceId, OPENED);
    const { repairs } = journals;
    await journals.close();
    assert.equal(repairs, said);
    await reopened(folder, async (again) => assert.equal(again.repairs, said));
    return { sequences: recovered.entries.map((left) => left.task.id.sequence), repairs };
  });
}

test("LevelJournals take no entry whose bytes have changed, say so, and remember it", async () => {
  const { sequences, repairs } = await damagedJournals(4, async (folder) => {
    const database = new Level<string, Uint8Array>(folder, { valueEncoding: "view" });
    const key = `t/${taskKey(entry(2).task.id)}`;
    const bytes = Buffer.from((await database.get(key)) ?? []);
    // A pixel, and so nothing that parsing would notice.
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await database.put(key, bytes);
    await database.close();
  });
  assert.equal(sequences, [0, 1, 3]);
  assert.equal(
    repairs.map(({ kept, lost }) => [kept, lost]),
    [[3, 1]],
  );
});

test("LevelJournals open without their write-ahead log, and say that tasks may be lost", async () => {
  const { repairs } = await damagedJournals(4, async (folder) => {
    for (const file of await readdir(folder)) if (file.endsWith(".log")) await rm(join(folder, file));
  });
  assert.equal(
    repairs.map(({ damage, lost }) => [damage, lost]),
    [[["the write-ahead log is missing"], null]],
  );
});

test("LevelJournals repair their files where a table is empty", async () => {
  const { repairs } = await damagedJournals(4, async (folder) => {
    await reopened(folder, async () => {});
    for (const file of await readdir(folder))
      if (file.endsWith(".ldb")) await truncate(join(folder, file), 0);
  });
  assert.is(repairs.length, 1);
  assert.match(repairs[0]?.damage[0] ?? "", /it is empty/);
});

test("LevelJournals give up what was under way of a source that another node has had since, and go on behind it, also the next time", async () => {
  const at = (frame: number) => ({
    frame,
    sourceUs: frame * 40_000,
    ptsUs: frame * 40_000,
    spacingUs: 40_000,
  });
  const spanned = (sequence: number, last: number): JournalEntry => ({
    ...entry(sequence),
    span: { after: at(last - 4), last: at(last) },
  });
  const takeover = {
    incarnationAfter: 5_000,
    position: at(11),
    lastTaskAtMs: 900,
    tasksBefore: 3,
    reason: "node edge-1 is gone",
  };
  await inTemporaryFolder(async (folder) => {
    await reopened(folder, async (journals) => {
      const { journal } = await journals.open(sourceId, OPENED);
      await journal.put([spanned(3, 15), spanned(4, 19)]);
    });
    await reopened(folder, async (journals) => {
      const { recovered } = await journals.open(sourceId, { ...OPENED, takeover });
      assert.equal([recovered.entries, recovered.unclosed, recovered.tasksBefore], [[], [], 3]);
      assert.equal([recovered.position, recovered.incarnation], [at(11), 5_001]);
    });
    await reopened(folder, async (journals) => {
      const { journal, recovered } = await journals.open(sourceId, OPENED);
      assert.equal(
        [recovered.position, recovered.incarnation],
        [at(11), 5_002],
        "not behind what was given up",
      );
      const own = spanned(0, 15);
      const id = { ...own.task.id, incarnation: recovered.incarnation };
      await journal.put([{ ...own, task: { ...own.task, id } }]);
    });
    await reopened(folder, async (journals) => {
      const { recovered } = await journals.open(sourceId, { ...OPENED, takeover });
      assert.is(recovered.entries.length, 1, "it had begun: it was told so twice");
      assert.equal([recovered.position, recovered.tasksBefore], [at(15), 4]);
    });
  });
});

test("LevelJournals are claimed durably, and forget all that they hold but whose they are", () =>
  inTemporaryFolder(async (folder) => {
    const first = await open(folder);
    assert.is(first.owner, null);
    await first.claim(OWNER);
    const { journal } = await first.open("cam-1", OPENED);
    const [made] = newTask(pipelineOf({ a: [] }), 0);
    assert.ok(made !== undefined);
    await journal.put([
      { task: { ...made, id: { ...made.id, incarnation: 1_000 } }, drop: null, span: null },
    ]);
    await first.close();
    const second = await open(folder);
    assert.equal(second.owner, OWNER);
    assert.equal(await second.forget(), { sources: 1, tasks: 1 });
    assert.equal(await second.content(), { sources: 0, tasks: 0 });
    await second.close();
    const third = await open(folder);
    assert.equal([third.owner, await third.content()], [OWNER, { sources: 0, tasks: 0 }]);
    await third.close();
  }));

test.run();
