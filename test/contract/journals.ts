/** What the journals of a node do, whatever they are on: run `journalsContract` on each, then `test.run()`. */

import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { Journal, JournalEntry, Journals } from "../../src/storage/journal/journal.js";
import { parseSourceId } from "../../src/task/identity.js";
import type { SourceRequest } from "../../src/task/requests.js";
import { newTask, pipelineOf } from "../task/pipelines.js";
import { within } from "../support/within.js";
import { spanAt } from "../support/positions.js";

/** A machine, on which one process follows another. */
export interface JournalsSubject {
  /** The journals as the next process finds them; the one before has ended. */
  readonly start: () => Promise<Journals>;
  /** Ends the process in order, with its journals left open. */
  readonly stop: () => Promise<void>;
  /** Ends the process at once: what it was writing is there or not. */
  readonly kill: () => Promise<void>;
}

const PIPELINE = pipelineOf({ a: [], b: ["a"] });
const SOURCE = parseSourceId("cam-1");
const OPENED = { source: "clip.mp4", nowMs: 1_000, request: null } as const;
const REQUEST: SourceRequest = {
  id: "cam-1",
  source: "clip.mp4",
  pipeline: "pipeline: p",
  pipelineName: "p.yaml",
  configuration: {},
  policy: null,
  paced: false,
  limit: null,
};

interface Given extends Partial<Pick<JournalEntry, "drop">> {
  /** Time of its frame, one each 40 us; of a live source where there is none. */
  readonly atUs?: number;
  readonly source?: string;
  /** Default true. */
  readonly pixels?: boolean;
}

function entry(incarnation: number, sequence: number, given: Given = {}): JournalEntry {
  const { source = SOURCE, pixels = true, drop = null, atUs = null } = given;
  const [task] = newTask(PIPELINE, sequence);
  if (task === undefined) throw new TypeError("A pipeline without a root");
  const id = { sourceId: parseSourceId(source), incarnation, sequence };
  return {
    task: { ...task, id, payload: pixels ? task.payload : null },
    drop,
    span: atUs === null ? null : spanAt(atUs, 40),
  };
}

const identities = (entries: readonly JournalEntry[]): readonly string[] =>
  entries.map(({ task: { id } }) => `${id.incarnation}/${id.sequence}`);

