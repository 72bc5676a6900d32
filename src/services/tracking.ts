/**
 * Service `tracking`: gives the boxes of each source ids that stay the same from frame to frame and task to task.
 *
 * TG1 Ids count from 1 for each source and incarnation. After `restarted` all tracks are new, and ids go on.
 * TG2 At most `sourcesMax` sources are kept. One that was evicted begins with new tracks, and its result says `restarted`.
 */

import { z } from "../runtime/parse.js";
import type { Detection } from "../task/service.js";
import type { Service } from "./service.js";
import { detectionsOf, parseParameters } from "./service-input.js";
import { Tracker } from "./vision/tracker.js";

const parametersSchema = z.strictObject({
  /** Boxes that make a track. */
  hitsMin: z.int().min(1).max(100).default(2),
  /** Time in the source without a box after which a track ends, in ms. */
  lostAfterMs: z.number().min(0).max(600_000).default(1_000),
  /** The same before it has `hitsMin` boxes. */
  tentativeAfterMs: z.number().min(0).max(600_000).default(250),
  /** Least overlap of a box with where its track should be, both grown by `reach`. */
  iouMin: z.number().gt(0).max(1).default(0.2),
  /** Share of their size by which boxes grow on each side before they are compared. */
  reach: z.number().min(0).max(2).default(0.25),
  /** Score from which a box may start a track; one below only goes on with a track that was in sight a frame before. */
  scoreSure: z.number().min(0).max(1).default(0.5),
  /** Of one source. */
  tracksMax: z.int().min(1).max(1_000).default(200),
  sourcesMax: z.int().min(1).max(10_000).default(256),
});

interface SourceState {
  readonly incarnation: number;
  tracker: Tracker;
}

export const service: Service = {
  load(context) {
    const parameters = parseParameters("tracking", parametersSchema, context.parameters);
    /** Least recently used first. */
    const sources = new Map<string, SourceState>();
    return Promise.resolve({
      process(input) {
        const known = sources.get(input.sourceId);
        const state: SourceState =
          known?.incarnation === input.incarnation
            ? known
            : { incarnation: input.incarnation, tracker: new Tracker(parameters) };
        const evicted = state !== known && input.sequence > 0;
        const continuity = evicted ? "restarted" : input.continuity;
        if (continuity === "restarted") state.tracker = new Tracker(parameters, state.tracker.nextId);
        sources.delete(input.sourceId);
        sources.set(input.sourceId, state);
        for (const oldest of sources.keys()) {
          if (sources.size <= parameters.sourcesMax) break;
          sources.delete(oldest);
        }
        const frames: Detection[][] = state.tracker.follow(detectionsOf(input, "boxes"), input.framePtsUs);
        return { type: "tracks", frames, continuity };
      },
      close: () => sources.clear(),
    });
  },
};
