/** Finds actors of this node by key, and tells who subscribes whenever that changes. An actor that ends is taken out. */

import type { ActorRef } from "./actor-ref.js";
import type { Brand } from "./brand.js";

declare const message: unique symbol;

/** A key under which actors that take `Message` are found. */
export type RegistryKey<Message> = Brand<string, "RegistryKey"> & {
  readonly [message]?: (message: Message) => void;
};

export function registryKey<Message>(name: string): RegistryKey<Message> {
  return name as RegistryKey<Message>;
}

/** All actors under a key at one moment, in the order of their registration. */
export interface Listing<Message> {
  readonly type: "listing";
  readonly key: RegistryKey<Message>;
  readonly refs: readonly ActorRef<Message>[];
}

export interface Registry {
  /** Registers `ref` until it ends; once more is as good as once. @returns takes it out before. */
  register<Message>(key: RegistryKey<Message>, ref: ActorRef<Message>): () => void;
  find<Message>(key: RegistryKey<Message>): readonly ActorRef<Message>[];
  /** Tells `subscriber` the listing now and at each change, until it ends. @returns ends the subscription. */
  subscribe<Message>(key: RegistryKey<Message>, subscriber: ActorRef<Listing<Message>>): () => void;
}

/** What holds as long as `ref` lives and nobody ends it. */
interface Slot {
  readonly ref: ActorRef<never>;
  /** Of a subscription. */
  readonly tell: () => void;
  readonly unwatch: () => void;
}

interface Shelf {
  readonly refs: Map<string, Slot>;
  readonly subscribers: Map<string, Slot>;
}

/** Calls `onEnd` once when `ref` is gone. @returns ends the watch. */
type WatchEnd = (ref: ActorRef<never>, onEnd: () => void) => () => void;

export class LocalRegistry implements Registry {
  readonly #watch: WatchEnd;
  readonly #shelves = new Map<string, Shelf>();

  constructor(watch: WatchEnd) {
    this.#watch = watch;
  }

  register<Message>(key: RegistryKey<Message>, ref: ActorRef<Message>): () => void {
    const shelf = this.#shelf(key);
    if (!shelf.refs.has(ref.address)) {
      this.#put(key, "refs", ref, () => {});
      announce(shelf);
    }
    return () => this.#remove(key, "refs", ref);
  }

  find<Message>(key: RegistryKey<Message>): readonly ActorRef<Message>[] {
    return refsOf(this.#shelves.get(key));
  }

  subscribe<Message>(key: RegistryKey<Message>, subscriber: ActorRef<Listing<Message>>): () => void {
    const shelf = this.#shelf(key);
    const tell = () => subscriber.tell({ type: "listing", key, refs: refsOf(shelf) });
    if (!shelf.subscribers.has(subscriber.address)) this.#put(key, "subscribers", subscriber, tell);
    tell();
    return () => this.#remove(key, "subscribers", subscriber);
  }

  #shelf(key: string): Shelf {
    let shelf = this.#shelves.get(key);
    if (shelf === undefined) this.#shelves.set(key, (shelf = { refs: new Map(), subscribers: new Map() }));
    return shelf;
  }

  #put(key: string, to: keyof Shelf, ref: ActorRef<never>, tell: () => void): void {
    const unwatch = this.#watch(ref, () => this.#remove(key, to, ref));
    this.#shelf(key)[to].set(ref.address, { ref, tell, unwatch });
  }

  #remove(key: string, from: keyof Shelf, ref: ActorRef<never>): void {
    const shelf = this.#shelves.get(key);
    const slot = shelf?.[from].get(ref.address);
    if (shelf === undefined || slot === undefined) return;
    slot.unwatch();
    shelf[from].delete(ref.address);
    if (from === "refs") announce(shelf);
    if (shelf.refs.size + shelf.subscribers.size === 0) this.#shelves.delete(key);
  }
}

function announce(shelf: Shelf): void {
  for (const { tell } of shelf.subscribers.values()) tell();
}

function refsOf<Message>(shelf: Shelf | undefined): readonly ActorRef<Message>[] {
  // The key under which they were registered is typed by what they take.
  const refs = [...(shelf?.refs.values() ?? [])].map(({ ref }) => ref);
  return refs as unknown as readonly ActorRef<Message>[];
}
