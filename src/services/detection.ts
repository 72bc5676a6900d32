/** Service `detection`: any ONNX detector of which a description beside it says what goes in and what comes out. */

import { z } from "../runtime/parse.js";
import type { Detection } from "../task/service.js";
import { modelPath } from "./model-file.js";
import { openDetector } from "./models/described-model.js";
import { parseParameters } from "./service-input.js";
import type { Service } from "./service.js";
import { suppressNonMaxima } from "./vision/nms.js";

const parametersSchema = z.strictObject({
  /** Name of the file in the folder of models. */
  model: z.string("wanted the name of a file in the folder of models"),
  /** Score from which a box counts, where more is wanted than the description says. */
  scoreMin: z.number().gt(0).max(1).exactOptional(),
  /** Overlap of two boxes of a label above which the lesser one goes. */
  nmsIouMax: z.number().min(0).max(1).default(0.45),
  /** Labels to look for. Default all. */
  classes: z.array(z.string()).min(1).exactOptional(),
  /** Boxes in one frame, best first. */
  countMax: z.int().min(1).max(1_000).default(100),
});

export const service: Service = {
  async load(context) {
    const parameters = parseParameters("detection", parametersSchema, context.parameters);
    const { model: file, scoreMin = 0, nmsIouMax, countMax, classes } = parameters;
    const model = await openDetector(modelPath(context.modelDir, file));
    const { labels } = model.description;
    const wanted = classes && new Set(classes);
    return {
      async process({ frames }) {
        const answers = await model.run(frames);
        const found = answers.map(({ placement, found: boxes }) => {
          const detections = boxes.flatMap(({ box, classIndex, score }): Detection[] => {
            const inFrame = placement.toPicture(box);
            const label = labels[classIndex];
            if (inFrame === null || label === undefined || score < scoreMin) return [];
            return wanted === undefined || wanted.has(label) ? [{ ...inFrame, score, label }] : [];
          });
          return suppressNonMaxima(detections, { iouMax: nmsIouMax, countMax });
        });
        return { type: "boxes", frames: found };
      },
      close: () => model.close(),
    };
  },
};
