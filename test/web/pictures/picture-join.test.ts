import * as assert from "uvu/assert";
import { parseSourceId } from "../../../src/task/identity.js";
import type { Picture } from "../../../src/task/picture.js";
import type { StoredResult } from "../../../src/task/record.js";
import { PictureJoin, type ShownPicture } from "../../../src/web/pictures/picture-join.js";
import { newRecord } from "../../support/records.js";
import { test } from "../../support/test.js";

const CAM = parseSourceId("cam-1");

function picture(sequence: number, bytes = 10, sourceId = CAM): Picture {
  const id = { sourceId, incarnation: 1, sequence };
  return { id, ptsUs: sequence * 1e5, width: 640, height: 360, jpeg: new Uint8Array(bytes), left: 0 };
}

function result(sequence: number): StoredResult {
  const record = newRecord({ source: CAM, incarnation: 1, sequence });
  if (record.type !== "result") throw new TypeError("wanted a result");
  return { ...record, position: sequence };
}

const shownOf = (shown: ShownPicture | null): readonly number[] =>
  shown === null ? [] : [shown.picture.id.sequence, shown.picture.left];

test("PictureJoin shows a picture once its result is there, whichever comes first", () => {
  const join = new PictureJoin();
  join.begin(CAM);
  assert.is(join.picture(picture(1)), null);
  assert.is(join.result(result(2)), null);
  assert.equal(shownOf(join.result(result(1))), [1, 0]);
  assert.equal(shownOf(join.picture(picture(2))), [2, 0]);
  assert.is(join.bytes, 0);
});

test("PictureJoin never goes back: what is older than what was shown is left out, and counted", () => {
  const join = new PictureJoin();
  for (const sequence of [1, 2, 3]) join.picture(picture(sequence));
  assert.equal(shownOf(join.result(result(3))), [3, 2]);
  assert.is(join.bytes, 0);
  assert.is(join.result(result(2)), null);
  assert.is(join.picture(picture(1)), null);
  join.picture(picture(4));
  assert.equal(shownOf(join.result(result(4))), [4, 1]);
});

test("PictureJoin shows some pictures however late results come, and though some tasks have none", () => {
  for (const late of [20, 100, 1_000]) {
    const join = new PictureJoin();
    let shown = 0;
    for (let sequence = 0; sequence < 10 * late; sequence += 1) {
      join.picture(picture(sequence));
      const of = sequence - late;
      if (of >= 0 && of % 3 === 0 && join.result(result(of)) !== null) shown += 1;
    }
    // Nine times as long as a result takes.
    assert.ok(shown >= 5, `${shown} with results ${late} tasks late`);
  }
});

test("PictureJoin keeps few pictures without a result, and nothing of a source that nobody looks at", () => {
  const join = new PictureJoin();
  assert.is(join.result(result(0)), null);
  for (let sequence = 0; sequence < 100; sequence += 1) join.picture(picture(sequence));
  assert.is(join.bytes, 160);
  join.end(CAM);
  assert.is(join.bytes, 0);
  for (let n = 0; n < 200; n += 1) join.picture(picture(n, 512 * 1024, parseSourceId(`cam-${n}`)));
  assert.is(join.bytes, 32 * 1024 * 1024);
});

test.run();
