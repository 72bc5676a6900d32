import { test } from "uvu";
import * as assert from "uvu/assert";
import type { JournalEntry } from "../../../src/storage/journal/journal.js";
import { openLevelJournals, type LevelJournals } from "../../../src/storage/journal/level-journals.js";
import type { SourceRequest } from "../../../src/task/requests.js";
import type { Task } from "../../../src/task/task.js";
import { systemClock } from "../../../src/runtime/clock.js";
import { CodedError } from "../../../src/runtime/errors.js";
import { silentLogger } from "../../../src/runtime/log.js";
import { inTemporaryFolder } from "../../support/temporary-folder.js";
import { newTask, pipelineOf } from "../../task/pipelines.js";

const PIPELINE = pipelineOf({ a: [], b: ["a"] });
const OPENED = { source: "clip.mp4", nowMs: 1_000, request: null } as const;

function entry(incarnation: number, sequence: number, given: Partial<JournalEntry> = {}): JournalEntry {
  const [task] = newTask(PIPELINE, sequence);
  const { sourceId } = (task as Task).id;
  return {
    task: { ...(task as Task), id: { sourceId, incarnation, sequence } },
    drop: null,
    positionUs: null,
    ...given,
  };
}

const withoutFrames = (made: JournalEntry): JournalEntry => ({
  ...made,
  task: { ...made.task, payload: null },
});

async function reopened(folder: string, work: (journals: LevelJournals) => Promise<void>): Promise<void> {
  const journals = await openLevelJournals(folder, { clock: systemClock, log: silentLogger });
  try {
    await work(journals);
  } finally {
    await journals.close();
  }
}

const identities = (entries: readonly JournalEntry[]): string[] =>
  entries.map(({ task: { id } }) => `${id.incarnation}/${id.sequence}`);

test("LevelJournals hand on what is not settled, with its pixels, and a position, under a higher incarnation", async () => {
  await inTemporaryFolder(async (folder) => {
    const { sourceId } = entry(1_000, 0).task.id;
    await reopened(folder, async (journals) => {
      const { journal, recovered } = await journals.open(sourceId, OPENED);
      assert.equal(recovered, { incarnation: 1_000, entries: [], positionUs: null });
      await journal.put([0, 1, 2, 10].map((sequence) => entry(1_000, sequence)));
      await journal.put([withoutFrames(entry(1_000, 11, { positionUs: 440 }))]);
      journal.settle(entry(1_000, 1).task.id);
    });
    await reopened(folder, async (journals) => {
      // The clock may have gone back.
      const { journal, recovered } = await journals.open(sourceId, { ...OPENED, nowMs: 5 });
      assert.equal([recovered.incarnation, recovered.positionUs], [1_001, 440]);
      assert.equal(identities(recovered.entries), ["1000/0", "1000/2", "1000/10", "1000/11"]);
      const [first] = recovered.entries;
      assert.equal(first?.task, entry(1_000, 0).task);
      assert.ok(first?.task.payload?.frames[0]?.data.buffer instanceof SharedArrayBuffer);
      for (const { task } of recovered.entries) journal.settle(task.id);
      await journal.close();
    });
    await reopened(folder, async (journals) => {
      const { recovered } = await journals.open(sourceId, { ...OPENED, nowMs: 5 });
      assert.equal(recovered, { incarnation: 1_002, entries: [], positionUs: null });
    });
  });
});

test("LevelJournals give a source of another kind under the same name no position, and up what has no frames", async () => {
  await inTemporaryFolder(async (folder) => {
    const { sourceId } = entry(1_000, 0).task.id;
    await reopened(folder, async (journals) => {
      const { journal } = await journals.open(sourceId, OPENED);
      await journal.put([withoutFrames(entry(1_000, 0, { positionUs: 40 })), entry(1_000, 1)]);
    });
    await reopened(folder, async (journals) => {
      const { recovered } = await journals.open(sourceId, { ...OPENED, source: "other.mp4" });
      assert.is(recovered.positionUs, null);
      assert.equal(
        recovered.entries.map(({ drop }) => drop?.reason ?? null),
        ["sourceLost", null],
      );
    });
  });
});

test("LevelJournals remember what an operator asked for until the source is at its end", async () => {
  const request: SourceRequest = {
    id: "cam-1",
    source: "clip.mp4",
    pipeline: "pipeline: p",
    pipelineName: "p.yaml",
    configuration: {},
    policy: null,
    paced: false,
    limit: null,
  };
  await inTemporaryFolder(async (folder) => {
    await reopened(folder, async (journals) => {
      await journals.open("cam-1", { ...OPENED, request });
      await journals.open("cam-2", OPENED);
    });
    await reopened(folder, async (journals) => {
      assert.equal(await journals.interrupted(), [request]);
      const { journal } = await journals.open("cam-1", { ...OPENED, request });
      await journal.close();
      assert.equal(await journals.interrupted(), []);
    });
  });
});

test("LevelJournals share writes between sources, and stay of one size however many tasks are settled", async () => {
  await inTemporaryFolder(async (folder) => {
    await reopened(folder, async (journals) => {
      const opened = await Promise.all(["cam-1", "cam-2"].map((id) => journals.open(id, OPENED)));
      for (let sequence = 0; sequence < 500; sequence++) {
        const made = entry(1_000, sequence);
        await Promise.all(opened.map(({ journal }) => journal.put([made])));
        for (const { journal } of opened) journal.settle(made.task.id);
      }
    });
    await reopened(folder, async (journals) => {
      const { recovered } = await journals.open(entry(0, 0).task.id.sourceId, OPENED);
      assert.equal(identities(recovered.entries), []);
    });
  });
});

test("openLevelJournals refuses a folder that another node has open, and says so", async () => {
  await inTemporaryFolder(async (folder) => {
    await reopened(folder, async () => {
      const failure = await openLevelJournals(folder, { clock: systemClock, log: silentLogger }).catch(
        (thrown: unknown) => thrown,
      );
      assert.ok(failure instanceof CodedError && failure.code === "store-locked");
    });
  });
});

test.run();
