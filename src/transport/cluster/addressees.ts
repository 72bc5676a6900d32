/** Reads to which actor of this node an envelope is addressed, and keeps what other nodes address again and again. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import { parseActorPath } from "../../runtime/address.js";
import type { ActorPath } from "../../runtime/brand.js";
import type { ActorSystem } from "../../runtime/system.js";
import type { ByteReader } from "../codec/byte-reader.js";

export interface Addressee {
  readonly path: ActorPath;
  readonly ref: ActorRef<unknown>;
}

/** Addressees that are kept; one more and all are dropped. */
const KEPT_MAX = 4_096;

export class Addressees {
  readonly #system: ActorSystem;
  /** By path, with the incarnation if there is one. */
  readonly #kept = new Map<string, Addressee>();

  constructor(system: ActorSystem) {
    this.#system = system;
  }

  /** @throws MalformedError; RuntimeError `address-invalid` */
  read(reader: ByteReader): Addressee {
    const text = reader.text();
    const number = reader.varint();
    const key = number === 0 ? text : `${text}#${number}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.path === text) return kept;
    // With an incarnation at its end it would not be the path that the guard knows the actor by.
    const path = parseActorPath(text);
    const ref = this.#system.resolve<unknown>(`sluice://${this.#system.name}${key}`);
    const addressee: Addressee = { path, ref };
    // A reply address is used once; an actor's again and again.
    if (!path.startsWith("/$ask/")) {
      if (this.#kept.size >= KEPT_MAX) this.#kept.clear();
      this.#kept.set(key, addressee);
    }
    return addressee;
  }
}
