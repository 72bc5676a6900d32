/**
 * A multi-object tracker for one source: each track predicts its box by a constant velocity, and the boxes found are
 * assigned to the predictions at the greatest total overlap. Times are those of the source.
 *
 * Boxes choose in two stages, as in ByteTrack (Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection
 * Box", ECCV 2022): what a detector is sure of first; what it is not sure of only goes on with a track that was in sight a frame
 * before, so that one that is half hidden keeps its id and a shadow gets none.
 *
 * TR1 An id is given once, when a track is confirmed, and counts up from 1.
 * TR2 A track is confirmed at its `hitsMin`-th box; until then its boxes are reported only if that is within the same task.
 * TR3 A confirmed track without a box is kept for `lostAfterMs`, an unconfirmed one for `tentativeAfterMs`.
 * TR4 There are never more than `tracksMax` tracks; a box beyond that starts none.
 * TR5 A box below `scoreSure` starts no track, and goes on with none that was out of sight or is not confirmed.
 */

import type { Detection } from "../../task/service.js";
import { pairUp } from "./assignment.js";
import { iou, type Box } from "./box.js";
import { ConstantVelocity } from "./constant-velocity.js";

export interface TrackerOptions {
  /** Boxes that make a track. */
  readonly hitsMin: number;
  /** Time without a box after which a confirmed track ends, in ms. */
  readonly lostAfterMs: number;
  /** The same of a track that is not confirmed yet. */
  readonly tentativeAfterMs: number;
  /** Least overlap of a box with a prediction, both grown by `reach`, as intersection over union. */
  readonly iouMin: number;
  /**
   * Share of their own size by which boxes grow on each side before they are compared, so that what is small and fast
   * still meets its prediction (buffered IoU: Yang et al., "Hard to Track Objects with Irregular Motions and
   * Similar Appearances?", WACV 2023).
   */
  readonly reach: number;
  readonly tracksMax: number;
  /** Score from which a box may start a track, and find one again. */
  readonly scoreSure: number;
}

/** Least overlap of a box below `scoreSure` with where its track should be: it is all that speaks for it. */
const UNSURE_IOU_MIN = 0.5;

/** Standard deviation of a measured position, as a share of the box's size. */
const POSITION_DEVIATION = 0.05;
/** Standard deviation of the velocity of a new track, in its own sizes a second. */
const VELOCITY_DEVIATION = 4;
/** Power of the random acceleration, in its own sizes^2 / s^3. */
const ACCELERATION_DENSITY = 4;
/** Weight of a new box's size beside the size so far: what grows comes into view, what shrinks may be hidden. */
const GROWTH_GAIN = 0.5;
const SHRINK_GAIN = 0.1;

interface Track {
  /** 0 until confirmed. */
  id: number;
  readonly label: string;
  readonly centreX: ConstantVelocity;
  readonly centreY: ConstantVelocity;
  width: number;
  height: number;
  hits: number;
  seenAtUs: number;
}

export class Tracker {
  readonly #options: TrackerOptions;
  #tracks: Track[] = [];
  #nextId: number;
  #atUs: number | null = null;

  /** @param nextId the first id to give: 1, or beyond what this source was given before */
  constructor(options: TrackerOptions, nextId = 1) {
    this.#options = options;
    this.#nextId = nextId;
  }

  /** The id that the next confirmed track gets. */
  get nextId(): number {
    return this.#nextId;
  }

  /**
   * Follows the boxes of one task.
   *
   * @param frames of each frame its boxes, in order of time
   * @param ptsUs of each frame its time in the source, in microseconds; where one is before the last, all tracks end
   * @returns of each frame the boxes that belong to a track, with its id
   */
  follow(frames: readonly (readonly Detection[])[], ptsUs: readonly number[]): Detection[][] {
    const matched = frames.map((detections, index) =>
      this.#step(detections, ptsUs[index] ?? this.#atUs ?? 0),
    );
    return matched.map((pairs) =>
      pairs.flatMap(({ detection, track }) => (track.id === 0 ? [] : [{ ...detection, trackId: track.id }])),
    );
  }

