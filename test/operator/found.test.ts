import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { addFound, createFound, KINDS_MAX, summariseFound, TRACKS_MAX } from "../../src/operator/found.js";
import { placeRecord } from "../../src/storage/results/store.js";
import type { StoredResult } from "../../src/task/record.js";
import type { Detection } from "../../src/task/service.js";
import { newRecord } from "../support/records.js";

interface Thing {
  readonly label: string;
  readonly colour?: string;
  readonly track?: number;
  readonly x?: number;
}

/** A record of one frame at 100 ms a sequence, from a recording unless it is `live`. */
function recordOf(
  sequence: number,
  things: readonly Thing[],
  changes: Partial<StoredResult> = {},
): StoredResult {
  const record = placeRecord(newRecord({ sequence }), sequence);
  if (record.type !== "result") throw new TypeError("it is no result");
  const at = ({ x = 0 }: Thing, label: string): Detection => ({
    x,
    y: 0,
    width: 0.1,
    height: 0.1,
    score: 1,
    label,
  });
  const sourceUs = sequence * 100_000;
  return {
    ...record,
    frameCount: 1,
    framePtsUs: [sourceUs],
    sourceAtMs: 5_000 + sequence * 100,
    frames: {
      after: null,
      first: sequence,
      last: sequence,
      passedOver: 0,
      firstUs: sourceUs,
      lastUs: sourceUs,
    },
    results: {
      objects: {
        type: "tracks",
        frames: [
          things.map((one) => ({
            ...at(one, one.label),
            ...(one.track !== undefined && { trackId: one.track }),
          })),
        ],
      },
      colours: {
        type: "labels",
        frames: [things.flatMap((one) => (one.colour === undefined ? [] : [at(one, one.colour)]))],
      },
    },
    ...changes,
  };
}

function foundOf(records: readonly StoredResult[]) {
  const found = createFound();
  for (const record of records) addFound(found, record);
  return summariseFound(found);
}

test("addFound counts a track once, under the name by which it was seen most, from first to last", () => {
  const red = { label: "car", track: 1 };
  const kinds = foundOf([
    recordOf(2, [
      { ...red, colour: "red" },
      { label: "bottle", track: 2, x: 0.5 },
    ]),
    recordOf(3, [{ ...red, colour: "grey" }]),
    recordOf(4, [
      { ...red, colour: "red" },
      { label: "bottle", track: 3, x: 0.5 },
    ]),
  ]);
  assert.equal(
    kinds.map(({ name, tracks, sightings }) => [name, tracks, sightings]),
    [
      ["bottle", 2, 2],
      ["car red", 1, 3],
    ],
  );
  const [, car] = kinds;
  assert.equal(
    [car?.first, car?.last],
    [
      { atMs: 5_200, sourceUs: 200_000 },
      { atMs: 5_400, sourceUs: 400_000 },
    ],
  );
});

test("addFound takes the time of day of a live source, whose own time says little", () => {
  const { frames: _, ...live } = recordOf(7, [{ label: "car", track: 1 }]);
  const [kind] = foundOf([live]);
  assert.equal(kind?.first, { atMs: 5_700, sourceUs: null });
});

test("summariseFound says how many at once where nobody tracks, and leaves out what is tracked otherwise", () => {
  const kinds = foundOf([
    recordOf(0, [{ label: "face" }, { label: "face", x: 0.5 }, { label: "car", x: 0.8 }]),
    recordOf(1, [{ label: "car", track: 4, x: 0.8 }]),
  ]);
  assert.equal(
    kinds.map(({ name, tracks, atOnce }) => [name, tracks, atOnce]),
    [
      ["car", 1, 1],
      ["face", 0, 2],
    ],
  );
});

test("addFound keeps a bound on kinds and on tracks, and counts what goes beyond it", () => {
  const records = Array.from({ length: TRACKS_MAX + 10 }, (_, track) =>
    recordOf(track, [{ label: `kind ${track}`, track }]),
  );
  const found = createFound();
  for (const record of records) addFound(found, record);
  assert.is(found.tracks.size, TRACKS_MAX);
  const kinds = summariseFound(found);
  assert.ok(kinds.length <= KINDS_MAX + 1, `${kinds.length} kinds`);
  assert.is(
    kinds.reduce((sum, { tracks }) => sum + tracks, 0),
    TRACKS_MAX + 10,
  );
  assert.ok((kinds.find(({ name }) => name === "other")?.tracks ?? 0) > 1);
});

test.run();
