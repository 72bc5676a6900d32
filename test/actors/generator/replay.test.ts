import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { Replay, type Frameless } from "../../../src/actors/generator/replay.js";
import type { NewTask } from "../../../src/task/walk.js";
import { DEFAULT_CONFIGURATION } from "../../../src/task/configuration.js";
import { parseSourceId } from "../../../src/task/identity.js";
import { pipelineOf } from "../../task/pipelines.js";
import { positionAt } from "../../support/positions.js";

/** A task of frames at these times, in microseconds. */
function taskAt(sequence: number, times: readonly number[]): Frameless {
  const first = times[0] ?? 0;
  const task: NewTask = {
    id: { sourceId: parseSourceId("cam-1"), incarnation: 1, sequence },
    pipeline: pipelineOf({ a: [] }),
    configuration: DEFAULT_CONFIGURATION,
    payload: {
      encoding: "rgb",
      width: 1,
      height: 1,
      frames: times.map((ptsUs) => ({ ptsUs, data: new Uint8Array(0) })),
    },
    sourceAtMs: 0,
    createdAtMs: 0,
    origin: "sluice://edge-1/source-cam-1",
    traceparent: "",
    joinNodes: new Map(),
  };
  return { task, after: positionAt(first - 20, 20) };
}

const frame = (ptsUs: number) => ({
  number: ptsUs / 20,
  passedOver: 0,
  sourceUs: ptsUs,
  spacingUs: 20,
  ptsUs,
  checksum: ptsUs,
  data: Uint8Array.of(ptsUs),
  capturedAtMs: 0,
});

function outcome(replay: Replay, times: readonly number[]): string[] {
  return times.flatMap((ptsUs) =>
    replay
      .take(frame(ptsUs))
      .map(
        ({ task, payload }) =>
          `${task.id.sequence}: ${payload?.frames.map(({ data }) => data[0]).join() ?? "lost"}`,
      ),
  );
}

test("Replay gathers the frames of each task by their times, and passes over those that are nobody's", () => {
  const replay = new Replay([taskAt(4, [20, 40]), taskAt(5, [60]), taskAt(7, [100, 120])]);
  assert.equal([replay.after?.ptsUs, replay.wanted], [0, 2]);
  assert.equal(outcome(replay, [20, 40, 60, 80, 100]), ["4: 20,40", "5: 60"]);
  assert.equal([replay.after?.ptsUs, replay.wanted], [80, 1]);
  assert.equal(outcome(replay, [120]), ["7: 100,120"]);
  assert.is(replay.current, null);
});

test("Replay gives up a task one of whose frames does not come, and those after it only at the end", () => {
  const replay = new Replay([taskAt(0, [20, 40]), taskAt(1, [60]), taskAt(2, [80])]);
  assert.equal(outcome(replay, [20, 60]), ["0: lost", "1: 60"]);
  assert.equal(
    replay.end().map(({ task, payload }) => [task.id.sequence, payload]),
    [[2, null]],
  );
  assert.is(replay.current, null);
});

test.run();
