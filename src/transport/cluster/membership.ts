/**
 * The members of a cluster as one node knows them, and the listeners for changes.
 *
 * Every member applies the same events in the same order: the hub makes them, under a sequence without gaps.
 */

import type { NodeName } from "../../runtime/brand.js";
import { errorText } from "../../runtime/errors.js";
import type { Logger } from "../../runtime/log.js";
import type { ClusterEvent, Member, MembershipEvent } from "./cluster.js";

export class Membership {
  readonly members = new Map<NodeName, Member>();
  readonly #listeners = new Set<(event: ClusterEvent) => void>();
  readonly #log: Logger;
  #sequence = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  get sequence(): number {
    return this.#sequence;
  }

  /** Starts over from a snapshot of the hub; listeners receive each member as `memberUp`. */
  reset(sequence: number, members: readonly Member[]): void {
    this.clear();
    this.#sequence = sequence;
    for (const member of members) {
      this.members.set(member.name, member);
      this.emit({ type: "memberUp", sequence, member });
    }
  }

  /** No member is known any more. */
  clear(): void {
    this.members.clear();
    this.#sequence = 0;
  }

  /** @returns false if the event is not the next one: one was skipped */
  apply(event: MembershipEvent): boolean {
    if (event.sequence !== this.#sequence + 1) return false;
    this.#sequence = event.sequence;
    const { member } = event;
    if (event.type === "memberUp") {
      this.members.set(member.name, member);
    } else if (event.type !== "memberLeaving" && this.members.get(member.name)?.session === member.session) {
      this.members.delete(member.name);
    }
    this.emit(event);
    return true;
  }

  subscribe(listener: (event: ClusterEvent) => void): () => void {
    const own = (event: ClusterEvent): void => listener(event);
    this.#listeners.add(own);
    for (const member of this.members.values()) own({ type: "memberUp", sequence: this.#sequence, member });
    return () => void this.#listeners.delete(own);
  }

  /** Passes `event` to every listener. */
  emit(event: ClusterEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (thrown) {
        // One listener's mistake must not keep the event from the others.
        this.#log.error("Cluster listener threw", { event: event.type, error: errorText(thrown) });
      }
    }
  }
}
