/** The dialling side of a handshake: frames in, frames out, no I/O. */

import type { ClusterIdentity, Role } from "../cluster/cluster.js";
import { assertNever, CodedError } from "../../runtime/errors.js";
import { TransportError } from "../errors.js";
import type { NameKey } from "../security/name-key.js";
import { checkServerProof, clientProof, parseToken, type Token } from "../security/token.js";
import {
  encodeFrame,
  handshakeFailed,
  parseFromAcceptor,
  PROTOCOL,
  PROTOCOL_MIN,
  refusalOf,
  type Challenge,
} from "./handshake-frames.js";

export interface DialerIdentity {
  /** Name of the cluster that it must be; null for any. */
  readonly cluster: string | null;
  readonly name: string;
  readonly roles: readonly Role[];
  /** Where others can dial it; null if they cannot. */
  readonly url: string | null;
  readonly version: string;
  readonly pid: number;
}

export type DialerStep =
  | { readonly type: "send"; readonly frame: Uint8Array }
  /** `welcome` is what the other side said; unless this side has no token, the other has proved that it knows it. */
  | {
      readonly type: "done";
      readonly peer: ClusterIdentity & { readonly name: string };
      readonly welcome: unknown;
    }
  | { readonly type: "failed"; readonly error: CodedError<string> };

/** Looks at the cluster before this side proves anything. @throws CodedError where it is the wrong one */
export type CheckCluster = (there: ClusterIdentity) => void;

export class DialerHandshake {
  readonly #identity: DialerIdentity;
  readonly #token: Token | null;
  readonly #nameKey: NameKey | null;
  readonly #checkCluster: CheckCluster | null;
  readonly #hello: Uint8Array;
  #challenged: { readonly challenge: Challenge; readonly transcript: Uint8Array } | null = null;
  #over = false;

  /** @throws TransportError `token-invalid` if the text is not a token */
  constructor(options: {
    readonly identity: DialerIdentity;
    readonly token: string | null;
    /** Null of a node that keeps no key of its name. Default null. */
    readonly nameKey?: NameKey | null;
    /** Null takes any cluster of the name. Default null. */
    readonly checkCluster?: CheckCluster | null;
    readonly nonce: () => string;
  }) {
    this.#identity = options.identity;
    this.#token = options.token === null ? null : parseToken(options.token);
    this.#nameKey = options.nameKey ?? null;
    this.#checkCluster = options.checkCluster ?? null;
    this.#hello = encodeFrame({
      type: "hello",
      protocol: PROTOCOL,
      protocolMin: PROTOCOL_MIN,
      ...options.identity,
      roles: [...options.identity.roles],
      token: this.#token?.id ?? null,
      nameKey: this.#nameKey?.publicKey ?? null,
      nameKeyLasts: this.#nameKey?.lasts ?? "process",
      nonce: options.nonce(),
    });
  }

  /** The first frame. */
  start(): Uint8Array {
    return this.#hello;
  }

  receive(frame: Uint8Array): DialerStep {
    if (this.#over) return this.#fail(handshakeFailed("it is over"));
    try {
      return this.#take(frame);
    } catch (error) {
      if (error instanceof CodedError) return this.#fail(error as CodedError<string>);
      throw error;
    }
  }

  #take(frame: Uint8Array): DialerStep {
    const message = parseFromAcceptor(frame);
    switch (message.type) {
      case "refused":
        return this.#fail(refusalOf(message));
      case "challenge": {
        if (this.#challenged !== null) throw handshakeFailed("a second challenge came");
        const { cluster } = this.#identity;
        if (cluster !== null && cluster !== message.cluster) {
          throw new TransportError(
            `Cannot join cluster "${cluster}": the node there belongs to "${message.cluster}"`,
            { code: "cluster-mismatch" },
          );
        }
        this.#checkCluster?.(message);
        const transcript = Buffer.concat([this.#hello, frame]);
        this.#challenged = { challenge: message, transcript };
        const proof = this.#token === null ? null : clientProof(this.#token, transcript);
        const nameProof = this.#nameKey?.sign(transcript) ?? null;
        return { type: "send", frame: encodeFrame({ type: "proof", proof, nameProof }) };
      }
      case "welcome": {
        const challenged = this.#challenged;
        if (challenged === null) throw handshakeFailed("a welcome came before a challenge");
        // Its content is not read before the other side has proved that it knows the token.
        if (
          this.#token !== null &&
          !checkServerProof(this.#token, challenged.transcript, message.proof ?? "")
        ) {
          throw handshakeFailed("the node there does not know the token: it is not the hub that made it");
        }
        this.#over = true;
        const { name, cluster, clusterId } = challenged.challenge;
        return { type: "done", peer: { name, cluster, clusterId }, welcome: message.welcome };
      }
      default:
        return assertNever(message);
    }
  }

  #fail(error: CodedError<string>): DialerStep {
    this.#over = true;
    return { type: "failed", error };
  }
}
