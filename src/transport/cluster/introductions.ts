/**
 * Introductions that a hub makes: of two members, the one that can be dialled is told the key first, and the other one once that
 * one waits for it. Nobody ever dials with a key that is not known yet, or not wanted any more.
 */

import { RateLimit } from "../../runtime/rate-limit.js";
import type { Member } from "./cluster.js";

/** A node asks once in 30 s for each other that it sends to, and there are 1,000 members at most. */
const INTRODUCTIONS = { perSecond: 35, burst: 1_000 };

/** Who is to dial whom. */
interface Introduction {
  readonly dialler: Member;
  readonly listener: Member;
  readonly token: string;
}

export class Introductions {
  readonly #newKey: () => string;
  readonly #limits = new Map<number, RateLimit>();
  /** Keys that their listener has not taken yet, by its session and that of who is to dial: the newest of each two. */
  readonly #offered = new Map<number, Map<number, string>>();

  /** @param newKey `ID.SECRET`, another one each time */
  constructor(newKey: () => string) {
    this.#newKey = newKey;
  }

  /** A member may ask from now on. */
  enter({ session }: Member, nowMs: number): void {
    this.#limits.set(session, new RateLimit(INTRODUCTIONS, nowMs));
  }

  leave({ session }: Member): void {
    this.#limits.delete(session);
    this.#offered.delete(session);
    for (const offered of this.#offered.values()) offered.delete(session);
  }

  /** @returns false if the member has asked too often */
  mayAsk({ session }: Member, nowMs: number): boolean {
    return this.#limits.get(session)?.take(nowMs) === true;
  }

  /** The one of the two that listens is to be told this key. @returns null if neither can be dialled */
  offer(asker: Member, wanted: Member): Introduction | null {
    const [dialler, listener] = wanted.url === null ? [wanted, asker] : [asker, wanted];
    if (listener.url === null) return null;
    const token = this.#newKey();
    const offered = this.#offered.get(listener.session) ?? new Map<number, string>();
    this.#offered.set(listener.session, offered.set(dialler.session, token));
    return { dialler, listener, token };
  }

  /** The listener waits for this key. @returns false if it was not offered it, or another one since */
  taken(listener: Member, diallerSession: number, token: string): boolean {
    const offered = this.#offered.get(listener.session);
    return offered?.get(diallerSession) === token && offered.delete(diallerSession);
  }
}
