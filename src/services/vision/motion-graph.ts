/**
 * The ONNX graph behind `motion-detection`: from the frames of one task alone to a mask of what moves in each of them.
 *
 * The frames are averaged over square cells, and a cell has *changed* where its range over the task is above a
 * threshold. A plain surface that moves by less than its own length changes at its front and back only, and a change
 * does not tell which of the frames shows the object and which the background. So the background is estimated: changed
 * cells and those between them, along a row or a column, count as unknown and are filled in from what surrounds them
 * (pull-push, after Gortler et al., "The Lumigraph", 1996, section 3.5.1). Where a frame of the task shows something
 * near to that guess, the background is what that frame shows. What differs from the background moves.
 *
 * No state is kept, so any node may run any task. A background model kept for each source was tried beside it: its boxes
 * were a little tighter on the demo clip, which begins with an empty street (mean IoU 0.92 to 0.88), and worse on synthetic
 * scenes that are busy from their first frame on, where it takes what stands there for the background.
 */

import { OnnxGraph, type Value } from "./onnx-graph.js";

export interface MotionGraphOptions {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Range of a cell over the task above which it has changed, in levels of 255. */
  readonly changeMin: number;
  /** Difference of a cell from the background above which it belongs to what moves, in levels of 255. */
  readonly differenceMin: number;
}

/** Cells along the longer side of a frame, roughly. */
const CELLS_LONG_SIDE = 160;
/** Unchanged gaps in a row or column of up to twice as many cells may be the inside of what moves: a fifth of the frame. */
const FILL_RADIUS = 16;
/** A changed cell takes as its background the frame that is nearest to the guess, up to this many levels from it. */
const CHANGED_TRUST = 40;

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
 * `difference` float32 `[N, 1, rows, columns]`, levels of 255 from the background, 0 far from any change; and
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
  const touched = graph.node("Max", [
    close(graph, changed, { down: 0, across: FILL_RADIUS }),
    close(graph, changed, { down: FILL_RADIUS, across: 0 }),
  ]);

  const mean = graph.node("ReduceMean", [cells], { axes: [0], keepdims: 1 });
  const firstGuess = fillIn(graph, mean, touched, { rows, columns });
  const offGuess = above(graph, apart(graph, mean, firstGuess), options.changeMin);
  const unknown = graph.node("Mul", [touched, graph.node("Max", [changed, offGuess])]);
  const guess = fillIn(graph, mean, unknown, { rows, columns });
  const background = chooseBackground(graph, {
    cells,
    guess,
    changed,
    rows,
    columns,
    differenceMin: options.differenceMin,
  });

  const difference = graph.node("Mul", [apart(graph, cells, background), touched]);
  const mask = close(graph, open(graph, above(graph, difference, options.differenceMin), SQUARE), SQUARE);

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
function fillIn(graph: OnnxGraph, colour: Value, unknown: Value, grid: Grid): Value {
  const known = graph.node("Sub", [graph.float(1), unknown]);
  return fillLevel(graph, graph.node("Mul", [colour, known]), known, grid);
}

/** One level of the pyramid: a cell with any weight has its own mean, another one what the coarser level says. */
function fillLevel(graph: OnnxGraph, sum: Value, weight: Value, { rows, columns }: Grid): Value {
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
  const filled = fillLevel(graph, halve(sum), halve(weight), coarse);
  const enlarged = graph.node("Resize", [filled, null, null, graph.ints([1, 3, rows, columns])], {
    mode: "linear",
    coordinate_transformation_mode: "half_pixel",
  });
  return graph.node("Where", [hasWeight, mean, enlarged]);
}

/** The background, float32 `[1, 3, rows, columns]`: the frame nearest to the guess where one is near enough, else the guess. */
function chooseBackground(
  graph: OnnxGraph,
  options: Grid & {
    readonly cells: Value;
    readonly guess: Value;
    readonly changed: Value;
    readonly differenceMin: number;
  },
): Value {
  const { cells, guess, changed, rows, columns, differenceMin } = options;
  const distance = apart(graph, cells, guess);
  const nearest = graph.node("ArgMin", [distance], { axis: 0, keepdims: 1 });
  const index = graph.node("Expand", [nearest, graph.ints([1, 3, rows, columns])]);
  const shown = graph.node("GatherElements", [cells, index], { axis: 0 });
  const trust = graph.node("Where", [
    graph.cast(changed, "bool"),
    graph.float(Math.max(CHANGED_TRUST, differenceMin)),
    graph.float(differenceMin),
  ]);
  const least = graph.node("ReduceMin", [distance], { axes: [0], keepdims: 1 });
  return graph.node("Where", [graph.node("Less", [least, trust]), shown, guess]);
}

/** How far two colours are apart: the greatest difference of a channel. */
function apart(graph: OnnxGraph, a: Value, b: Value): Value {
  return overChannels(graph, graph.node("Abs", [graph.node("Sub", [a, b])]));
}

function overChannels(graph: OnnxGraph, value: Value): Value {
  return graph.node("ReduceMax", [value], { axes: [1], keepdims: 1 });
}

function above(graph: OnnxGraph, value: Value, limit: number): Value {
  return graph.cast(graph.node("Greater", [value, graph.float(limit)]), "float32");
}

interface Grid {
  readonly rows: number;
  readonly columns: number;
}

/** Half the size of the rectangle that a mask grows or shrinks by, in cells. */
interface Radius {
  readonly down: number;
  readonly across: number;
}

const SQUARE: Radius = { down: 1, across: 1 };

/** Beyond the border there is nothing, neither of the mask nor of what is not. */
function dilate(graph: OnnxGraph, mask: Value, { down, across }: Radius): Value {
  return graph.node("MaxPool", [mask], {
    kernel_shape: [2 * down + 1, 2 * across + 1],
    strides: [1, 1],
    pads: [down, across, down, across],
  });
}

function erode(graph: OnnxGraph, mask: Value, radius: Radius): Value {
  return graph.node("Neg", [dilate(graph, graph.node("Neg", [mask]), radius)]);
}

function close(graph: OnnxGraph, mask: Value, radius: Radius): Value {
  return erode(graph, dilate(graph, mask, radius), radius);
}

function open(graph: OnnxGraph, mask: Value, radius: Radius): Value {
  return dilate(graph, erode(graph, mask, radius), radius);
}
