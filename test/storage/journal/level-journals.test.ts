import { cp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { JournalEntry } from "../../../src/storage/journal/journal.js";
import { openLevelJournals, type LevelJournals } from "../../../src/storage/journal/level-journals.js";
import { systemClock } from "../../../src/runtime/clock.js";
import { CodedError } from "../../../src/runtime/errors.js";
import { silentLogger } from "../../../src/runtime/log.js";
import type { Task } from "../../../src/task/task.js";
import { journalsContract } from "../../contract/journals.js";
import { inTemporaryFolder } from "../../support/temporary-folder.js";
import { newTask, pipelineOf } from "../../task/pipelines.js";

const OPENED = { source: "clip.mp4", nowMs: 1_000, request: null } as const;
const open = (folder: string): Promise<LevelJournals> =>
  openLevelJournals(folder, { clock: systemClock, log: silentLogger });

/** Copies the files as a process that dies now leaves them: once more where level exchanged some of them meanwhile. */
async function copyAsKilled(folder: string, copy: string): Promise<void> {
  for (;;) {
    const before = await readdir(folder);
    const copied = await cp(folder, copy, { recursive: true }).then(
      () => true,
      // One of them was deleted before its turn.
      () => false,
    );
    const after = await readdir(folder);
    if (copied && before.join() === after.join()) return;
    await rm(copy, { recursive: true, force: true });
  }
}

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

async function reopened(folder: string, work: (journals: LevelJournals) => Promise<void>): Promise<void> {
  const journals = await open(folder);
  try {
    await work(journals);
  } finally {
    await journals.close();
  }
}

test("LevelJournals share writes between sources, and stay of one size however many tasks are settled", async () => {
  const [task] = newTask(pipelineOf({ a: [], b: ["a"] }));
  const { sourceId } = (task as Task).id;
  const entry = (sequence: number): JournalEntry => ({
    task: { ...(task as Task), id: { sourceId, incarnation: 1_000, sequence } },
    drop: null,
    positionUs: null,
  });
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

test.run();
