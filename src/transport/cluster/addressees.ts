/** Reads to which actor of this node an envelope is addressed, and keeps the refs that other nodes use again and again. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { ActorSystem } from "../../runtime/system.js";
import type { ByteReader } from "../codec/byte-reader.js";

export interface Addressee {
  readonly path: string;
  readonly ref: ActorRef<unknown>;
}

/** Refs that are kept; one more and all are dropped. */
const REFS_MAX = 4_096;

export class Addressees {
  readonly #system: ActorSystem;
  readonly #refs = new Map<string, ActorRef<unknown>>();

  constructor(system: ActorSystem) {
    this.#system = system;
  }

  /** @throws MalformedError; RuntimeError `address-invalid` */
  read(reader: ByteReader): Addressee {
    const path = reader.text();
    const number = reader.varint();
    const key = number === 0 ? path : `${path}#${number}`;
    let ref = this.#refs.get(key);
    if (ref === undefined) {
      ref = this.#system.resolve<unknown>(`sluice://${this.#system.name}${key}`);
      // A reply address is used once; an actor's again and again.
      if (!path.startsWith("/$ask/")) {
        if (this.#refs.size >= REFS_MAX) this.#refs.clear();
        this.#refs.set(key, ref);
      }
    }
    return { path, ref };
  }
}
