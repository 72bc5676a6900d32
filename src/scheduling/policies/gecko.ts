/**
 * Gecko: rate and size follow the scene, and everything else is climbed to.
 *
 * After "gecko" in Dayu: where objects move, the rate rises by a step, and where they stand still it is halved; where there are
 * objects the size rises by a step, and where there are none it is halved; then the other knobs and the split are turned step
 * by step, each time the one that takes most of the loss. There the scene is followed at every request, so that it swings from end to end;
 * here a plan stands for `dwellMsMin`, and nothing follows a scene that is not known. Pipelines may fork and join (`split-space.ts`).
 */

import { KNOBS } from "./knobs.js";
import { createSplitPolicy, type Found } from "./split-policy.js";
import type { Rated, SplitPoint, SplitSpace } from "./split-space.js";
import type { PolicyView } from "../policy.js";

/** Objects that move by more than this, in sides of the picture a second, want a higher rate. */
const SPEED_STILL = 0.02;
const STEPS_MAX = 16;
/** What climbing turns. */
const CLIMBED = ["cut", ...KNOBS.filter((knob) => knob !== "fps" && knob !== "resolution")] as const;

export const gecko = createSplitPolicy({
  name: "gecko",
  how: "rate and size by the scene, the rest by climbing",
  find: (space, { view }) => climb(space, space.rate(followScene(space, view))),
});

/** Additive increase, multiplicative decrease, by what is to be seen; only as far as the delay allows. */
function followScene(space: SplitSpace, { recent: { scene } }: PolicyView): SplitPoint {
  if (scene === null) return space.current;
  const { levels, cut } = space.current;
  const fps = scene.speed === null ? levels.fps : moved(levels.fps, scene.speed > SPEED_STILL);
  const resolution = moved(levels.resolution, scene.objects > 0);
  return space.clamp({ levels: { ...levels, fps, resolution }, cut });
}

function moved(level: number, isUp: boolean): number {
  return isUp ? level + 1 : Math.floor(level / 2);
}

function climb(space: SplitSpace, from: Rated): Found {
  let best = from;
  let tried = 1;
  for (let steps = 0; steps < STEPS_MAX; steps++) {
    const around = space.neighbours(best.point, CLIMBED).map((point) => space.rate(point));
    tried += around.length;
    const next = around.reduce((least, rated) => (rated.loss < least.loss ? rated : least), best);
    if (next === best) break;
    best = next;
  }
  return { best, tried };
}
