/** Puts pictures into a model's input as its description says, and tells where in a picture a place of the input lies. */

import { halvesAt, type Halves } from "./halves.js";
import type { RgbFrame } from "../service.js";
import { clippedToFrame, type Box } from "../vision/box.js";
import { Resampler, type Size } from "../vision/resample.js";
import type { InputDescription } from "./description.js";

/** Where a picture lies in the input. */
export interface Placement {
  /** A box in pixels of the input as shares of the picture; null where it lies outside of it. */
  toPicture(box: Box): Box | null;
}

export class PictureInput {
  /** Row-major, `batchMax` pictures; the bits of each number where the type is float16. */
  readonly data: Float32Array | Uint16Array | Uint8Array;
  readonly size: Size;
  readonly #description: InputDescription;
  readonly #elements: number;
  /** Levels of red, green and blue of one picture, a plane each. */
  readonly #planes: readonly [Float32Array, Float32Array, Float32Array];
  readonly #halves: Halves | null;
  #resampler: Resampler | null = null;

  constructor(description: InputDescription, size: Size, batchMax: number) {
    const plane = size.width * size.height;
    this.#description = description;
    this.size = size;
    this.#elements = 3 * plane;
    this.#planes = [new Float32Array(plane), new Float32Array(plane), new Float32Array(plane)];
    const count = batchMax * this.#elements;
    if (description.type === "float16") {
      const bits = new Uint16Array(count);
      this.#halves = halvesAt(bits);
      this.data = bits;
    } else {
      this.#halves = null;
      this.data = description.type === "uint8" ? new Uint8Array(count) : new Float32Array(count);
    }
  }

  /** Writes the picture at place `index` of the batch. */
  write({ width, height, data }: Pick<RgbFrame, "width" | "height" | "data">, index: number): Placement {
    const { fit, padding } = this.#description;
    const { size } = this;
    const scale = Math.min(size.width / width, size.height / height);
    const target =
      fit === "stretch"
        ? size
        : {
            width: Math.max(1, Math.trunc(width * scale)),
            height: Math.max(1, Math.trunc(height * scale)),
          };
    const centred = fit === "letterbox-centre";
    const left = centred ? Math.trunc((size.width - target.width) / 2) : 0;
    const top = centred ? Math.trunc((size.height - target.height) / 2) : 0;
    const known = this.#resampler;
    const resampler =
      known !== null &&
      known.source.width === width &&
      known.source.height === height &&
      known.target.width === target.width &&
      known.target.height === target.height
        ? known
        : (this.#resampler = new Resampler({ width, height }, target));
    if (fit !== "stretch") for (const plane of this.#planes) plane.fill(padding);
    const from = top * size.width + left;
    const [red, green, blue] = this.#planes;
    resampler.write(
      data,
      [red.subarray(from), green.subarray(from), blue.subarray(from)],
      size.width,
      AS_IT_IS,
    );
    this.#pack(index);
    return {
      toPicture: (box) =>
        clippedToFrame(
          (box.x - left) / target.width,
          (box.y - top) / target.height,
          (box.x + box.width - left) / target.width,
          (box.y + box.height - top) / target.height,
        ),
    };
  }

  /** The planes in the layout, the order, the scale and the type of the model. */
  #pack(index: number): void {
    const { layout, colours, mean, scale } = this.#description;
    const to = this.#halves ?? this.data;
    const whole = this.#description.type === "uint8";
    const [step, apart] = layout === "nchw" ? [1, this.#elements / 3] : [3, 1];
    for (let channel = 0; channel < 3; channel++) {
      const colour = colours === "rgb" ? channel : 2 - channel;
      const plane = this.#planes[colour] ?? this.#planes[0];
      const [offset, factor] = [mean[colour] ?? 0, scale[colour] ?? 1];
      let at = index * this.#elements + channel * apart;
      for (let pixel = 0; pixel < plane.length; pixel++, at += step) {
        const value = ((plane[pixel] ?? 0) - offset) * factor;
        to[at] = whole ? Math.min(255, Math.max(0, Math.round(value))) : value;
      }
    }
  }
}

const AS_IT_IS = { offset: 0, factor: 1 };
