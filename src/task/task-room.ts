/**
 * The bytes of other nodes' tasks that wait at a node, wherever in it: counts alone bound nothing where one task has 50 MB. Those
 * of its own sources are bounded by their windows.
 */

import { FairRoom } from "./fair-room.js";
import { ownerOf } from "./origin.js";
import type { Task } from "./task.js";

/** What a task takes beside its pixels and what was found, and each of its hops and detections, in bytes: about what V8 does. */
const HEADER_BYTES = 2_048;
const HOP_BYTES = 256;
const DETECTION_BYTES = 128;

export class TaskRoom {
  readonly #room: FairRoom<unknown>;
  readonly #node: string | null;

  /**
   * @param bytesMax of all nodes together, shared as in any `FairRoom`
   * @param node whose own tasks are not counted; null counts all
   */
  constructor(bytesMax: number, node: string | null) {
    this.#room = new FairRoom(bytesMax);
    this.#node = node;
  }

  /** Bytes of what is in it. */
  get bytes(): number {
    return this.#room.size;
  }

  /**
   * Takes a task in.
   *
   * @param place where it waits: nothing else waits there
   * @returns false where there is no room for it, or no more for tasks of its node
   */
  enter(place: unknown, task: Task): boolean {
    const owner = ownerOf(task);
    return owner === this.#node || this.#room.enter(place, owner, weightOf(task));
  }

  /** Gives a place back; nothing where nobody has it. */
  leave(place: unknown): void {
    this.#room.leave(place);
  }
}

function weightOf({ payload, results, hops }: Task): number {
  let bytes = HEADER_BYTES + hops.length * HOP_BYTES;
  for (const { data } of payload?.frames ?? []) bytes += data.byteLength;
  for (const { frames } of results.values()) {
    for (const found of frames) bytes += found.length * DETECTION_BYTES;
  }
  return bytes;
}
