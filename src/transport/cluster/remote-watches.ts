/**
 * Watches that cross nodes: those of this node on actors of others, and those of others on actors here.
 *
 * RW1 A watch fires once: with the end of its actor, or as unreachable when its member goes.
 * RW2 A member ends its own watches only, and fires only those on its own actors.
 */

import { formatAddress, type Address } from "../../runtime/address.js";
import type { Terminated } from "../../runtime/behaviour.js";
import type { ActorSystem } from "../../runtime/system.js";
import type { ByteReader } from "../codec/byte-reader.js";
import { MalformedError } from "../codec/malformed.js";
import type { Addressees } from "./addressees.js";
import { endCode, KIND, readEndReason, writeAddress } from "./envelope.js";
import type { EnvelopeSender } from "./envelope-sender.js";
import type { Route, Routes } from "./routes.js";

/** A watch of this node on an actor of the member with the session. */
interface OwnWatch {
  readonly session: number;
  readonly address: string;
  readonly listener: (event: Terminated) => void;
}

/** Watches that one member may have here. */
const WATCHERS_MAX = 100_000;

export class RemoteWatches {
  readonly #system: ActorSystem;
  readonly #routes: Routes;
  readonly #sender: EnvelopeSender;
  readonly #addressees: Addressees;
  readonly #own = new Map<number, OwnWatch>();
  #lastId = 0;

  constructor(system: ActorSystem, routes: Routes, sender: EnvelopeSender, addressees: Addressees) {
    this.#system = system;
    this.#routes = routes;
    this.#sender = sender;
    this.#addressees = addressees;
  }

  /** Calls `listener` once, later, when `target` or its node is gone. @returns ends the watch */
  watch(target: Address, listener: (event: Terminated) => void): () => void {
    const address = formatAddress(target);
    const route = this.#routes.byName(target.node);
    const id = ++this.#lastId;
    let watching = true;
    const fire = (event: Terminated): void => {
      if (!watching) return;
      watching = false;
      listener(event);
    };
    const fireSoon = (event: Terminated): void => this.#system.executor.soon(() => fire(event));
    if (route === undefined) {
      fireSoon({ address, reason: "unreachable" });
    } else {
      const { session } = route.member;
      this.#own.set(id, { session, address, listener: fireSoon });
      this.#sender.control(route, KIND.watch, (writer) => {
        writer.varint(id);
        writeAddress(writer, target.path, target.incarnation);
      });
    }
    return () => {
      watching = false;
      const watch = this.#own.get(id);
      if (watch === undefined) return;
      this.#own.delete(id);
      const current = this.#routes.bySession(watch.session);
      if (current !== undefined) this.#sender.control(current, KIND.unwatch, (writer) => writer.varint(id));
    };
  }

  /** The member of `route` is gone. */
  onMemberGone({ member, watchers }: Route): void {
    for (const unwatch of watchers.values()) unwatch();
    for (const [id, watch] of this.#own) {
      if (watch.session !== member.session) continue;
      this.#own.delete(id);
      watch.listener({ address: watch.address, reason: "unreachable" });
    }
  }

  /** A member watches an actor of this node. @throws MalformedError; RuntimeError `address-invalid` */
  onWatch(watcher: Route, reader: ByteReader): void {
    const id = reader.varint();
    const { ref } = this.#addressees.read(reader);
    const { session } = watcher.member;
    if (watcher.watchers.size >= WATCHERS_MAX || watcher.watchers.has(id)) {
      throw new MalformedError("A member watches too many actors, or one under the same id twice");
    }
    const unwatch = this.#system.watch(ref, ({ reason }) => {
      watcher.watchers.delete(id);
      const route = this.#routes.bySession(session);
      if (route === undefined) return;
      this.#sender.control(route, KIND.terminated, (writer) => {
        writer.varint(id);
        writer.u8(endCode(reason));
      });
    });
    watcher.watchers.set(id, unwatch);
  }

  /** @throws MalformedError */
  onUnwatch({ watchers }: Route, reader: ByteReader): void {
    const id = reader.varint();
    watchers.get(id)?.();
    watchers.delete(id);
  }

  /** An actor of `sender` that this node watches is gone. @throws MalformedError */
  onTerminated({ member }: Route, reader: ByteReader): void {
    const id = reader.varint();
    const reason = readEndReason(reader);
    const watch = this.#own.get(id);
    // This node may have ended it meanwhile.
    if (watch === undefined || watch.session !== member.session) return;
    this.#own.delete(id);
    watch.listener({ address: watch.address, reason });
  }
}
