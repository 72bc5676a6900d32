/**
 * A queue that serves owners in turn: however many things one of them has in it, the next of another comes after one of each.
 */
export class Turns<Thing> {
  /** By owner, whose turn is next first; none is empty. */
  readonly #queues = new Map<string, Set<Thing>>();
  readonly #ownerOf = new Map<Thing, string>();

  /** Whether `take` has something to give. */
  has(may: (owner: string) => boolean): boolean {
    for (const owner of this.#queues.keys()) if (may(owner)) return true;
    return false;
  }

  /** Behind all others of `owner`. A thing that is in the queue is deleted before it is added again. */
  add(owner: string, thing: Thing): void {
    const queue = this.#queues.get(owner);
    if (queue === undefined) this.#queues.set(owner, new Set([thing]));
    else queue.add(thing);
    this.#ownerOf.set(thing, owner);
  }

  /** The first thing of whose turn it is, of those who may, and whose it is; undefined where there is none. */
  take(may: (owner: string) => boolean): readonly [thing: Thing, owner: string] | undefined {
    for (const [owner, queue] of this.#queues) {
      if (!may(owner)) continue;
      for (const thing of queue) {
        this.delete(thing);
        // Behind the others, unless it was the last one.
        if (this.#queues.delete(owner)) this.#queues.set(owner, queue);
        return [thing, owner];
      }
    }
    return undefined;
  }

  /** All that `owner` has in it. */
  takeAll(owner: string): readonly Thing[] {
    const things = [...(this.#queues.get(owner) ?? [])];
    for (const thing of things) this.delete(thing);
    return things;
  }

  delete(thing: Thing): void {
    const owner = this.#ownerOf.get(thing);
    const queue = owner === undefined ? undefined : this.#queues.get(owner);
    if (owner === undefined || queue === undefined) return;
    this.#ownerOf.delete(thing);
    queue.delete(thing);
    if (queue.size === 0) this.#queues.delete(owner);
  }
}
