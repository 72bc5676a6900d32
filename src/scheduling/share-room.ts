/**
 * Who has the room that a node has for stages, where more is wanted of it than that.
 *
 * SR1 What tasks need comes before what stands by, and that before replicas.
 * SR2 Of each, what sources of the node itself want comes first. Then it is always the turn of the member whose sources have least
 *     of the room so far: no member gets less for what another one wants, or for coming later.
 * SR3 Each member's turn is that of its most important stage. Between members that have the same, what is there stays.
 */

import type { NodeCapacity } from "../task/offers.js";
import { stageKeyText, type NodeName, type StageKey } from "../task/identity.js";

/** Why a node is to load a stage, the most important first. */
export const RANKS = ["routed", "wanted", "standby", "replica"] as const;
export type Rank = (typeof RANKS)[number];

/** A stage that a node is to load. */
export interface Want {
  readonly key: StageKey;
  readonly bytes: number;
  readonly rank: Rank;
  readonly isLoaded: boolean;
  /** The nodes that capture the sources that it is for. */
  readonly members: ReadonlySet<NodeName>;
}

/** Infinity where there is no bound. */
export interface Room {
  readonly stagesMax: number;
  readonly memoryBytesMax: number;
}

/** What there is room for, the first to load first. `of`: the node whose room it is. */
export function shareRoom<W extends Want>(wants: readonly W[], of: NodeName, room: Room): readonly W[] {
  const given = new Set<W>();
  const taken = new Taken(room);
  const shares = new Map<NodeName, Taken>();
  const inOrder = wants
    .map((want) => ({ want, importance: importance(want), text: stageKeyText(want.key) }))
    .sort((a, b) => a.importance - b.importance || (a.text < b.text ? -1 : 1));
  const give = (want: W): void => {
    taken.add(want);
    given.add(want);
  };
  for (const ranks of [["routed", "wanted"], ["standby"], ["replica"]]) {
    const asked = inOrder.filter(({ want }) => ranks.includes(want.rank));
    for (const { want } of asked) if (want.members.has(of) && taken.hasRoomFor(want)) give(want);
    const turns = new Map<NodeName, typeof asked>();
    for (const one of asked) {
      for (const member of one.want.members) {
        if (member === of) continue;
        const those = turns.get(member) ?? [];
        those.push(one);
        turns.set(member, those);
      }
    }
    const queues = [...turns]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([member, all]) => ({ member, all, at: 0 }));
    while (!taken.isFull) {
      let next: { readonly want: W; readonly share: number; readonly importance: number } | null = null;
      let whose: Taken | null = null;
      for (const queue of queues) {
        const { member, all } = queue;
        let head = all[queue.at];
        while (head !== undefined && (given.has(head.want) || !taken.hasRoomFor(head.want)))
          head = all[(queue.at += 1)];
        if (head === undefined) continue;
        let share = shares.get(member);
        if (share === undefined) shares.set(member, (share = new Taken(room)));
        const turn = { want: head.want, share: share.share, importance: head.importance };
        if (next !== null && !isBefore(turn, next)) continue;
        next = turn;
        whose = share;
      }
      if (next === null) break;
      give(next.want);
      whose?.add(next.want);
    }
  }
  return [...given];
}

interface Turn {
  readonly share: number;
  readonly importance: number;
}

function isBefore(a: Turn, b: Turn): boolean {
  return a.share < b.share || (a.share === b.share && a.importance < b.importance);
}

/** What is loaded already comes before what is not. */
function importance({ rank, isLoaded }: Want): number {
  return 2 * RANKS.indexOf(rank) + (isLoaded ? 0 : 1);
}

/** Why a node has no room for a stage, for people: by their count, or else by their bytes. */
export function fullText(
  byCount: boolean,
  { stagesMax = 0, memoryBytesMax = 0 }: Partial<NodeCapacity> = {},
): string {
  const stages = stagesMax === 1 ? "1 stage" : `${stagesMax} stages`;
  const limit = byCount ? stages : `${Math.floor(memoryBytesMax / 1_048_576)} MiB of stages`;
  return `It may have no more than ${limit} loaded`;
}

/** How much of a room is taken. */
export class Taken {
  readonly #room: Room;
  #stages = 0;
  #bytes = 0;

  constructor(room: Room) {
    this.#room = room;
  }

  add({ bytes }: Pick<Want, "bytes">): void {
    this.#stages += 1;
    this.#bytes += bytes;
  }

  hasRoomFor({ bytes }: Pick<Want, "bytes">): boolean {
    return !this.isFull && this.#bytes + bytes <= this.#room.memoryBytesMax;
  }

  /** No stage is small enough. */
  get isFull(): boolean {
    return this.#stages >= this.#room.stagesMax;
  }

  /** Of what there is most of, from 0 on. */
  get share(): number {
    const { stagesMax, memoryBytesMax } = this.#room;
    return Math.max(this.#stages / Math.max(1, stagesMax), this.#bytes / Math.max(1, memoryBytesMax));
  }
}
