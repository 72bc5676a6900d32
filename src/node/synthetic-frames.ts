/** Frames that show nothing: for tasks that measure a cluster. */

import { allocateShared } from "../runtime/shared-memory.js";
import type { Configuration } from "../task/configuration.js";

/**
 * As many as a task has, of the size and encoding of the configuration, in shared memory. Each is a slope of grey with some grain, the
 * same in every run: as large as a picture of a camera where it is encoded.
 *
 * @throws SluiceError `service-failed` where it cannot be encoded
 */
export async function syntheticFrames(configuration: Configuration): Promise<readonly Uint8Array[]> {
  const { width, height, framesPerTask, encoding, quality } = configuration;
  const pixels = allocateShared(width * height * 3);
  let grain = 1;
  for (let at = 0; at < pixels.length; at += 1) {
    // Numerical Recipes' linear congruential generator: any grain will do.
    grain = (Math.imul(grain, 1_664_525) + 1_013_904_223) | 0;
    const row = Math.floor(at / (width * 3));
    pixels[at] = Math.floor((row * 200) / height) + 20 + (grain >>> 28);
  }
  const frame = encoding === "rgb" ? pixels : await jpegOf(pixels, { width, height, quality });
  return Array.from({ length: framesPerTask }, () => frame);
}

async function jpegOf(
  pixels: Uint8Array,
  size: Pick<Configuration, "width" | "height" | "quality">,
): Promise<Uint8Array> {
  const { encodeJpeg } = await import("../services/jpeg.js");
  const jpeg = await encodeJpeg(pixels, size);
  const shared = allocateShared(jpeg.byteLength);
  shared.set(jpeg);
  return shared;
}
