/** Service `object-detection`: a YOLOX model that the user brings, letterboxed, decoded, and labelled with COCO's names. */

import { z } from "../runtime/parse.js";
import type { Detection } from "../task/service.js";
import { modelPath } from "./model-file.js";
import type { RgbFrame, Service } from "./service.js";
import { COCO_LABELS } from "./vision/coco-labels.js";
import { openImageModel } from "./vision/image-model.js";
import { Letterbox } from "./vision/letterbox.js";
import { suppressNonMaxima } from "./vision/nms.js";
import { parseParameters } from "./service-input.js";
import { decodeYolox, yoloxRowCount } from "./vision/yolox.js";

const parametersSchema = z.strictObject({
  /** Name of the file in the folder of models. */
  model: z.string().default("yolox-nano-416.onnx"),
  /** Objectness times class score from which a box counts; the default is that of YOLOX's own demo. */
  scoreMin: z.number().gt(0).max(1).default(0.3),
  /** Overlap of two boxes of a label above which the lesser one goes; the default is that of YOLOX's own demo. */
  nmsIouMax: z.number().min(0).max(1).default(0.45),
  /** Labels to look for. Default all. */
  classes: z.array(z.enum(COCO_LABELS)).min(1).default(COCO_LABELS),
  /** Boxes in one frame, best first. */
  countMax: z.int().min(1).max(1_000).default(100),
});

const NOTHING = new Float32Array(0);
const OUTPUT_FIELDS = 5 + COCO_LABELS.length;

export const service: Service = {
  async load(context) {
    const {
      model: file,
      scoreMin,
      nmsIouMax,
      classes,
      countMax,
    } = parseParameters("object-detection", parametersSchema, context.parameters);
    const decodeOptions = {
      classCount: COCO_LABELS.length,
      classes: [...new Set(classes)].map((label) => COCO_LABELS.indexOf(label)),
      scoreMin,
    };
    const model = await openImageModel({
      path: modelPath(context.modelDir, file),
      inputName: "images",
      outputs: { output: { type: "float32", shape: [1, null, OUTPUT_FIELDS] } },
      elementCounts: (size) => ({ output: yoloxRowCount(size) * OUTPUT_FIELDS }),
      decode: (outputs, size) => decodeYolox(outputs.get("output") ?? NOTHING, size, decodeOptions),
    });
    let letterbox: Letterbox | null = null;

    const detect = async (frame: RgbFrame): Promise<Detection[]> => {
      if (letterbox?.frame.width !== frame.width || letterbox.frame.height !== frame.height) {
        letterbox = new Letterbox({ width: frame.width, height: frame.height }, model.size);
      }
      const fitted = letterbox;
      fitted.write(frame.data, model.tensor);
      const candidates = (await model.run()).flatMap(({ box, classIndex, score }) => {
        const inFrame = fitted.toFrame(box);
        const label = COCO_LABELS[classIndex];
        return inFrame === null || label === undefined ? [] : [{ ...inFrame, score, label }];
      });
      return suppressNonMaxima(candidates, { iouMax: nmsIouMax, countMax });
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
