/**
 * What a record found, as people speak of it. A detector, a tracker and a classifier each report the same box: together they
 * are one thing, such as the track 3 that is a `car red`.
 */

import type { StoredResult } from "./record.js";
import type { Detection, StageResult } from "./service.js";

/** One thing in one frame. Coordinates are those of its box, shares of the frame, 0 to 1. */
export interface Sighting {
  /** What the detector or the tracker calls it. */
  readonly label: string;
  /** The label and what else was said of the same box: `car red`. */
  readonly name: string;
  readonly trackId: number | null;
  /** Index in the task. */
  readonly frame: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** All sightings of one name in a record. */
export interface FoundName {
  readonly name: string;
  readonly label: string;
  /** Ascending; empty where nothing was tracked. */
  readonly trackIds: readonly number[];
  /** Tracks, or without them the most in one frame. */
  readonly count: number;
  /** The last sighting of each track, or without tracks those of the last frame that has any. */
  readonly last: readonly Sighting[];
}

/** Whose label comes first in a name: a tracker's, a detector's, any other's. */
function rankOf({ type }: StageResult): number {
  if (type === "tracks") return 0;
  return type === "boxes" ? 1 : 2;
}

/** In order of frames. Boxes that no tracker has taken are left out where it has taken others of their label. */
export function sightingsOf({
  results,
  frameCount,
}: Pick<StoredResult, "results" | "frameCount">): Sighting[] {
  const stages = Object.values(results).sort((a, b) => rankOf(a) - rankOf(b));
  const all = Array.from({ length: frameCount }, (_, frame) => sightingsInFrame(stages, frame)).flat();
  const tracked = new Set(all.flatMap(({ label, trackId }) => (trackId === null ? [] : [label])));
  return all.filter(({ label, trackId }) => trackId !== null || !tracked.has(label));
}

function sightingsInFrame(stages: readonly StageResult[], frame: number): Sighting[] {
  const boxes = new Map<string, Detection[]>();
  for (const { frames } of stages) {
    for (const detection of frames[frame] ?? []) {
      const { x, y, width, height } = detection;
      const key = `${x} ${y} ${width} ${height}`;
      const same = boxes.get(key);
      if (same === undefined) boxes.set(key, [detection]);
      else same.push(detection);
    }
  }
  return [...boxes.values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    const { label, x, y, width, height } = first;
    const trackId = same.find((detection) => detection.trackId !== undefined)?.trackId ?? null;
    const name = [...new Set(same.map((detection) => detection.label))].join(" ");
    return [{ label, name, trackId, frame, x, y, width, height }];
  });
}

/** What was found in a record, the most frequent first. A track has the name by which it was seen most. */
export function foundIn(record: Pick<StoredResult, "results" | "frameCount">): FoundName[] {
  const sightings = sightingsOf(record);
  const nameOf = namesByTrack(sightings);
  const byName = new Map<string, Sighting[]>();
  for (const sighting of sightings) {
    const name = (sighting.trackId === null ? null : nameOf.get(sighting.trackId)) ?? sighting.name;
    byName.set(name, [...(byName.get(name) ?? []), sighting]);
  }
  return [...byName]
    .map(([name, own]) => summedUp(name, own))
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
}

function summedUp(name: string, own: readonly Sighting[]): FoundName {
  const lastOf = new Map<number, Sighting>();
  const perFrame = new Map<number, Sighting[]>();
  for (const sighting of own) {
    if (sighting.trackId !== null) lastOf.set(sighting.trackId, sighting);
    perFrame.set(sighting.frame, [...(perFrame.get(sighting.frame) ?? []), sighting]);
  }
  const trackIds = [...lastOf.keys()].sort((a, b) => a - b);
  const most = [...perFrame.values()].reduce((max, { length }) => Math.max(max, length), 0);
  return {
    name,
    label: own[0]?.label ?? name,
    trackIds,
    count: trackIds.length > 0 ? trackIds.length : most,
    last: trackIds.length > 0 ? [...lastOf.values()] : ([...perFrame.values()].at(-1) ?? []),
  };
}

function namesByTrack(sightings: readonly Sighting[]): ReadonlyMap<number, string> {
  const votes = new Map<number, Map<string, number>>();
  for (const { trackId, name } of sightings) {
    if (trackId === null) continue;
    const own = votes.get(trackId) ?? new Map<string, number>();
    own.set(name, (own.get(name) ?? 0) + 1);
    votes.set(trackId, own);
  }
  return new Map([...votes].map(([trackId, names]) => [trackId, mostVoted(names)]));
}

/** The name with most votes; of several the first. Empty where there is none. */
export function mostVoted(votes: ReadonlyMap<string, number>): string {
  let best = "";
  let most = 0;
  for (const [name, count] of votes) {
    if (count <= most) continue;
    best = name;
    most = count;
  }
  return best;
}
