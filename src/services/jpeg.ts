/** The door to sharp: JPEG frames to pixels. Imported only when the first JPEG comes: it takes 80 ms and 30 MB. */

import sharp from "sharp";
import { errorText } from "../runtime/errors.js";
import { SluiceError } from "../task/errors.js";
import type { TaskPicture } from "../task/picture.js";

// One frame at a time on one core; a cache of decoded operations never hits, as no frame comes twice.
sharp.concurrency(1);
sharp.cache(false);

/**
 * Decodes one JPEG image of the size that its task says.
 *
 * @returns uint8 HWC RGB, `width * height * 3` bytes, the caller's
 * @throws SluiceError `service-failed` where it is no image, or one of another size
 */
export async function decodeJpeg(
  jpeg: Uint8Array,
  wanted: { readonly width: number; readonly height: number },
): Promise<Uint8Array> {
  try {
    const { data, info } = await sharp(jpeg, { limitInputPixels: wanted.width * wanted.height })
      .removeAlpha()
      .toColourspace("srgb")
      .raw()
      .toBuffer({ resolveWithObject: true });
    if (info.width === wanted.width && info.height === wanted.height && info.channels === 3) {
      return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    }
    throw new Error(`got ${info.width}x${info.height} with ${info.channels} channels`);
  } catch (cause) {
    throw new SluiceError(
      `Cannot decode a frame as it must be a JPEG of ${wanted.width}x${wanted.height}: ${errorText(cause)}`,
      { code: "service-failed", cause },
    );
  }
}

/** One JPEG image of a frame. @param frame uint8 HWC RGB of `width` and `height`. @throws SluiceError `service-failed` */
export async function encodeJpeg(
  frame: Uint8Array,
  { width, height, quality }: { readonly width: number; readonly height: number; readonly quality: number },
): Promise<Uint8Array> {
  try {
    return await sharp(frame, { raw: { width, height, channels: 3 } })
      .jpeg({ quality })
      .toBuffer();
  } catch (cause) {
    throw new SluiceError(`Cannot encode a frame of ${width}x${height}: ${errorText(cause)}`, {
      code: "service-failed",
      cause,
    });
  }
}

/** Enough to know things by, at a third of the bytes of what the eye takes for perfect. */
const SHOWN_QUALITY = 70;

/**
 * A picture for people: one JPEG image, at most `widthMax` pixels wide.
 *
 * @param frame uint8 HWC RGB, or a JPEG image, of `width` and `height`
 * @throws SluiceError `service-failed` where it is none
 */
export async function encodePicture(
  { encoding, width, height, data }: Pick<TaskPicture, "encoding" | "width" | "height" | "data">,
  widthMax: number,
): Promise<Uint8Array> {
  try {
    const image =
      encoding === "rgb"
        ? sharp(data, { raw: { width, height, channels: 3 } })
        : sharp(data, { limitInputPixels: width * height });
    return await image
      .resize({ width: widthMax, withoutEnlargement: true })
      .jpeg({ quality: SHOWN_QUALITY })
      .toBuffer();
  } catch (cause) {
    throw new SluiceError(`Cannot make a picture of a frame: ${errorText(cause)}`, {
      code: "service-failed",
      cause,
    });
  }
}
