/**
 * The keys by which introduced members may dial this node, each once.
 *
 * IK1 A key ends as it is used, with its time, with its member, or by newer ones of the same member, of which there are few.
 * IK2 Its time is a duration: no step of the clock ends or prolongs it.
 */

import type { Clock, TimerHandle } from "../../runtime/clock.js";
import { createMemoryTokens, type MemoryTokens } from "../security/memory-tokens.js";
import type { TokenAuthority } from "../security/token-authority.js";
import { parseToken } from "../security/token.js";
import type { Member } from "./cluster.js";

/** Keys of one member at a time: both sides may ask for an introduction, and ask again. */
const KEYS_MAX = 4;
/** How long the other member may dial with the key of an introduction, in ms. */
const KEY_TTL_MS = 30_000;

export class DirectKeys {
  readonly #clock: Clock;
  readonly #tokens: MemoryTokens = createMemoryTokens();
  /** Which member may dial with which key. */
  readonly #members = new Map<string, Member>();
  /** The ids of the keys of each of these by session, oldest first, and when they end. */
  readonly #keysOf = new Map<number, Map<string, TimerHandle>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Where those who dial have their keys looked up. */
  get authority(): TokenAuthority {
    return this.#tokens;
  }

  get size(): number {
    return this.#members.size;
  }

  /** @param text `ID.SECRET` */
  add(member: Member, text: string): void {
    const token = parseToken(text);
    const { roles, grants, session } = member;
    this.#tokens.admit(token, { roles, grants, expiresAtMs: Infinity });
    this.#members.set(token.id, member);
    const timer = this.#clock.after(KEY_TTL_MS, () => this.#forget(session, token.id));
    const keys = this.#keysOf.get(session) ?? new Map<string, TimerHandle>();
    this.#keysOf.set(session, keys.set(token.id, timer));
    const [oldest] = keys.keys();
    if (keys.size > KEYS_MAX && oldest !== undefined) this.#forget(session, oldest);
  }

  /** Whose key this is; null of one that has ended. @param id null where none was named */
  memberOf(id: string | null): Member | null {
    return this.#members.get(id ?? "") ?? null;
  }

  /** The member is gone, or has a link. */
  forget({ session }: Member): void {
    for (const id of this.#keysOf.get(session)?.keys() ?? []) this.#forget(session, id);
  }

  clear(): void {
    for (const member of this.#members.values()) this.forget(member);
  }

  #forget(session: number, id: string): void {
    const keys = this.#keysOf.get(session);
    keys?.get(id)?.cancel();
    keys?.delete(id);
    if (keys?.size === 0) this.#keysOf.delete(session);
    this.#members.delete(id);
    this.#tokens.forget(id);
  }
}
