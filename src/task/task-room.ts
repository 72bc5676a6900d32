/**
 * The bytes of other nodes' tasks that wait at a node, wherever in it: counts alone bound nothing where one task has 50 MB. Those
 * of its own sources are bounded by their windows.
 */

import { FairRoom } from "./fair-room.js";
import { ownerOf } from "./origin.js";
import type { MemoryBudget } from "../runtime/memory-budget.js";
import type { StageResult } from "./service.js";
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
   * @param memory of the node: they are a part of it. Default: of nothing
   */
  constructor(bytesMax: number, node: string | null, memory: MemoryBudget | null = null) {
    this.#room = new FairRoom(bytesMax, memory && { budget: memory, part: "tasks" });
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

  /** Another delivery of a task takes its place. @returns false where there is no room for it: the place is as it was */
  replace(place: unknown, task: Task): boolean {
    const owner = ownerOf(task);
    return owner === this.#node || this.#room.replace(place, owner, weightOf(task));
  }

  /** What is kept of a task that has gone on. @returns false where there is no room for it */
  remember(place: unknown, task: Task, result: StageResult): boolean {
    const owner = ownerOf(task);
    return owner === this.#node || this.#room.replace(place, owner, HOP_BYTES + weightOfResult(result));
  }

  /** Gives a place back; nothing where nobody has it. */
  leave(place: unknown): void {
    this.#room.leave(place);
  }
}

function weightOf({ payload, results, hops }: Task): number {
  let bytes = HEADER_BYTES + hops.length * HOP_BYTES;
  for (const { data } of payload?.frames ?? []) bytes += data.byteLength;
  for (const result of results.values()) bytes += weightOfResult(result);
  return bytes;
}

function weightOfResult({ frames }: StageResult): number {
  let found = 0;
  for (const frame of frames) found += frame.length;
  return found * DETECTION_BYTES;
}
