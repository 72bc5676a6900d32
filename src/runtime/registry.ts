/** Finds actors by key and sends subscribers each change. An actor that is gone is removed. */

import type { ActorRef } from "./actor-ref.js";
import type { Brand } from "./brand.js";

declare const message: unique symbol;

/** A key under which actors that take `Message` are found. */
export type RegistryKey<Message> = Brand<string, "RegistryKey"> & {
  /** Never there: tells keys of different messages apart. */
  readonly [message]?: (message: Message) => void;
};

/** Makes a key; the caller says what the actors under it take. Equal names are equal keys. */
export function registryKey<Message>(name: string): RegistryKey<Message> {
  return name as RegistryKey<Message>;
}

/** All actors under a key at one moment, in the order of their registration. */
export interface Listing<Message> {
  readonly type: "listing";
  readonly key: RegistryKey<Message>;
  readonly refs: readonly ActorRef<Message>[];
}

/** The actors of one node that others find by key. */
export interface Registry {
  /** Registers `ref` until it is gone. Idempotent. @returns removes it earlier. */
  register<Message>(key: RegistryKey<Message>, ref: ActorRef<Message>): () => void;
  /** All actors that are registered under `key` now, in the order of their registration. */
  find<Message>(key: RegistryKey<Message>): readonly ActorRef<Message>[];
  /** Sends `subscriber` the listing now and at each change, until it is gone. @returns ends the subscription. */
  subscribe<Message>(key: RegistryKey<Message>, subscriber: ActorRef<Listing<Message>>): () => void;
}

/** A registration or subscription of `ref`, which is watched as long as it lasts. */
interface Slot {
  readonly ref: ActorRef<never>;
  /** Sends a subscriber the listing. */
  readonly notify: () => void;
  readonly unwatch: () => void;
}

/** All that there is under one key, by address. */
interface Group {
  readonly refs: Map<string, Slot>;
  readonly subscribers: Map<string, Slot>;
}

/** Calls `onEnd` once when `ref` is gone. @returns ends the watch. */
type WatchEnd = (ref: ActorRef<never>, onEnd: () => void) => () => void;

/** A registry in memory. */
export class LocalRegistry implements Registry {
  readonly #watch: WatchEnd;
  readonly #groups = new Map<string, Group>();

  constructor(watch: WatchEnd) {
    this.#watch = watch;
  }

  register<Message>(key: RegistryKey<Message>, ref: ActorRef<Message>): () => void {
    const group = this.#group(key);
    if (!group.refs.has(ref.address)) {
      this.#put(key, "refs", ref, () => {});
      announce(group);
    }
    return () => this.#remove(key, "refs", ref);
  }

  find<Message>(key: RegistryKey<Message>): readonly ActorRef<Message>[] {
    return refsOf(this.#groups.get(key));
  }

  subscribe<Message>(key: RegistryKey<Message>, subscriber: ActorRef<Listing<Message>>): () => void {
    const group = this.#group(key);
    const notify = () => subscriber.tell({ type: "listing", key, refs: refsOf(group) });
    if (!group.subscribers.has(subscriber.address)) this.#put(key, "subscribers", subscriber, notify);
    notify();
    return () => this.#remove(key, "subscribers", subscriber);
  }

  #group(key: string): Group {
    let group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, (group = { refs: new Map(), subscribers: new Map() }));
    return group;
  }

  #put(key: string, to: keyof Group, ref: ActorRef<never>, notify: () => void): void {
    const unwatch = this.#watch(ref, () => this.#remove(key, to, ref));
    this.#group(key)[to].set(ref.address, { ref, notify, unwatch });
  }

  #remove(key: string, from: keyof Group, ref: ActorRef<never>): void {
    const group = this.#groups.get(key);
    const slot = group?.[from].get(ref.address);
    if (group === undefined || slot === undefined) return;
    slot.unwatch();
    group[from].delete(ref.address);
    if (from === "refs") announce(group);
    if (group.refs.size + group.subscribers.size === 0) this.#groups.delete(key);
  }
}

function announce(group: Group): void {
  for (const { notify } of group.subscribers.values()) notify();
}

function refsOf<Message>(group: Group | undefined): readonly ActorRef<Message>[] {
  // The key under which they were registered is typed by what they take.
  const refs = [...(group?.refs.values() ?? [])].map(({ ref }) => ref);
  return refs as unknown as readonly ActorRef<Message>[];
}
