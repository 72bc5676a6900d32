/**
 * What a run has found, folded from stored records: of each source every kind of thing, how many tracks of it there were, and
 * when it was seen first and last.
 *
 * FD1 A track is counted once, under the name by which it was seen most.
 * FD2 At most `KINDS_MAX` kinds and `TRACKS_MAX` tracks are kept apart: further kinds are counted under `other`, and a track
 *    that was not seen for the longest is counted under the name it has by then.
 */

import type { SourceId } from "../task/identity.js";
import type { StoredResult } from "../task/record.js";
import { mostVoted, sightingsOf, type Sighting } from "../task/sightings.js";

/** When something was seen. */
export interface Moment {
  /** Since the Unix epoch, by the cluster's clock. */
  readonly atMs: number;
  /** Time in the source, in microseconds; null of a live source, whose own time says little. */
  readonly sourceUs: number | null;
}

/** One kind of thing that a source has seen. */
export interface FoundKind {
  readonly sourceId: SourceId;
  /** The detector's label and what else was said of the same box: `car red`. */
  readonly name: string;
  /** 0 where the pipeline tracks nothing. */
  readonly tracks: number;
  /** Frames that it was seen in; two of a kind in one frame count twice. */
  readonly sightings: number;
  /** Most in one frame. */
  readonly atOnce: number;
  readonly first: Moment;
  readonly last: Moment;
}

interface Counts {
  tracks: number;
  sightings: number;
  atOnce: number;
  first: Moment;
  last: Moment;
}

interface Track {
  readonly sourceId: SourceId;
  readonly votes: Map<string, number>;
  readonly seen: Counts;
}

interface Kind {
  readonly sourceId: SourceId;
  readonly name: string;
  /** Empty of kinds counted under `other`. */
  readonly label: string;
  readonly counts: Counts;
}

export interface Found {
  readonly kinds: Map<string, Kind>;
  /** Least recently seen first. */
  readonly tracks: Map<string, Track & { readonly label: string }>;
}

export const KINDS_MAX = 1_024;
export const TRACKS_MAX = 4_096;
const OTHER = "other";

export function createFound(): Found {
  return { kinds: new Map(), tracks: new Map() };
}

/** Folds one record in. */
export function addFound(found: Found, record: StoredResult): void {
  const { sourceId, incarnation } = record.id;
  const atOnce = new Map<string, number>();
  for (const sighting of sightingsOf(record)) {
    const moment = momentOf(record, sighting);
    const inFrame = `${sighting.frame} ${sighting.name}`;
    const beside = (atOnce.get(inFrame) ?? 0) + 1;
    atOnce.set(inFrame, beside);
    const seen: Counts = { tracks: 0, sightings: 1, atOnce: beside, first: moment, last: moment };
    if (sighting.trackId === null) {
      addCounts(found.kinds, { sourceId, name: sighting.name, label: sighting.label, counts: seen });
    } else {
      addToTrack(found, `${sourceId}/${incarnation}/${sighting.trackId}`, sourceId, sighting, seen);
    }
  }
}

function addToTrack(found: Found, key: string, sourceId: SourceId, sighting: Sighting, seen: Counts): void {
  const { label, name } = sighting;
  const track = found.tracks.get(key) ?? {
    sourceId,
    label,
    votes: new Map<string, number>(),
    seen: { ...seen, tracks: 1, sightings: 0 },
  };
  track.votes.set(name, (track.votes.get(name) ?? 0) + 1);
  join(track.seen, seen);
  found.tracks.delete(key);
  found.tracks.set(key, track);
  if (found.tracks.size <= TRACKS_MAX) return;
  for (const [oldest, left] of found.tracks) {
    addCounts(found.kinds, kindOf(left));
    found.tracks.delete(oldest);
    return;
  }
}

/** Of each source the kinds with most tracks first. What no tracker took is left out where it took others of that label. */
export function summariseFound({ kinds, tracks }: Found): FoundKind[] {
  const all = new Map([...kinds].map(([key, kind]) => [key, { ...kind, counts: { ...kind.counts } }]));
  for (const track of tracks.values()) addCounts(all, kindOf(track));
  const tracked = new Set(
    [...all.values()].flatMap(({ sourceId, label, counts }) =>
      counts.tracks > 0 ? [`${sourceId}/${label}`] : [],
    ),
  );
  return [...all.values()]
    .filter(({ sourceId, label, counts }) => counts.tracks > 0 || !tracked.has(`${sourceId}/${label}`))
    .map(({ sourceId, name, counts }) => ({ sourceId, name, ...counts }))
    .sort((a, b) => order(a.sourceId, b.sourceId) || b.tracks - a.tracks || b.sightings - a.sightings);
}

function kindOf({ sourceId, label, votes, seen }: Track & { readonly label: string }): Kind {
  return { sourceId, label, name: mostVoted(votes), counts: { ...seen } };
}

/** Adds to the kind of that name. */
function addCounts(kinds: Map<string, Kind>, { sourceId, name, label, counts }: Kind): void {
  const key = `${sourceId}/${name}`;
  const known = kinds.get(key);
  if (known !== undefined) return join(known.counts, counts);
  if (kinds.size < KINDS_MAX) {
    kinds.set(key, { sourceId, name, label, counts });
    return;
  }
  const other = kinds.get(OTHER);
  if (other === undefined) kinds.set(OTHER, { sourceId, name: OTHER, label: "", counts });
  else join(other.counts, counts);
}

function join(counts: Counts, more: Counts): void {
  counts.tracks += more.tracks;
  counts.sightings += more.sightings;
  counts.atOnce = Math.max(counts.atOnce, more.atOnce);
  if (more.first.atMs < counts.first.atMs) counts.first = more.first;
  if (more.last.atMs > counts.last.atMs) counts.last = more.last;
}

function momentOf({ framePtsUs, frames, sourceAtMs }: StoredResult, { frame }: Sighting): Moment {
  const sourceUs = framePtsUs[frame] ?? 0;
  return {
    atMs: sourceAtMs + (sourceUs - (framePtsUs[0] ?? sourceUs)) / 1_000,
    sourceUs: frames === undefined ? null : sourceUs,
  };
}

function order(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
