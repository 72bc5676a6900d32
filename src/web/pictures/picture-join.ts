/**
 * Brings pictures together with the results of their tasks.
 *
 * PJ1 A picture is shown with what was found in it, or not at all.
 * PJ2 Of a source nothing is shown that is older than what was shown before.
 * PJ3 What waits is bounded, by source and in bytes. What is too much is forgotten, and counted as left out: of the pictures of a
 *     source those that stand closest for their age, so that results find some however late they come.
 */

import { compareTaskIds, taskKey, type SourceId, type TaskId } from "../../task/identity.js";
import type { Picture } from "../../task/picture.js";
import type { StoredResult } from "../../task/record.js";
import { foundIn, type Found } from "../found.js";

/** A frame and what was found in it. */
export interface ShownPicture {
  readonly picture: Picture;
  readonly found: readonly Found[];
}

/** Of one source, that wait for the other half. */
const PICTURES_MAX = 16;
const RESULTS_MAX = 64;
/** Of all pictures that wait. */
const BYTES_MAX = 32 * 1024 * 1024;

interface Waiting {
  readonly picture: Picture;
  /** How many of the source came before it. */
  readonly at: number;
}

interface Side {
  /** Oldest first. */
  readonly pictures: Map<string, Waiting>;
  arrived: number;
  readonly found: Map<string, readonly Found[]>;
  shown: TaskId | null;
  left: number;
}

export class PictureJoin {
  readonly #sources = new Map<SourceId, Side>();
  #bytes = 0;

  /** Of pictures that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @returns what can be shown now; null where its result is not there yet */
  picture(picture: Picture): ShownPicture | null {
    const side = this.#side(picture.id.sourceId);
    const key = taskKey(picture.id);
    const found = side.found.get(key);
    if (found !== undefined) return this.#show(side, picture, found);
    if (this.#bytes + picture.jpeg.byteLength > BYTES_MAX && !this.#forgetOldest(side)) {
      side.left += 1;
      return null;
    }
    side.pictures.set(key, { picture, at: side.arrived++ });
    this.#bytes += picture.jpeg.byteLength;
    if (side.pictures.size > PICTURES_MAX) this.#forget(side, closest([...side.pictures.values()]), true);
    return null;
  }

  /** @returns what can be shown now; null where there is no picture of it */
  result(result: StoredResult): ShownPicture | null {
    const side = this.#sources.get(result.id.sourceId);
    // Nobody looks at the source.
    if (side === undefined) return null;
    const key = taskKey(result.id);
    const waiting = side.pictures.get(key);
    if (waiting !== undefined) return this.#show(side, waiting.picture, foundIn(result));
    side.found.set(key, foundIn(result));
    const [oldest] = side.found.keys();
    if (side.found.size > RESULTS_MAX && oldest !== undefined) side.found.delete(oldest);
    return null;
  }

  /** Somebody looks at the source from now on: its results are kept for a while. */
  begin(sourceId: SourceId): void {
    this.#side(sourceId);
  }

  /** Nobody looks at it any more. */
  end(sourceId: SourceId): void {
    for (const { picture } of this.#sources.get(sourceId)?.pictures.values() ?? [])
      this.#bytes -= picture.jpeg.byteLength;
    this.#sources.delete(sourceId);
  }

  #side(sourceId: SourceId): Side {
    let side = this.#sources.get(sourceId);
    if (side === undefined) {
      side = { pictures: new Map(), arrived: 0, found: new Map(), shown: null, left: 0 };
      this.#sources.set(sourceId, side);
    }
    return side;
  }

  #show(side: Side, picture: Picture, found: readonly Found[]): ShownPicture | null {
    const { shown } = side;
    const isNewer = shown === null || compareTaskIds(picture.id, shown) > 0;
    if (isNewer) {
      side.shown = picture.id;
      for (const [key, { picture: other }] of side.pictures) {
        if (compareTaskIds(other.id, picture.id) < 0) this.#forget(side, key, true);
      }
    }
    this.#forget(side, taskKey(picture.id), !isNewer);
    if (!isNewer) return null;
    const left = picture.left + side.left;
    side.left = 0;
    return { picture: { ...picture, left }, found };
  }

  #forgetOldest(side: Side): boolean {
    const [oldest] = side.pictures.keys();
    if (oldest !== undefined) this.#forget(side, oldest, true);
    return oldest !== undefined;
  }

  #forget(side: Side, key: string, isLeft: boolean): void {
    const waiting = side.pictures.get(key);
    if (isLeft) side.left += 1;
    if (waiting === undefined) return;
    side.pictures.delete(key);
    this.#bytes -= waiting.picture.jpeg.byteLength;
  }
}

/** @returns the key of the one with the least room between its neighbours, for its age. @param waiting at least three, oldest first */
function closest(waiting: readonly Waiting[]): string {
  const newest = waiting.at(-1)?.at ?? 0;
  const rooms = waiting.slice(1, -1).map(({ picture, at }, index) => {
    const [before = 0, after = 0] = [waiting[index]?.at, waiting[index + 2]?.at];
    return { key: taskKey(picture.id), room: (after - before) / (newest - at) };
  });
  return rooms.reduce((least, next) => (next.room < least.room ? next : least)).key;
}
