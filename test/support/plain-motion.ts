/** What the motion graph computes, once more in plain loops over nested arrays. */

import { motionGrid } from "../../src/services/vision/motion-graph.js";

type Plane = number[][];
type Colour = readonly number[];
type Image = Colour[][];

const FILL_RADIUS = 16;
const CHANGED_TRUST = 40;

export function plainMotion(
  data: Uint8Array,
  options: {
    readonly width: number;
    readonly height: number;
    readonly count: number;
    readonly changeMin: number;
    readonly differenceMin: number;
  },
): { readonly mask: number[]; readonly difference: number[]; readonly changed: number[] } {
  const { width, height, count, changeMin, differenceMin } = options;
  const frameBytes = width * height * 3;
  const frames = Array.from({ length: count }, (_, index) =>
    cellsOf(data.subarray(index * frameBytes, (index + 1) * frameBytes), width, height),
  );
  const grid = <T>(make: (row: number, column: number) => T): T[][] => {
    const { rows, columns } = motionGrid(width, height);
    return Array.from({ length: rows }, (_r, row) =>
      Array.from({ length: columns }, (_c, column) => make(row, column)),
    );
  };
  const shown = (row: number, column: number) => frames.map((frame) => frame[row]?.[column] ?? []);
  const channels = (row: number, column: number, pick: (values: number[]) => number) =>
    [0, 1, 2].map((channel) => pick(shown(row, column).map((colour) => colour[channel] ?? 0)));

  const changed = grid((row, column) =>
    Math.max(...channels(row, column, (values) => Math.max(...values) - Math.min(...values))) > changeMin
      ? 1
      : 0,
  );
  const across = closed(changed, 0, FILL_RADIUS);
  const down = closed(changed, FILL_RADIUS, 0);
  const touched = grid((row, column) => Math.max(cell(across, row, column), cell(down, row, column)));
  const mean = grid((row, column) =>
    channels(row, column, (values) => values.reduce((sum, value) => sum + value, 0) / count),
  );
  const first = filled(
    mean,
    touched.map((row) => row.map((value) => 1 - value)),
  );
  const known = grid((row, column) => {
    const off = apart(mean[row]?.[column], first[row]?.[column]) > changeMin;
    return cell(touched, row, column) === 1 && (cell(changed, row, column) === 1 || off) ? 0 : 1;
  });
  const guess = filled(mean, known);
  const ground = grid((row, column) => {
    const own = guess[row]?.[column];
    const nearest = shown(row, column).reduce((a, b) => (apart(b, own) < apart(a, own) ? b : a));
    const trust = cell(changed, row, column) === 1 ? Math.max(CHANGED_TRUST, differenceMin) : differenceMin;
    return apart(nearest, own) < trust ? nearest : (own ?? []);
  });
  const differences = frames.map((frame) =>
    grid((row, column) => apart(frame[row]?.[column], ground[row]?.[column]) * cell(touched, row, column)),
  );
  const masks = differences.map((difference) => {
    const above = difference.map((row) => row.map((value) => (value > differenceMin ? 1 : 0)));
    const opened = spread(spread(above, 1, 1, Math.min), 1, 1, Math.max);
    return closed(opened, 1, 1);
  });
  return { mask: masks.flat(2), difference: differences.flat(2), changed: changed.flat() };
}

function cell(plane: Plane, row: number, column: number): number {
  return plane[row]?.[column] ?? 0;
}

function apart(a: Colour = [], b: Colour = []): number {
  return Math.max(...a.map((value, channel) => Math.abs(value - (b[channel] ?? 0))));
}

/** Mean colour of each cell; what lies over the edge of the frame is black. */
function cellsOf(frame: Uint8Array, width: number, height: number): Image {
  const { cell: side, columns, rows } = motionGrid(width, height);
  return Array.from({ length: rows }, (_r, row) =>
    Array.from({ length: columns }, (_c, column) =>
      [0, 1, 2].map((channel) => {
        let sum = 0;
        for (let y = row * side; y < Math.min((row + 1) * side, height); y++) {
          for (let x = column * side; x < Math.min((column + 1) * side, width); x++) {
            sum += frame[(y * width + x) * 3 + channel] ?? 0;
          }
        }
        return sum / side ** 2;
      }),
    ),
  );
}

/** The least or greatest of each cell's surroundings, as far as there are any. */
function spread(plane: Plane, down: number, across: number, pick: (...values: number[]) => number): Plane {
  return plane.map((row, y) =>
    row.map((_, x) =>
      pick(
        ...plane
          .slice(Math.max(0, y - down), y + down + 1)
          .flatMap((near) => near.slice(Math.max(0, x - across), x + across + 1)),
      ),
    ),
  );
}

function closed(plane: Plane, down: number, across: number): Plane {
  return spread(spread(plane, down, across, Math.max), down, across, Math.min);
}

/** Pull-push: halves the image until one cell is left, then fills each level's holes from the coarser one. */
function filled(image: Image, weight: Plane): Image {
  return push(
    image.map((row, y) => row.map((colour, x) => colour.map((value) => value * cell(weight, y, x)))),
    weight,
  );
}

function push(sum: Image, weight: Plane): Image {
  const rows = sum.length;
  const columns = sum[0]?.length ?? 0;
  const last = rows === 1 && columns === 1;
  const coarse = last
    ? []
    : push(
        halved(sum),
        halved(weight.map((row) => row.map((value) => [value, 0, 0]))).map((row) =>
          row.map(([value = 0]) => value),
        ),
      );
  return sum.map((row, y) =>
    row.map((colour, x) => {
      const share = cell(weight, y, x);
      if (share > 0) return colour.map((value) => value / share);
      return last
        ? [0, 0, 0]
        : between(
            coarse,
            ((y + 0.5) * coarse.length) / rows - 0.5,
            ((x + 0.5) * (coarse[0]?.length ?? 0)) / columns - 0.5,
          );
    }),
  );
}

function halved(image: Image): Image {
  return Array.from({ length: Math.ceil(image.length / 2) }, (_r, row) =>
    Array.from({ length: Math.ceil((image[0]?.length ?? 0) / 2) }, (_c, column) =>
      [0, 1, 2].map((channel) => {
        const at = (y: number, x: number) => image[2 * row + y]?.[2 * column + x]?.[channel] ?? 0;
        return (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4;
      }),
    ),
  );
}

function between(image: Image, y: number, x: number): Colour {
  const inY = Math.min(Math.max(y, 0), image.length - 1);
  const inX = Math.min(Math.max(x, 0), (image[0]?.length ?? 1) - 1);
  const [top, left] = [Math.floor(inY), Math.floor(inX)];
  return [0, 1, 2].map((channel) => {
    const at = (row: number, column: number) => image[row]?.[column]?.[channel] ?? 0;
    const mix = (a: number, b: number, share: number) => (share === 0 ? a : a + (b - a) * share);
    return mix(
      mix(at(top, left), at(top, left + 1), inX - left),
      mix(at(top + 1, left), at(top + 1, left + 1), inX - left),
      inY - top,
    );
  });
}
