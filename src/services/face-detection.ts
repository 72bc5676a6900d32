/** Service `face-detection`: an UltraFace model that the user brings; the frame is stretched to its input. */

import { z } from "../runtime/parse.js";
import type { Detection } from "../task/service.js";
import { modelPath } from "./model-file.js";
import type { RgbFrame, Service } from "./service.js";
import { openImageModel } from "./vision/image-model.js";
import { suppressNonMaxima } from "./vision/nms.js";
import { parseParameters } from "./service-input.js";
import { Resampler } from "./vision/resample.js";
import { decodeUltraface, ultrafacePriorCount } from "./vision/ultraface.js";

const parametersSchema = z.strictObject({
  /** Name of the file in the folder of models. */
  model: z.string().default("ultraface-rfb-320.onnx"),
  /** Score from which a box counts; the default is that of UltraFace's own ONNX demo. */
  scoreMin: z.number().gt(0).max(1).default(0.7),
  /** Overlap of two boxes above which the lesser one goes; the default is that of UltraFace's own ONNX demo. */
  nmsIouMax: z.number().min(0).max(1).default(0.5),
  /** Faces in one frame, best first. */
  countMax: z.int().min(1).max(1_000).default(100),
});

/** `(value - 127) / 128`, as the model was trained with. */
const NORMALIZATION = { offset: 127, factor: 1 / 128 };

const NOTHING = new Float32Array(0);

export const service: Service = {
  async load(context) {
    const {
      model: file,
      scoreMin,
      nmsIouMax,
      countMax,
    } = parseParameters("face-detection", parametersSchema, context.parameters);
    const model = await openImageModel({
      path: modelPath(context.modelDir, file),
      inputName: "input",
      outputs: {
        scores: { type: "float32", shape: [1, null, 2] },
        boxes: { type: "float32", shape: [1, null, 4] },
      },
      elementCounts: (size) => ({
        scores: ultrafacePriorCount(size) * 2,
        boxes: ultrafacePriorCount(size) * 4,
      }),
      decode: (outputs) =>
        decodeUltraface(outputs.get("scores") ?? NOTHING, outputs.get("boxes") ?? NOTHING, scoreMin),
    });
    const { size, tensor } = model;
    const plane = size.width * size.height;
    const red = tensor.subarray(0, plane);
    const green = tensor.subarray(plane, 2 * plane);
    const blue = tensor.subarray(2 * plane, 3 * plane);
    let resampler: Resampler | null = null;

    const detect = async (frame: RgbFrame): Promise<Detection[]> => {
      if (resampler?.source.width !== frame.width || resampler.source.height !== frame.height) {
        resampler = new Resampler({ width: frame.width, height: frame.height }, size);
      }
      resampler.write(frame.data, [red, green, blue], size.width, NORMALIZATION);
      return suppressNonMaxima(await model.run(), { iouMax: nmsIouMax, countMax });
    };

    return {
      async process({ frames }) {
        const found: Detection[][] = [];
        for (const frame of frames) found.push(await detect(frame));
        return { type: "boxes", frames: found };
      },
      close: () => model.close(),
    };
  },
};
