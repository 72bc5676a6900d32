import * as fc from "fast-check";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { ComponentFinder } from "../../../src/services/vision/connected-components.js";
import { mergeNear } from "../../../src/services/vision/blob.js";

function maskOf(rows: readonly string[]): Uint8Array {
  return Uint8Array.from(rows.join(""), (cell) => (cell === "#" ? 1 : 0));
}

test("ComponentFinder finds components over edges and corners, with their boxes and areas", () => {
  const finder = new ComponentFinder(8, 4);
  const mask = maskOf(["##....#.", "..#....#", "........", "#......#"]);
  assert.equal(finder.find(mask), [
    { label: 1, left: 0, top: 0, right: 3, bottom: 2, area: 3 },
    { label: 2, left: 6, top: 0, right: 8, bottom: 2, area: 2 },
    { label: 3, left: 0, top: 3, right: 1, bottom: 4, area: 1 },
    { label: 4, left: 7, top: 3, right: 8, bottom: 4, area: 1 },
  ]);
  assert.equal(finder.find(new Uint8Array(32)), [], "nothing is left of the mask before");
});

test("ComponentFinder never joins the end of a row with the start of the next", () => {
  assert.is(new ComponentFinder(3, 2).find(maskOf(["..#", "#.."])).length, 2);
});

test("ComponentFinder labels each cell of a mask once, and neighbours alike", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }).chain((width) =>
        fc.record({
          width: fc.constant(width),
          mask: fc
            .array(fc.array(fc.integer({ min: 0, max: 1 }), { minLength: width, maxLength: width }), {
              minLength: 1,
            })
            .map((rows) => Uint8Array.from(rows.flat())),
        }),
      ),
      ({ width, mask }) => {
        const height = mask.length / width;
        const finder = new ComponentFinder(width, height);
        const components = finder.find(mask);
        const cells = mask.reduce((sum, cell) => sum + cell, 0);
        assert.is(
          components.reduce((sum, { area }) => sum + area, 0),
          cells,
        );
        mask.forEach((cell, index) => {
          const label = finder.labels[index] ?? -1;
          assert.is(label > 0, cell === 1);
          for (const [dx, dy] of [
            [1, 0],
            [-1, 1],
            [0, 1],
            [1, 1],
          ] as const) {
            const x = (index % width) + dx;
            const y = Math.trunc(index / width) + dy;
            if (x < 0 || x >= width || y >= height) continue;
            const other = finder.labels[y * width + x] ?? -1;
            if (cell === 1 && other > 0) assert.is(other, label);
          }
        });
      },
    ),
  );
});

test("ComponentFinder refuses a mask of another size", () => {
  assert.throws(() => new ComponentFinder(2, 2).find(new Uint8Array(3)), /2 x 2 has 4 cells: got 3/);
});

test("mergeNear joins blobs within the gap, also through a third one", () => {
  const blob = (left: number, right: number) => ({ left, top: 0, right, bottom: 4, area: 4, sum: 8 });
  assert.is(mergeNear([blob(0, 2), blob(5, 7)], 2).length, 2);
  assert.equal(mergeNear([blob(0, 2), blob(8, 10), blob(4, 6)], 2), [
    { left: 0, top: 0, right: 10, bottom: 4, area: 12, sum: 24 },
  ]);
});

test.run();
