/**
 * Letterboxing as YOLOX does it: the frame shrinks or grows to fit, its shape kept, into the top left of the model's
 * input, and the rest is grey.
 */

import { clippedToFrame, type Box } from "./box.js";
import { Resampler, type Size } from "./resample.js";

/** The grey of the padding, in levels of 255 (`preproc` in yolox/data/data_augment.py). */
const PADDING = 114;

export class Letterbox {
  readonly frame: Size;
  readonly input: Size;
  /** Pixels of the input to a pixel of the frame. */
  readonly scale: number;
  readonly #resampler: Resampler;

  constructor(frame: Size, input: Size) {
    this.frame = frame;
    this.input = input;
    this.scale = Math.min(input.width / frame.width, input.height / frame.height);
    this.#resampler = new Resampler(frame, {
      width: Math.max(1, Math.trunc(frame.width * this.scale)),
      height: Math.max(1, Math.trunc(frame.height * this.scale)),
    });
  }

  /**
   * Writes a frame, uint8 HWC RGB, into `tensor`: float32 NCHW `[1, 3, input.height, input.width]`, BGR, 0..255.
   * The tensor stays the caller's.
   */
  write(data: Uint8Array, tensor: Float32Array): void {
    const plane = this.input.width * this.input.height;
    const { width, height } = this.#resampler.target;
    const blue = tensor.subarray(0, plane);
    const green = tensor.subarray(plane, 2 * plane);
    const red = tensor.subarray(2 * plane, 3 * plane);
    for (const channel of [blue, green, red]) {
      for (let y = 0; y < height; y++)
        channel.fill(PADDING, y * this.input.width + width, (y + 1) * this.input.width);
      channel.fill(PADDING, height * this.input.width);
    }
    this.#resampler.write(data, [red, green, blue], this.input.width, { offset: 0, factor: 1 });
  }

  /** A box in pixels of the model's input as shares of the frame; null where it lies outside of it. */
  toFrame({ x, y, width, height }: Box): Box | null {
    const across = this.frame.width * this.scale;
    const down = this.frame.height * this.scale;
    return clippedToFrame(x / across, y / down, (x + width) / across, (y + height) / down);
  }
}
