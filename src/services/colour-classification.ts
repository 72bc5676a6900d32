/** Service `colour-classification`: names the dominant colour of each box; the score is its share of the pixels. */

import { z } from "../runtime/parse.js";
import type { Service } from "./service.js";
import { dominantColour } from "./vision/colour.js";
import { detectionsOf, parseParameters } from "./service-input.js";

const parametersSchema = z.strictObject({
  /** Share of a box's width and height around its centre that is looked at. */
  part: z.number().gt(0).max(1).default(0.6),
});

export const service: Service = {
  load(context) {
    const { part } = parseParameters("colour-classification", parametersSchema, context.parameters);
    return Promise.resolve({
      process(input) {
        const frames = detectionsOf(input, "boxes").map((boxes, index) => {
          const frame = input.frames[index];
          if (frame === undefined) return [];
          return boxes.flatMap(({ x, y, width, height }) => {
            const found = dominantColour(frame, { x, y, width, height }, part);
            return found === null ? [] : [{ x, y, width, height, score: found.share, label: found.colour }];
          });
        });
        return { type: "labels", frames };
      },
      close: () => {},
    });
  },
};
