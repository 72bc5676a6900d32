/** Finds actors of this node by key, and tells who subscribes whenever that changes. An actor that ends is taken out. */

import type { ActorRef } from "./actor-ref.js";
import type { Brand } from "./brand.js";
import type { Host } from "./host.js";

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

interface Shelf {
  readonly refs: Map<string, ActorRef<never>>;
  readonly subscribers: Map<string, () => void>;
}

export class LocalRegistry implements Registry {
  readonly #host: Host;
  readonly #shelves = new Map<string, Shelf>();

  constructor(host: Host) {
    this.#host = host;
  }

  register<Message>(key: RegistryKey<Message>, ref: ActorRef<Message>): () => void {
    const shelf = this.#shelf(key);
    if (!shelf.refs.has(ref.address)) {
      shelf.refs.set(ref.address, ref);
      this.#announce(shelf);
      this.#host.refOf(ref).watch(() => this.#remove(key, "refs", ref));
    }
    return () => this.#remove(key, "refs", ref);
  }

  find<Message>(key: RegistryKey<Message>): readonly ActorRef<Message>[] {
    return refsOf(this.#shelves.get(key));
  }

  subscribe<Message>(key: RegistryKey<Message>, subscriber: ActorRef<Listing<Message>>): () => void {
    const shelf = this.#shelf(key);
    const tell = () => subscriber.tell({ type: "listing", key, refs: refsOf(shelf) });
    if (!shelf.subscribers.has(subscriber.address)) {
      this.#host.refOf(subscriber).watch(() => this.#remove(key, "subscribers", subscriber));
    }
    shelf.subscribers.set(subscriber.address, tell);
    tell();
    return () => this.#remove(key, "subscribers", subscriber);
  }

  #shelf(key: string): Shelf {
    let shelf = this.#shelves.get(key);
    if (shelf === undefined) this.#shelves.set(key, (shelf = { refs: new Map(), subscribers: new Map() }));
    return shelf;
  }

  #remove(key: string, from: keyof Shelf, ref: ActorRef<never>): void {
    const shelf = this.#shelves.get(key);
    if (shelf?.[from].delete(ref.address) !== true) return;
    if (from === "refs") this.#announce(shelf);
    if (shelf.refs.size + shelf.subscribers.size === 0) this.#shelves.delete(key);
  }

  #announce(shelf: Shelf): void {
    for (const tell of shelf.subscribers.values()) tell();
  }
}

function refsOf<Message>(shelf: Shelf | undefined): readonly ActorRef<Message>[] {
  // The key under which they were registered is typed by what they take.
  return [...(shelf?.refs.values() ?? [])] as unknown as readonly ActorRef<Message>[];
}
