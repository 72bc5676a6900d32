import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { Letterbox } from "../../../src/services/vision/letterbox.js";
import { Resampler } from "../../../src/services/vision/resample.js";

const input = { width: 416, height: 416 };

function flat(width: number, height: number, rgb: readonly number[]): Uint8Array {
  return Uint8Array.from({ length: width * height * 3 }, (_, index) => rgb[index % 3] ?? 0);
}

for (const [width, height] of [
  [640, 360],
  [360, 640],
  [100, 100],
  [1920, 1080],
] as const) {
  test(`Letterbox puts a frame of ${width} x ${height} in the top left as BGR, and grey around it`, () => {
    const letterbox = new Letterbox({ width, height }, input);
    const tensor = new Float32Array(3 * 416 * 416);
    // Twice, so that nothing of the frame before is left.
    letterbox.write(flat(width, height, [1, 2, 3]), tensor);
    letterbox.write(flat(width, height, [10, 20, 30]), tensor);
    const shownWidth = Math.trunc(width * letterbox.scale);
    const shownHeight = Math.trunc(height * letterbox.scale);
    assert.is(Math.max(shownWidth, shownHeight), 416);
    tensor.forEach((value, index) => {
      const x = index % 416;
      const y = Math.trunc(index / 416) % 416;
      const wanted = x < shownWidth && y < shownHeight ? [30, 20, 10][Math.trunc(index / 416 ** 2)] : 114;
      if (value !== wanted) assert.unreachable(`${value} at ${x}, ${y}, wanted ${wanted}`);
    });
  });

  test(`Letterbox of ${width} x ${height} takes a box to the input and back`, () => {
    const letterbox = new Letterbox({ width, height }, input);
    const box = { x: 0.25, y: 0.5, width: 0.125, height: 0.25 };
    const { scale } = letterbox;
    const back = letterbox.toFrame({
      x: box.x * width * scale,
      y: box.y * height * scale,
      width: box.width * width * scale,
      height: box.height * height * scale,
    });
    for (const side of ["x", "y", "width", "height"] as const) {
      assert.ok(Math.abs((back?.[side] ?? Number.NaN) - box[side]) < 1e-12);
    }
  });
}

test("Letterbox gives null for a box in the padding", () => {
  const letterbox = new Letterbox({ width: 640, height: 360 }, input);
  assert.is(letterbox.toFrame({ x: 10, y: 300, width: 50, height: 50 }), null);
});

test("Resampler mixes the neighbours by their distance and repeats the border", () => {
  const resampler = new Resampler({ width: 2, height: 1 }, { width: 4, height: 2 });
  const planes = [new Float32Array(8), new Float32Array(8), new Float32Array(8)] as const;
  resampler.write(Uint8Array.from([0, 40, 80, 100, 140, 180]), planes, 4, { offset: 0, factor: 1 });
  assert.equal([...planes[0]], [0, 25, 75, 100, 0, 25, 75, 100]);
  assert.equal([...planes[2]], [80, 105, 155, 180, 80, 105, 155, 180]);
});

test("Resampler keeps a frame of the same size and applies its normalization", () => {
  const resampler = new Resampler({ width: 2, height: 2 }, { width: 2, height: 2 });
  const planes = [new Float32Array(4), new Float32Array(4), new Float32Array(4)] as const;
  const frame = Uint8Array.from([127, 255, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  resampler.write(frame, planes, 2, { offset: 127, factor: 1 / 128 });
  assert.equal([...planes[0]], [0, -126 / 128, -123 / 128, -120 / 128]);
  assert.equal([...planes[1]], [1, -125 / 128, -122 / 128, -119 / 128]);
});

test.run();