  #step(
    detections: readonly Detection[],
    atUs: number,
  ): { readonly detection: Detection; readonly track: Track }[] {
    const { hitsMin, lostAfterMs, tentativeAfterMs, tracksMax, scoreSure } = this.#options;
    // Where time has gone backwards it is unknown how long a track has been out of sight.
    if (this.#atUs !== null && atUs < this.#atUs) this.#tracks = [];
    const beforeUs = this.#atUs ?? atUs;
    const seconds = Math.max(0, atUs - beforeUs) / 1e6;
    this.#atUs = atUs;
    this.#tracks = this.#tracks.filter(
      (track) => atUs - track.seenAtUs <= (track.id === 0 ? tentativeAfterMs : lostAfterMs) * 1_000,
    );
    for (const { centreX, centreY, width, height } of this.#tracks) {
      centreX.predict(seconds, ACCELERATION_DENSITY * width ** 2);
      centreY.predict(seconds, ACCELERATION_DENSITY * height ** 2);
    }
    const trackOf = this.#associateAll(detections, beforeUs);
    return detections.flatMap((detection) => {
      let track = trackOf.get(detection);
      if (track !== undefined) {
        correct(track, detection);
      } else if (detection.score >= scoreSure && this.#tracks.length < tracksMax) {
        track = trackAt(detection);
        this.#tracks.push(track);
      } else {
        return [];
      }
      track.hits++;
      track.seenAtUs = atUs;
      if (track.id === 0 && track.hits >= hitsMin) track.id = this.#nextId++;
      return [{ detection, track }];
    });
  }

  /** Confirmed tracks choose first: a new one may be only a part of one that shows beside an obstacle. */
  #associateAll(detections: readonly Detection[], beforeUs: number): ReadonlyMap<Detection, Track> {
    const { iouMin, reach, scoreSure } = this.#options;
    const trackOf = new Map<Detection, Track>();
    const taken = new Set<Track>();
    const associate = (
      boxes: readonly Detection[],
      tracks: readonly Track[],
      how: { readonly iouMin: number; readonly reach: number },
    ): void => {
      const left = tracks.filter((track) => !taken.has(track));
      for (const [detection, track] of pairsOf(boxes, left, how)) {
        trackOf.set(detection, track);
        taken.add(track);
      }
    };
    const [sure, unsure] = split(detections, ({ score }) => score >= scoreSure);
    const [confirmed, tentative] = split(this.#tracks, ({ id }) => id !== 0);
    associate(sure, confirmed, { iouMin, reach });
    const inSight = confirmed.filter(({ seenAtUs }) => seenAtUs >= beforeUs);
    associate(unsure, inSight, { iouMin: UNSURE_IOU_MIN, reach: 0 });
    const left = sure.filter((detection) => !trackOf.has(detection));
    associate(left, tentative, { iouMin, reach });
    return trackOf;
  }
}

function split<T>(values: readonly T[], isFirst: (value: T) => boolean): readonly [T[], T[]] {
  const [first, second]: [T[], T[]] = [[], []];
  for (const value of values) (isFirst(value) ? first : second).push(value);
  return [first, second];
}

/** Each detection with the track of its label that it is near enough to: as many pairs as can be, at the greatest overlap. */
function pairsOf(
  detections: readonly Detection[],
  tracks: readonly Track[],
  { iouMin, reach }: { readonly iouMin: number; readonly reach: number },
): readonly (readonly [Detection, Track])[] {
  const found = detections.map((detection) => ({ detection, box: grown(detection, reach) }));
  const predicted = tracks.map((track) => ({ track, box: grown(boxOf(track), reach) }));
  const pairs = pairUp(found, predicted, ({ detection, box }, { track, box: prediction }) => {
    if (detection.label !== track.label) return null;
    const overlap = iou(box, prediction);
    return overlap >= iouMin ? 1 - overlap : null;
  });
  return pairs.map(([{ detection }, { track }]) => [detection, track] as const);
}

function trackAt({ x, y, width, height, label }: Detection): Track {
  return {
    id: 0,
    label,
    centreX: new ConstantVelocity(x + width / 2, POSITION_DEVIATION * width, VELOCITY_DEVIATION * width),
    centreY: new ConstantVelocity(y + height / 2, POSITION_DEVIATION * height, VELOCITY_DEVIATION * height),
    width,
    height,
    hits: 0,
    seenAtUs: 0,
  };
}

function correct(track: Track, { x, y, width, height }: Detection): void {
  track.centreX.correct(centreOf(x, width, track.width, track.centreX.position), POSITION_DEVIATION * width);
  track.centreY.correct(
    centreOf(y, height, track.height, track.centreY.position),
    POSITION_DEVIATION * height,
  );
  track.width += (width > track.width ? GROWTH_GAIN : SHRINK_GAIN) * (width - track.width);
  track.height += (height > track.height ? GROWTH_GAIN : SHRINK_GAIN) * (height - track.height);
}

/**
 * The centre of an object of `size` of which a part from `start` on shows. A box that is smaller than its track counts as
 * partly hidden, and of all places where the object would cover it the one nearest to `predicted` is taken.
 */
function centreOf(start: number, shown: number, size: number, predicted: number): number {
  if (shown >= size) return start + shown / 2;
  return Math.min(Math.max(predicted, start + shown - size / 2), start + size / 2);
}

function boxOf({ centreX, centreY, width, height }: Track): Box {
  return { x: centreX.position - width / 2, y: centreY.position - height / 2, width, height };
}

function grown({ x, y, width, height }: Box, share: number): Box {
  return {
    x: x - width * share,
    y: y - height * share,
    width: width * (1 + 2 * share),
    height: height * (1 + 2 * share),
  };
}
