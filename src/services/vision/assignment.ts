/** The assignment problem: rows to columns, one to one, at the least total cost. */

/**
 * Solves it by shortest augmenting paths (Jonker and Volgenant, Computing 38, 1987), in `rows^2 * columns` steps.
 *
 * @param cost row-major, `rows * columns`; finite
 * @returns for each row its column, -1 where there are fewer columns than rows and it has none
 */
export function assign(cost: Float64Array, rows: number, columns: number): Int32Array {
  if (cost.length !== rows * columns) {
    throw new RangeError(
      `A cost matrix of ${rows} x ${columns} has ${rows * columns} entries: got ${cost.length}`,
    );
  }
  const columnOfRow = new Int32Array(rows).fill(-1);
  if (rows > columns) {
    assign(transposed(cost, rows, columns), columns, rows).forEach(
      (row, column) => (columnOfRow[row] = column),
    );
    return columnOfRow;
  }
  // Potentials; column `columns` is a place outside the matrix where each path starts.
  const rowPotential = new Float64Array(rows);
  const columnPotential = new Float64Array(columns + 1);
  const rowOfColumn = new Int32Array(columns + 1).fill(-1);
  const cameFrom = new Int32Array(columns + 1);
  const distance = new Float64Array(columns + 1);
  const visited = new Uint8Array(columns + 1);

  for (let start = 0; start < rows; start++) {
    distance.fill(Infinity);
    visited.fill(0);
    rowOfColumn[columns] = start;
    let column = columns;
    while (rowOfColumn[column] !== -1) {
      visited[column] = 1;
      const row = at(rowOfColumn, column);
      let next = -1;
      let step = Infinity;
      for (let candidate = 0; candidate < columns; candidate++) {
        if (visited[candidate] === 1) continue;
        const reduced =
          at(cost, row * columns + candidate) - at(rowPotential, row) - at(columnPotential, candidate);
        if (reduced < at(distance, candidate)) {
          distance[candidate] = reduced;
          cameFrom[candidate] = column;
        }
        if (at(distance, candidate) < step) {
          step = at(distance, candidate);
          next = candidate;
        }
      }
      for (let seen = 0; seen <= columns; seen++) {
        if (visited[seen] === 1) {
          const seenRow = at(rowOfColumn, seen);
          rowPotential[seenRow] = at(rowPotential, seenRow) + step;
          columnPotential[seen] = at(columnPotential, seen) - step;
        } else {
          distance[seen] = at(distance, seen) - step;
        }
      }
      column = next;
    }
    while (column !== columns) {
      const previous = at(cameFrom, column);
      rowOfColumn[column] = at(rowOfColumn, previous);
      column = previous;
    }
  }
  for (let column = 0; column < columns; column++) {
    const row = at(rowOfColumn, column);
    if (row !== -1) columnOfRow[row] = column;
  }
  return columnOfRow;
}

/**
 * Pairs of rows and columns: as many as can be, at the least total cost.
 *
 * @param costOf 1 at most; null of a pair that is not allowed
 */
export function pairUp<Row, Column>(
  rows: readonly Row[],
  columns: readonly Column[],
  costOf: (row: Row, column: Column) => number | null,
): readonly (readonly [Row, Column])[] {
  if (rows.length === 0 || columns.length === 0) return [];
  // What is not allowed costs more than all that is.
  const never = Math.min(rows.length, columns.length) + 1;
  const cost = Float64Array.from(
    rows.flatMap((row) => columns.map((column) => costOf(row, column) ?? never)),
  );
  return [...assign(cost, rows.length, columns.length)].flatMap((column, index) => {
    const [left, right] = [rows[index], columns[column]];
    if (left === undefined || right === undefined) return [];
    return (cost[index * columns.length + column] ?? never) < never ? [[left, right] as const] : [];
  });
}

function transposed(cost: Float64Array, rows: number, columns: number): Float64Array {
  return cost.map((_, index) => at(cost, (index % rows) * columns + Math.trunc(index / rows)));
}

function at(values: Float64Array | Int32Array, index: number): number {
  return values[index] ?? Number.NaN;
}
