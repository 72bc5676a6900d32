/** Which link leads to which member: looked up by name to send, by session to receive. */

import type { NodeName } from "../../runtime/brand.js";
import type { MemoryShare } from "../../runtime/memory-budget.js";
import type { Decoder } from "../codec/decode.js";
import type { Link } from "../link/link.js";
import type { Member } from "./cluster.js";

/** Another member, and the link that leads to it. */
export interface Route {
  readonly member: Member;
  link: Link;
  /** Ends the watches that the member has on actors of this node, by the ids that it gave them. */
  readonly watchers: Map<number, () => void>;
  /** Reads what it says. */
  readonly decoder: Decoder;
  /** What of it waits here. */
  readonly origin: { readonly share: MemoryShare; bytes: number };
}

export class Routes {
  readonly #byName = new Map<NodeName, Route>();
  readonly #bySession = new Map<number, Route>();

  /** To the member that has the name now. */
  byName(name: NodeName): Route | undefined {
    return this.#byName.get(name);
  }

  bySession(session: number): Route | undefined {
    return this.#bySession.get(session);
  }

  add(member: Member, link: Link, inbound: Pick<Route, "decoder" | "origin">): void {
    const route: Route = { member, link, watchers: new Map(), ...inbound };
    this.#byName.set(member.name, route);
    this.#bySession.set(member.session, route);
  }

  /** @returns the route that led to `member`; null if there was none */
  remove(member: Member): Route | null {
    const route = this.#bySession.get(member.session);
    if (route === undefined) return null;
    this.#bySession.delete(member.session);
    // The name may belong to a later incarnation of the node already.
    if (this.#byName.get(member.name) === route) this.#byName.delete(member.name);
    return route;
  }

  /** From now on `link` leads to `member`. @returns the link before it; null if no route leads to `member` */
  reroute(member: Member, link: Link): Link | null {
    const route = this.#bySession.get(member.session);
    if (route === undefined) return null;
    const before = route.link;
    route.link = link;
    return before;
  }
}
