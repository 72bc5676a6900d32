/** Service `classification`: any ONNX classifier with a description beside it, run on what each box shows, several at a time. */

import { z } from "../runtime/parse.js";
import type { Detection } from "../task/service.js";
import { modelPath } from "./model-file.js";
import { openClassifier, type Picture } from "./models/described-model.js";
import { detectionsOf, parseParameters } from "./service-input.js";
import type { RgbFrame, Service } from "./service.js";

const parametersSchema = z.strictObject({
  /** Name of the file in the folder of models. */
  model: z.string("wanted the name of a file in the folder of models"),
  /** Score from which a label counts; the description's otherwise. */
  scoreMin: z.number().gt(0).max(1).exactOptional(),
  /** Only boxes of these labels. Default all. */
  of: z.array(z.string()).min(1).exactOptional(),
  /** Share of its size by which a box grows on each side before it is cut out. */
  margin: z.number().min(0).max(2).default(0),
  /** Boxes of a frame, best first; further ones get no label. */
  countMax: z.int().min(1).max(1_000).default(32),
});

interface Crop {
  readonly frame: number;
  readonly detection: Detection;
  readonly picture: Picture;
}

export const service: Service = {
  async load(context) {
    const parameters = parseParameters("classification", parametersSchema, context.parameters);
    const { model: file, of, margin, countMax } = parameters;
    const model = await openClassifier(modelPath(context.modelDir, file));
    const { labels, output } = model.description;
    const scoreMin = parameters.scoreMin ?? output.scoreMin;
    const wanted = of && new Set(of);
    return {
      async process(input) {
        const crops = detectionsOf(input, "boxes").flatMap((boxes, frame): Crop[] => {
          const picture = input.frames[frame];
          if (picture === undefined) return [];
          return boxes
            .filter(({ label }) => wanted === undefined || wanted.has(label))
            .toSorted((a, b) => b.score - a.score)
            .slice(0, countMax)
            .map((detection) => ({ frame, detection, picture: cropOf(picture, detection, margin) }));
        });
        const answers = await model.run(crops.map(({ picture }) => picture));
        const frames: Detection[][] = Array.from({ length: input.frameCount }, () => []);
        for (const [index, { found }] of answers.entries()) {
          const label = labels[found.classIndex];
          const crop = crops[index];
          if (label === undefined || crop === undefined || found.score < scoreMin) continue;
          const { x, y, width, height } = crop.detection;
          frames[crop.frame]?.push({ x, y, width, height, score: found.score, label });
        }
        return { type: "labels", frames };
      },
      close: () => model.close(),
    };
  },
};

/** What the box shows, one pixel at least: uint8 HWC RGB of its own. */
function cropOf(frame: RgbFrame, box: Detection, margin: number): Picture {
  const pixel = (share: number, size: number) => Math.min(size, Math.max(0, Math.round(share * size)));
  const [acrossMargin, downMargin] = [box.width * margin, box.height * margin];
  const left = Math.min(pixel(box.x - acrossMargin, frame.width), frame.width - 1);
  const top = Math.min(pixel(box.y - downMargin, frame.height), frame.height - 1);
  const width = Math.max(1, pixel(box.x + box.width + acrossMargin, frame.width) - left);
  const height = Math.max(1, pixel(box.y + box.height + downMargin, frame.height) - top);
  const data = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    const from = ((top + row) * frame.width + left) * 3;
    data.set(frame.data.subarray(from, from + width * 3), row * width * 3);
  }
  return { width, height, data };
}