/** @param use runs its argument on a machine of its own */
export function journalsContract(
  kind: string,
  use: (work: (machine: JournalsSubject) => Promise<void>) => Promise<void>,
): void {
  const each = (name: string, work: (machine: JournalsSubject) => Promise<void>): void =>
    test(`${kind}: ${name}`, () => within(30_000, use(work)));

  each("open of a new source recovers nothing, under an incarnation that is the time", async ({ start }) => {
    const { recovered } = await (await start()).open(SOURCE, OPENED);
    assert.equal(recovered, {
      incarnation: 1_000,
      entries: [],
      position: null,
      unclosed: [],
      lastTaskAtMs: null,
      tasksBefore: 0,
    });
  });

  each(
    "open returns what is not settled, with its pixels, and the position, under a higher incarnation",
    async ({ start, stop }) => {
      const first = await (await start()).open(SOURCE, OPENED);
      await first.journal.put([0, 1, 2, 10].map((sequence) => entry(1_000, sequence)));
      await first.journal.put([entry(1_000, 11, { pixels: false, atUs: 440 })]);
      first.journal.settle(entry(1_000, 1).task.id);
      await stop();

      // The clock may have gone back.
      const { recovered } = await (await start()).open(SOURCE, { ...OPENED, nowMs: 5 });
      assert.equal([recovered.incarnation, recovered.position?.ptsUs], [1_001, 440]);
      assert.is(recovered.lastTaskAtMs, entry(1_000, 11).task.createdAtMs);
      assert.equal(identities(recovered.entries), ["1000/0", "1000/2", "1000/10", "1000/11"]);
      const [pixels] = recovered.entries;
      assert.equal(pixels?.task, entry(1_000, 0).task);
      assert.ok(pixels?.task.payload?.frames[0]?.data.buffer instanceof SharedArrayBuffer);
      assert.equal(recovered.entries.at(-1), entry(1_000, 11, { pixels: false, atUs: 440 }));
    },
  );

  each(
    "holds what has begun, also when it was suspended or its process died, and not what has ended",
    async ({ start, stop, kill }) => {
      const first = await start();
      assert.is(await first.holds(SOURCE), false);
      await first.open(SOURCE, OPENED);
      assert.is(await first.holds(SOURCE), true);
      assert.is(await first.holds("cam-2"), false);
      await kill();
      const second = await start();
      assert.is(await second.holds(SOURCE), true);
      await (await second.open(SOURCE, OPENED)).journal.suspend();
      await stop();
      const third = await start();
      assert.is(await third.holds(SOURCE), true);
      await (await third.open(SOURCE, OPENED)).journal.close();
      assert.is(await third.holds(SOURCE), false);
    },
  );

  each("what is asked right after the end of a source knows of that end", async ({ start }) => {
    const journals = await start();
    const first = await journals.open(SOURCE, { ...OPENED, request: REQUEST });
    await first.journal.put([entry(1_000, 0, { pixels: false, atUs: 40 })]);
    first.journal.settle(entry(1_000, 0).task.id);
    const ended = first.journal.close();
    const asked = [journals.holds(SOURCE), journals.interrupted(), journals.open(SOURCE, OPENED)] as const;
    const [holds, interrupted, { recovered }] = await Promise.all(asked);
    await ended;
    assert.is(holds, false);
    assert.equal(interrupted, []);
    assert.equal([recovered.position, recovered.entries, recovered.tasksBefore], [null, [], 0]);
  });

  each("open returns each frame of a task with its own pixels", async ({ start, stop }) => {
    const { journal } = await (await start()).open(SOURCE, OPENED);
    const one = entry(1_000, 0);
    const { payload } = one.task;
    assert.ok(payload);
    const frames = [1, 2, 3].map((value) => ({
      ptsUs: value * 40,
      data: new Uint8Array(2 + value).fill(value),
    }));
    await journal.put([{ ...one, task: { ...one.task, payload: { ...payload, frames } } }]);
    await stop();
    const { recovered } = await (await start()).open(SOURCE, OPENED);
    assert.equal(
      recovered.entries[0]?.task.payload?.frames.map(({ ptsUs, data }) => [ptsUs, [...data]]),
      frames.map(({ ptsUs, data }) => [ptsUs, [...data]]),
    );
  });

  each(
    "open counts the tasks of a source over crashes and graceful stops, until it has ended",
    async ({ start, stop }) => {
      const before = async (): Promise<readonly [Journal, number]> => {
        const { journal, recovered } = await (await start()).open(SOURCE, OPENED);
        return [journal, recovered.tasksBefore];
      };
      const [first] = await before();
      await first.put([entry(1_000, 0), entry(1_000, 1)]);
      await stop();
      const [second, two] = await before();
      await second.put([entry(1_001, 0)]);
      await second.suspend();
      await stop();
      const [third, three] = await before();
      await third.close();
      await stop();
      const [, none] = await before();
      assert.equal([two, three, none], [2, 3, 0]);
    },
  );

  each("close starts the source from its beginning the next time", async ({ start, stop }) => {
    const { journal } = await (await start()).open(SOURCE, OPENED);
    const only = entry(1_000, 0, { pixels: false, atUs: 440 });
    await journal.put([only]);
    journal.settle(only.task.id);
    await journal.close();
    await stop();
    const { recovered } = await (await start()).open(SOURCE, { ...OPENED, nowMs: 5 });
    assert.equal(recovered, {
      incarnation: 1_001,
      entries: [],
      position: null,
      unclosed: [],
      lastTaskAtMs: null,
      tasksBefore: 0,
    });
  });

  each(
    "open tells which incarnations have not ended, and how many tasks each has written",
    async (subject) => {
      const { start, stop } = subject;
      const first = await (await start()).open(SOURCE, OPENED);
      assert.equal(first.recovered.unclosed, []);
      await first.journal.put([entry(1_000, 0), entry(1_000, 1)]);
      await first.journal.put([entry(1_000, 2)]);
      first.journal.settle(entry(1_000, 2).task.id);
      await stop();
      const second = await (await start()).open(SOURCE, { ...OPENED, nowMs: 5 });
      const unclosed = [{ incarnation: 1_000, created: 3, end: "recovered" }];
      assert.equal(second.recovered.unclosed, unclosed);
      // What it recovered it writes again, and has not made.
      await second.journal.put([entry(1_000, 0)]);
      await stop();
      const third = await (await start()).open(SOURCE, { ...OPENED, source: "another", nowMs: 6 });
      const also = { incarnation: 1_001, created: 0, end: "replaced" };
      assert.equal(third.recovered.unclosed, [...unclosed, also]);
      await third.journal.close();
      await stop();
      const fourth = await (await start()).open(SOURCE, { ...OPENED, nowMs: 7 });
      assert.equal(fourth.recovered.unclosed, []);
    },
  );

  each("put replaces the entry of the same task", async ({ start, stop }) => {
    const { journal } = await (await start()).open(SOURCE, OPENED);
    const dropped = entry(1_000, 0, { pixels: false, drop: { reason: "expired", detail: "16 times" } });
    await journal.put([entry(1_000, 0), entry(1_000, 1)]);
    await journal.put([dropped]);
    await stop();
    const { recovered } = await (await start()).open(SOURCE, OPENED);
    assert.equal(recovered.entries, [dropped, entry(1_000, 1)]);
  });

  each("settle holds for an entry that is still being written", async ({ start, stop }) => {
    const { journal } = await (await start()).open(SOURCE, OPENED);
    const put = journal.put([entry(1_000, 0), entry(1_000, 1)]);
    journal.settle(entry(1_000, 0).task.id);
    await put;
    await stop();
    const { recovered } = await (await start()).open(SOURCE, OPENED);
    assert.equal(identities(recovered.entries), ["1000/1"]);
  });

  each("a task goes from one incarnation to the next until it is settled", async ({ start, stop }) => {
    const { journal } = await (await start()).open(SOURCE, OPENED);
    await journal.put([entry(1_000, 0), entry(1_000, 1)]);
    await stop();
    const second = await (await start()).open(SOURCE, OPENED);
    await second.journal.put([entry(1_001, 0)]);
    second.journal.settle(entry(1_000, 0).task.id);
    await stop();
    const third = await (await start()).open(SOURCE, OPENED);
    assert.equal(identities(third.recovered.entries), ["1000/1", "1001/0"]);
  });

  each("entries of earlier incarnations do not move the position back", async ({ start, stop }) => {
    const { journal } = await (await start()).open(SOURCE, OPENED);
    const old = entry(1_000, 0, { pixels: false, atUs: 40 });
    await journal.put([old]);
    await stop();
    const second = await (await start()).open(SOURCE, OPENED);
    await second.journal.put([entry(1_001, 0, { pixels: false, atUs: 80 }), old]);
    await second.journal.put([old]);
    await stop();
    const third = await (await start()).open(SOURCE, OPENED);
    assert.is(third.recovered.position?.ptsUs, 80);
  });

  each("put of several entries moves the position to the last of them", async ({ start, kill }) => {
    const { journal } = await (await start()).open(SOURCE, OPENED);
    await journal.put([0, 1, 2].map((sequence) => entry(1_000, sequence, { atUs: 40 * sequence })));
    await kill();
    const { recovered } = await (await start()).open(SOURCE, OPENED);
    assert.is(recovered.position?.ptsUs, 80);
  });

  each("an entry that is put again behind a later one does not move the position back", async (machine) => {
    const { journal } = await (await machine.start()).open(SOURCE, OPENED);
    await journal.put([entry(1_000, 0, { atUs: 40 })]);
    await journal.put([entry(1_000, 1, { atUs: 80 })]);
    await journal.put([entry(1_000, 0, { atUs: 40 })]);
    await machine.kill();
    const { recovered } = await (await machine.start()).open(SOURCE, OPENED);
    assert.is(recovered.position?.ptsUs, 80);
  });

  each("sources do not see each other's entries and positions", async ({ start, stop }) => {
    const journals = await start();
    const names = ["cam-1", "cam-10", "cam-1-b"];
    for (const [index, source] of names.entries()) {
      const { journal } = await journals.open(source, OPENED);
      await journal.put([entry(1_000, index, { source, atUs: 40 * index })]);
    }
    await stop();
    const again = await start();
    for (const [index, source] of names.entries()) {
      const { recovered } = await again.open(source, OPENED);
      assert.equal(
        [identities(recovered.entries), recovered.position?.ptsUs],
        [[`1000/${index}`], 40 * index],
      );
    }
  });

  each(
    "another source under the same name gets no position, and tasks only with their pixels",
    async (machine) => {
      const { journal } = await (await machine.start()).open(SOURCE, OPENED);
      const given = entry(1_000, 2, { pixels: false, drop: { reason: "windowFull", detail: "live" } });
      await journal.put([entry(1_000, 0, { pixels: false, atUs: 40 }), entry(1_000, 1), given]);
      await machine.stop();
      const other = { ...OPENED, source: "other.mp4" };
      const { recovered } = await (await machine.start()).open(SOURCE, other);
      assert.is(recovered.incarnation, 1_001);
      assert.is(recovered.position, null);
      assert.equal(
        recovered.entries.map(({ drop }) => drop?.reason ?? null),
        ["sourceLost", null, "windowFull"],
      );
    },
  );

  each("interrupted returns what an operator asked for until the source has ended", async (machine) => {
    const first = await machine.start();
    assert.equal(await first.interrupted(), []);
    await first.open("cam-1", { ...OPENED, request: REQUEST });
    await first.open("cam-2", OPENED);
    await machine.stop();
    const second = await machine.start();
    assert.equal(await second.interrupted(), [REQUEST]);
    await second.open("cam-1", { ...OPENED, request: REQUEST });
    await machine.kill();
    const third = await machine.start();
    assert.equal(await third.interrupted(), [REQUEST]);
    const { journal } = await third.open("cam-1", { ...OPENED, request: REQUEST });
    await journal.close();
    assert.equal(await third.interrupted(), []);
  });

  each("a source that was suspended goes on where it was, with nothing to recover", async (machine) => {
    const opened = { ...OPENED, request: REQUEST };
    const { journal } = await (await machine.start()).open("cam-1", opened);
    const only = entry(1_000, 0, { pixels: false, atUs: 40 });
    await journal.put([only]);
    journal.settle(only.task.id);
    await journal.suspend();
    await machine.stop();
    const second = await machine.start();
    assert.equal(await second.interrupted(), [REQUEST]);
    const { recovered } = await second.open("cam-1", opened);
    assert.equal(recovered, {
      incarnation: 1_001,
      entries: [],
      position: spanAt(40, 40).last,
      unclosed: [],
      lastTaskAtMs: only.task.createdAtMs,
      tasksBefore: 1,
    });
  });

  each("end ends for good what no node could go on with", async (machine) => {
    await (await machine.start()).open("cam-1", { ...OPENED, request: REQUEST });
    await machine.kill();
    const second = await machine.start();
    assert.equal(
      [await second.end("cam-1"), await second.end("cam-1"), await second.end("x")],
      [true, false, false],
    );
    await machine.kill();
    assert.equal(await (await machine.start()).interrupted(), []);
  });

  each(
    "every open has a higher incarnation, whatever the clock says and however the process ended",
    async (machine) => {
      const incarnations: number[] = [];
      for (const nowMs of [1_000, 1_000, 5, 2_000]) {
        const { recovered } = await (await machine.start()).open(SOURCE, { ...OPENED, nowMs });
        incarnations.push(recovered.incarnation);
        await machine.kill();
      }
      assert.equal(incarnations, [1_000, 1_001, 1_002, 2_000]);
    },
  );

  each("a process that is killed leaves every entry that was put, and the position", async (machine) => {
    const { journal } = await (await machine.start()).open(SOURCE, OPENED);
    for (let sequence = 0; sequence < 4; sequence++) {
      await journal.put([entry(1_000, sequence, { pixels: false, atUs: 40 * sequence })]);
    }
    await machine.kill();
    const { recovered } = await (await machine.start()).open(SOURCE, OPENED);
    assert.equal(identities(recovered.entries), ["1000/0", "1000/1", "1000/2", "1000/3"]);
    assert.is(recovered.position?.ptsUs, 120);
  });

  each("a process that is killed leaves no later entry without the earlier ones", async (machine) => {
    for (let round = 0; round < 5; round++) {
      const source = `cam-${round}`;
      const { journal } = await (await machine.start()).open(source, OPENED);
      const puts = [0, 1, 2].map((sequence) => journal.put([entry(1_000, sequence, { source })]));
      for (const put of puts) put.catch(() => {});
      await machine.kill();
      const { recovered } = await (await machine.start()).open(source, OPENED);
      const expected = ["1000/0", "1000/1", "1000/2"].slice(0, recovered.entries.length);
      assert.equal(identities(recovered.entries), expected);
      await machine.kill();
    }
  });
}
