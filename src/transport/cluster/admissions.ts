/**
 * Which nodes a hub admits, under which session.
 *
 * AD0 A name belongs to the key that joined with it first, whether its node answers, stands still or is down. A key that ends
 *     with its process has a name that nobody has for as long as its node is a member.
 * AD1 A name belongs to one incarnation of a node at a time. A node that comes under a name in use waits while its holder is
 *     probed: if that answers, the newcomer is refused; if it does not within `probeMs`, the holder is down.
 * AD2 Sessions only grow, also over a restart of the hub (`sessions.ts`).
 */

import { parseNodeName } from "../../runtime/address.js";
import type { NodeName } from "../../runtime/brand.js";
import { TransportError } from "../errors.js";
import type { JoiningPeer } from "../link/acceptor-handshake.js";
import { handshakeFailed } from "../link/handshake-frames.js";
import type { SessionNumbers } from "../security/sessions.js";
import type { NameRegistry } from "../security/names.js";
import type { Peer } from "./node-core.js";

export interface AdmissionOptions {
  readonly sessions: SessionNumbers;
  /** Name of the hub itself. */
  readonly hub: NodeName;
  readonly cluster: string;
  /** How many members there may be, the hub included. */
  readonly membersMax: number;
  /** How long the holder of a name has to answer a probe, in ms. */
  readonly probeMs: number;
  /** What a node is told as it joins, and nobody else. */
  readonly secretFor: (peer: JoiningPeer) => Uint8Array | null;
  /** Whose names are. */
  readonly names: NameRegistry;
  readonly memberCount: () => number;
  /** The member that has the name now. */
  readonly holderOf: (name: NodeName) => Peer | undefined;
  /** The key by which that member has its name. */
  readonly keyOf: (holder: Peer) => string | null;
  /** The holder of a name is down from now on. */
  readonly putOut: (holder: Peer, reason: string) => void;
}

export interface Admission {
  readonly session: number;
  /** Id of the token; null if none was needed. */
  readonly token: string | null;
  /** The key that it has its name by; null of a node without one. */
  readonly nameKey: string | null;
}

export class Admissions {
  readonly #options: AdmissionOptions;
  /** Admitted and not a member yet, by name. */
  readonly #open = new Map<string, Admission>();

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** @returns what to greet the node with, or why it may not join: `name-taken`, `cluster-full` */
  async admit(peer: JoiningPeer): Promise<{ readonly welcome: unknown } | TransportError> {
    const { name, token, nameKey } = peer;
    const { sessions, hub, cluster, membersMax, probeMs, memberCount, holderOf, putOut } = this.#options;
    const node = parseNodeName(name);
    if (node === hub) return nameTaken(name, "the hub itself has this name", "never");
    if (this.#open.has(name)) return nameTaken(name, "another node is joining under this name");
    const count = memberCount();
    if (count >= membersMax) {
      return new TransportError(`Cannot join as "${name}": the cluster is full with ${count} members`, {
        code: "cluster-full",
        retry: "backoff",
      });
    }
    // From here on nobody else joins under this name.
    this.#open.set(name, { session: 0, token, nameKey });
    const owner = this.#options.names.ownerOf(name);
    if (owner !== null && owner !== nameKey) {
      this.#open.delete(name);
      return nameOwned(name);
    }
    let session: number;
    try {
      session = await sessions.next();
    } catch (error) {
      this.#open.delete(name);
      return unkept("which sessions it gives", error);
    }
    this.#open.set(name, { session, token, nameKey });
    const holder = holderOf(node);
    if (holder !== undefined) {
      // Who has another key may be anybody: a node that stands still keeps its name until it is down.
      const taken = this.#options.keyOf(holder) !== nameKey || (await holder.link.probe(probeMs));
      if (taken) {
        this.#open.delete(name);
        return nameTaken(name, "a node of this name is a member");
      }
      putOut(holder, "did not answer when its name was wanted again");
    }
    const { names, secretFor } = this.#options;
    try {
      if (names.ownerOf(name) === null && nameKey !== null && peer.nameKeyLasts === "node") {
        await names.bind(name, nameKey);
      }
    } catch (error) {
      this.#open.delete(name);
      return unkept("whose the name is", error);
    }
    const secret = secretFor(peer);
    return {
      welcome: { session, hub, cluster, secret: secret && Buffer.from(secret).toString("base64url") },
    };
  }

  /** @see HubCluster.freeName */
  async freeName(name: NodeName): Promise<boolean> {
    const { names, holderOf, putOut } = this.#options;
    const freed = await names.free(name);
    const holder = holderOf(name);
    if (freed && holder !== undefined) putOut(holder, "its name was freed");
    return freed;
  }

  /** The node has become a member, or has gone before. @returns its admission; undefined if it has none */
  end(name: string): Admission | undefined {
    const admission = this.#open.get(name);
    this.#open.delete(name);
    return admission;
  }
}

function nameTaken(name: string, why: string, retry: "never" | "backoff" = "backoff"): TransportError {
  return new TransportError(`Cannot join as "${name}": ${why}; join under another name with --name`, {
    code: "name-taken",
    // The other one may go.
    retry,
  });
}

function nameOwned(name: string): TransportError {
  return new TransportError(
    `Cannot join as "${name}": the name belongs to another node; join under another name with --name, or free it where ` +
      `the hub runs with "sluice nodes forget ${name}"`,
    { code: "name-taken" },
  );
}

/** It may pass: the node tries again. */
function unkept(what: string, error: unknown): TransportError {
  return handshakeFailed(`the hub cannot keep ${what}`, error);
}
