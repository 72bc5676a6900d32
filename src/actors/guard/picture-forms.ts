/** What messages about pictures are made of, as schemas. */

import { z } from "../../runtime/parse.js";
import { CONFIGURATION_LIMITS } from "../../task/limits.js";
import { PICTURE_LIMITS } from "../../task/picture.js";
import { count, name } from "./forms.js";

export const pictureLook = z.object({
  fps: z.number().gt(0).max(PICTURE_LIMITS.fps),
  widthMax: z.number().int().min(PICTURE_LIMITS.widthMin).max(PICTURE_LIMITS.widthMax),
  forMs: z.number().gt(0).max(PICTURE_LIMITS.forMs),
});

const framesSide = CONFIGURATION_LIMITS.width.max;
export const picture = z.object({
  id: z.object({ sourceId: name, incarnation: count, sequence: count }),
  ptsUs: z.number(),
  width: z.number().int().min(1).max(framesSide),
  height: z.number().int().min(1).max(framesSide),
  jpeg: z.custom<Uint8Array>(
    (value) => value instanceof Uint8Array && value.byteLength <= PICTURE_LIMITS.bytes,
    { message: `wanted at most ${PICTURE_LIMITS.bytes} bytes` },
  ),
  left: count,
});
