/**
 * The ONNX graph behind `motion-detection`: from the frames of one task alone to a mask of what moves in each of them.
 *
 * The frames are averaged over square cells, and a cell has *changed* where its range over the task is above a
 * threshold. A plain surface that moves by less than its own length changes at its front and back only, and a change
 * does not tell which of the frames shows the thing and which the ground. So the ground is estimated: around and
 * between changed cells it counts as unknown and is filled in from what surrounds it (pull-push, after Gortler et al.,
 * "The Lumigraph", 1996, section 3.5.1); where a frame of the task shows something near to that guess, the ground is what that frame shows.
 * What differs from the ground moves. No state is kept, so any node may run any task; the figures beside a kept
 * background are in bench/results.
 */

import { OnnxGraph, type Value } from "./onnx-graph.js";

export interface MotionGraphOptions {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Range of a cell over the task from which it has changed, in levels of 255. */
  readonly changeMin: number;
  /** Difference of a cell from the ground from which it belongs to what moves, in levels of 255. */
  readonly differenceMin: number;
  /** Unchanged gaps up to twice as many cells count as the inside of what moves. */
  readonly fillRadius: number;
}

/** Cells along the longer side of a frame, roughly: what is smaller than one of them is noise to us. */
const CELLS_LONG_SIDE = 160;

export interface MotionGrid {
  /** Pixels along the side of a cell. */
  readonly cell: number;
  /** Cells; the last column and row may hang over the edge of the frame. */
  readonly columns: number;
  readonly rows: number;
}

export function motionGrid(width: number, height: number): MotionGrid {
  const cell = Math.max(1, Math.round(Math.max(width, height) / CELLS_LONG_SIDE));
  return { cell, columns: Math.ceil(width / cell), rows: Math.ceil(height / cell) };
}

/**
 * Builds the graph for frames of one size. Its input is `frames`, uint8 NHWC RGB `[N, height, width, 3]`, N of 1 or more.
 *
 * Its results, on the cells of `motionGrid`: `mask` uint8 `[N, 1, rows, columns]`, 1 where a frame shows what moves;
 * `difference` float32 `[N, 1, rows, columns]`, levels of 255 from the ground, 0 far from any change; and
 * `changed` uint8 `[1, 1, rows, columns]`, 1 where a cell is not the same over the task.
 */
export function buildMotionGraph(options: MotionGraphOptions): Uint8Array {
  const { columns, rows } = motionGrid(options.width, options.height);
  const graph = new OnnxGraph("motion");
  const frames = graph.input("frames", "uint8", ["frames", options.height, options.width, 3]);

  const cells = cellMeans(graph, frames, options);
  const range = graph.node("Sub", [
    graph.node("ReduceMax", [cells], { axes: [0], keepdims: 1 }),
    graph.node("ReduceMin", [cells], { axes: [0], keepdims: 1 }),
  ]);
  const changed = above(graph, overChannels(graph, range), options.changeMin);
  const unknown = close(graph, dilate(graph, erode(graph, changed, 1), 2), options.fillRadius);
  const guess = fillIn(graph, graph.node("ReduceMean", [cells], { axes: [0], keepdims: 1 }), unknown, rows, columns);
  const ground = nearestShown(graph, { cells, guess, changed, columns, rows, differenceMin: options.differenceMin });

  const fromGround = overChannels(graph, graph.node("Abs", [graph.node("Sub", [cells, ground])]));
  const difference = graph.node("Mul", [fromGround, unknown]);
  const mask = close(graph, open(graph, above(graph, difference, options.differenceMin), 1), 1);

  graph.output("mask", graph.cast(mask, "uint8"), "uint8", ["frames", 1, rows, columns]);
  graph.output("difference", difference, "float32", ["frames", 1, rows, columns]);
  graph.output("changed", graph.cast(changed, "uint8"), "uint8", [1, 1, rows, columns]);
  return graph.encode();
}

/**
 * Mean colour of each cell, float32 NCHW `[N, 3, rows, columns]`: one convolution over rows of interleaved samples,
 * which needs no transpose. Cells over the edge take zeros for what they lack.
 */
