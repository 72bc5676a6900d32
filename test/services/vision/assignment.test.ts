import * as fc from "fast-check";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { assign } from "../../../src/services/vision/assignment.js";

/** The least total over all ways to assign, tried one by one. */
function leastTotal(
  cost: readonly (readonly number[])[],
  taken: ReadonlySet<number> = new Set(),
  row = 0,
): number {
  const costs = cost[row];
  if (costs === undefined) return 0;
  const totals = costs.flatMap((value, column) =>
    taken.has(column) ? [] : [value + leastTotal(cost, new Set([...taken, column]), row + 1)],
  );
  // With fewer columns than rows, a row may go without where others take them all.
  const spare = cost.length - row - (costs.length - taken.size);
  return Math.min(...totals, ...(spare > 0 ? [leastTotal(cost, taken, row + 1)] : []));
}

test("assign finds the least total cost, one to one, on matrices of any shape", () => {
  const matrix = fc
    .record({ rows: fc.integer({ min: 1, max: 5 }), columns: fc.integer({ min: 1, max: 5 }) })
    .chain(({ rows, columns }) =>
      fc.array(fc.array(fc.integer({ min: -20, max: 50 }), { minLength: columns, maxLength: columns }), {
        minLength: rows,
        maxLength: rows,
      }),
    );
  fc.assert(
    fc.property(matrix, (cost) => {
      const rows = cost.length;
      const columns = cost[0]?.length ?? 0;
      const chosen = assign(Float64Array.from(cost.flat()), rows, columns);
      const taken = [...chosen].filter((column) => column !== -1);
      assert.is(taken.length, Math.min(rows, columns));
      assert.is(new Set(taken).size, taken.length);
      let total = 0;
      chosen.forEach((column, row) => (total += column === -1 ? 0 : (cost[row]?.[column] ?? Number.NaN)));
      assert.is(total, leastTotal(cost));
    }),
  );
});

test("assign gives nothing to rows without columns, and nothing for no rows", () => {
  assert.equal([...assign(new Float64Array(0), 2, 0)], [-1, -1]);
  assert.equal([...assign(new Float64Array(0), 0, 3)], []);
  assert.throws(() => assign(new Float64Array(3), 2, 2), RangeError);
});

test.run();
