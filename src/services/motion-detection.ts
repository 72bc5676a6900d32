/**
 * Service `motion-detection`: boxes around what moves, from the frames of one task alone. The pixels are worked on in
 * an ONNX graph (`vision/motion-graph.ts`), built for the size of the frames; the boxes are drawn here.
 */

import { z } from "../runtime/parse.js";
import type { Detection, StageResult } from "../task/service.js";
import { loadOnnxRuntime, openSession, type OnnxSession } from "./onnx-session.js";
import type { RgbFrame, Service } from "./service.js";
import { mergeNear } from "./vision/blob.js";
import { clippedToFrame } from "./vision/box.js";
import { ComponentFinder } from "./vision/connected-components.js";
import { buildMotionGraph, motionGrid, type MotionGrid } from "./vision/motion-graph.js";
import { parseParameters } from "./service-input.js";

const parametersSchema = z.strictObject({
  /** Range of a cell over the task above which it has changed, in levels of 255. */
  changeMin: z.number().min(1).max(255).default(12),
  /** Difference from the background above which a cell belongs to what moves, in levels of 255. */
  differenceMin: z.number().min(1).max(255).default(24),
  /** Share of the frame that a box must cover at least. */
  areaMin: z.number().min(0).max(1).default(0.0008),
  /** Boxes this close to each other are one, as a share of the frame's longer side. */
  mergeGap: z.number().min(0).max(1).default(0.006),
  /** Share of the frame above which a change is a cut or the exposure, not something that moves. */
  changedShareMax: z.number().min(0).max(1).default(0.6),
  /** Boxes in one frame, largest first. */
  countMax: z.int().min(1).max(1_000).default(100),
});

type Parameters = z.output<typeof parametersSchema>;

/** Graphs kept for different sizes of frames: what a source's configuration switches between. */
const DETECTORS_MAX = 4;

export const service: Service = {
  load: async (context) => {
    const parameters = parseParameters("motion-detection", parametersSchema, context.parameters);
    // A session is of a size, which the first frame has: what need not wait for that does not.
    await loadOnnxRuntime();
    /** By size, least recently used first. */
    const detectors = new Map<string, MotionDetector>();
    return {
      async process({ frames }): Promise<StageResult> {
        const [first] = frames;
        if (first === undefined) return { type: "boxes", frames: [] };
        const key = `${first.width}x${first.height}`;
        const detector =
          detectors.get(key) ?? (await MotionDetector.open(first.width, first.height, parameters));
        detectors.delete(key);
        detectors.set(key, detector);
        for (const [oldest, { close }] of detectors) {
          if (detectors.size <= DETECTORS_MAX) break;
          detectors.delete(oldest);
          await close();
        }
        return { type: "boxes", frames: await detector.detect(frames) };
      },
      async close() {
        for (const detector of detectors.values()) await detector.close();
        detectors.clear();
      },
    };
  },
};

/** Finds motion in frames of one size. */
class MotionDetector {
  readonly #session: OnnxSession;
  readonly #parameters: Parameters;
  readonly #width: number;
  readonly #height: number;
  readonly #grid: MotionGrid;
  readonly #finder: ComponentFinder;
  /** The frames of a task side by side, as the graph reads them; grows to the longest task. */
  #input = new Uint8Array(0);

  static async open(width: number, height: number, parameters: Parameters): Promise<MotionDetector> {
    const { columns, rows } = motionGrid(width, height);
    const session = await openSession(buildMotionGraph({ width, height, ...parameters }), {
      inputs: { frames: { type: "uint8", shape: [null, height, width, 3] } },
      outputs: {
        mask: { type: "uint8", shape: [null, 1, rows, columns] },
        difference: { type: "float32", shape: [null, 1, rows, columns] },
        changed: { type: "uint8", shape: [1, 1, rows, columns] },
      },
    });
    return new MotionDetector(session, width, height, parameters);
  }

  private constructor(session: OnnxSession, width: number, height: number, parameters: Parameters) {
    this.#session = session;
    this.#parameters = parameters;
    this.#width = width;
    this.#height = height;
    this.#grid = motionGrid(width, height);
    this.#finder = new ComponentFinder(this.#grid.columns, this.#grid.rows);
  }

  readonly close = (): Promise<void> => this.#session.close();

  async detect(frames: readonly RgbFrame[]): Promise<Detection[][]> {
    const frameBytes = this.#width * this.#height * 3;
    const bytes = frames.length * frameBytes;
    if (this.#input.length < bytes) this.#input = new Uint8Array(bytes);
    frames.forEach((frame, index) => this.#input.set(frame.data, index * frameBytes));
    const { mask, difference, changed } = await this.#session.run({
      frames: {
        type: "uint8",
        data: this.#input.subarray(0, bytes),
        shape: [frames.length, this.#height, this.#width, 3],
      },
    });
    if (mask?.type !== "uint8" || difference?.type !== "float32" || changed?.type !== "uint8") {
      throw new TypeError("The motion graph has other outputs than it was built with");
    }
    const cells = changed.data.length;
    const changedCount = changed.data.reduce((sum, cell) => sum + cell, 0);
    if (changedCount > cells * this.#parameters.changedShareMax) return frames.map(() => []);
    return frames.map((_, index) =>
      this.#boxes(
        mask.data.subarray(index * cells, (index + 1) * cells),
        difference.data.subarray(index * cells, (index + 1) * cells),
        changed.data,
      ),
    );
  }

  /** A component counts where some cell of it has changed: what stands still in a gap does not move. */
  #boxes(mask: Uint8Array, difference: Float32Array, changed: Uint8Array): Detection[] {
    const { areaMin, mergeGap, countMax, differenceMin } = this.#parameters;
    const components = this.#finder.find(mask);
    const sums = new Float64Array(components.length + 1);
    const moved = new Uint8Array(components.length + 1);
    this.#finder.labels.forEach((label, cell) => {
      if (label === 0) return;
      sums[label] = (sums[label] ?? 0) + (difference[cell] ?? 0);
      if (changed[cell] === 1) moved[label] = 1;
    });
    const blobs = components
      .filter(({ label }) => moved[label] === 1)
      .map(({ label, left, top, right, bottom, area }) => ({
        left,
        top,
        right,
        bottom,
        area,
        sum: sums[label] ?? 0,
      }));
    const { cell } = this.#grid;
    const across = cell / this.#width;
    const down = cell / this.#height;
    return mergeNear(blobs, (mergeGap * Math.max(this.#width, this.#height)) / cell)
      .flatMap(({ left, top, right, bottom, area, sum }) => {
        const box = clippedToFrame(left * across, top * down, right * across, bottom * down);
        if (box === null || box.width * box.height < areaMin) return [];
        const mean = sum / area;
        return [{ ...box, score: mean / (mean + differenceMin), label: "motion" }];
      })
      .sort((a, b) => b.width * b.height - a.width * a.height)
      .slice(0, countMax);
  }
}