function cellMeans(graph: OnnxGraph, frames: Value, { width, height }: MotionGraphOptions): Value {
  const { cell, columns, rows } = motionGrid(width, height);
  const samples = graph.node("Reshape", [
    graph.cast(frames, "float32"),
    graph.ints([-1, 1, height, width * 3]),
  ]);
  const kernel = Array.from({ length: 3 * cell * cell * 3 }, (_, index) => {
    const channel = Math.trunc(index / (cell * cell * 3));
    return index % 3 === channel ? 1 / (cell * cell) : 0;
  });
  return graph.node("Conv", [samples, graph.float(kernel, [3, 1, cell, cell * 3])], {
    kernel_shape: [cell, cell * 3],
    strides: [cell, cell * 3],
    pads: [0, 0, rows * cell - height, (columns * cell - width) * 3],
  });
}

/** Guesses the colour of `unknown` cells from the known ones around them, from fine to coarse and back. */
function fillIn(graph: OnnxGraph, colour: Value, unknown: Value, rows: number, columns: number): Value {
  const known = graph.node("Sub", [graph.float(1), unknown]);
  return fillLevel(graph, graph.node("Mul", [colour, known]), known, rows, columns);
}

/** @param weight of each cell; `sum` is its colour times that weight. */
function fillLevel(graph: OnnxGraph, sum: Value, weight: Value, rows: number, columns: number): Value {
  const hasWeight = graph.node("Greater", [weight, graph.float(0)]);
  const mean = graph.node("Div", [sum, weight]);
  if (rows === 1 && columns === 1) return graph.node("Where", [hasWeight, mean, graph.float(0)]);
  const coarse = { rows: Math.ceil(rows / 2), columns: Math.ceil(columns / 2) };
  const halve = (value: Value) =>
    graph.node("AveragePool", [value], {
      kernel_shape: [2, 2],
      strides: [2, 2],
      pads: [0, 0, coarse.rows * 2 - rows, coarse.columns * 2 - columns],
      count_include_pad: 1,
    });
  const filled = fillLevel(graph, halve(sum), halve(weight), coarse.rows, coarse.columns);
  const enlarged = graph.node("Resize", [filled, null, null, graph.ints([1, 3, rows, columns])], {
    mode: "linear",
    coordinate_transformation_mode: "half_pixel",
  });
  return graph.node("Where", [hasWeight, mean, enlarged]);
}

/**
 * The ground: of each cell the frame that is nearest to the guess. A cell that never changed and is nowhere near
 * its guess is the inside of what moves, and there the guess itself is the ground.
 */
function nearestShown(
  graph: OnnxGraph,
  { cells, guess, changed, columns, rows, differenceMin }: {
    readonly cells: Value;
    readonly guess: Value;
    readonly changed: Value;
    readonly columns: number;
    readonly rows: number;
    readonly differenceMin: number;
  },
): Value {
  const distance = overChannels(graph, graph.node("Abs", [graph.node("Sub", [cells, guess])]));
  const nearest = graph.node("ArgMin", [distance], { axis: 0, keepdims: 1 });
  const index = graph.node("Expand", [nearest, graph.ints([1, 3, rows, columns])]);
  const shown = graph.node("GatherElements", [cells, index], { axis: 0 });
  const near = graph.node("Less", [
    graph.node("ReduceMin", [distance], { axes: [0], keepdims: 1 }),
    graph.float(differenceMin),
  ]);
  const trusted = graph.node("Or", [near, graph.cast(changed, "bool")]);
  return graph.node("Where", [trusted, shown, guess]);
}

function overChannels(graph: OnnxGraph, value: Value): Value {
  return graph.node("ReduceMax", [value], { axes: [1], keepdims: 1 });
}

function above(graph: OnnxGraph, value: Value, limit: number): Value {
  return graph.cast(graph.node("Greater", [value, graph.float(limit)]), "float32");
}

/** Along rows, then along columns: a square costs as much as its side. Beyond the border there is nothing. */
function dilate(graph: OnnxGraph, mask: Value, radius: number): Value {
  const size = 2 * radius + 1;
  const along = graph.node("MaxPool", [mask], {
    kernel_shape: [1, size],
    strides: [1, 1],
    pads: [0, radius, 0, radius],
  });
  return graph.node("MaxPool", [along], { kernel_shape: [size, 1], strides: [1, 1], pads: [radius, 0, radius, 0] });
}

function erode(graph: OnnxGraph, mask: Value, radius: number): Value {
  return graph.node("Neg", [dilate(graph, graph.node("Neg", [mask]), radius)]);
}

function close(graph: OnnxGraph, mask: Value, radius: number): Value {
  return erode(graph, dilate(graph, mask, radius), radius);
}

function open(graph: OnnxGraph, mask: Value, radius: number): Value {
  return dilate(graph, erode(graph, mask, radius), radius);
}
