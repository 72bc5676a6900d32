/**
 * The accepting side of a handshake: frames in, frames out, and no I/O but the authority's.
 *
 * AH1 A peer that does not know a secret learns nothing: an unknown id and a wrong secret get the same answer after the same
 *     time, which begins before the token is looked up, and ends after that.
 * AH2 One frame at a time, in order; anything else ends the handshake.
 */

import type { ClusterIdentity, Role } from "../cluster/cluster.js";
import { TransportError } from "../errors.js";
import {
  admitToken,
  bindsNodes,
  tokenUsed,
  type TokenAuthority,
  type TokenState,
} from "../security/token-authority.js";
import { checkNameProof } from "../security/name-key.js";
import { checkClientProof, isTokenId, generateToken, serverProof, verifierOf } from "../security/token.js";
import {
  encodeFrame,
  handshakeFailed,
  parseFromDialler,
  PROTOCOL,
  PROTOCOL_MIN,
  refusalFrame,
  type Hello,
  type Proof,
} from "./handshake-frames.js";

/** A node that wants to join and has proved its token. */
export interface JoiningPeer {
  readonly name: string;
  readonly roles: readonly Role[];
  readonly grants: readonly string[];
  readonly url: string | null;
  readonly version: string;
  readonly pid: number;
  /** Id of its token; null if no token is needed. */
  readonly token: string | null;
  /** Public half of the key that it has proved to have; null of a node that keeps none. */
  readonly nameKey: string | null;
  /** Whether it has that key again when it starts again. */
  readonly nameKeyLasts: "node" | "process";
}

export interface AcceptorHandshakeOptions {
  readonly identity: ClusterIdentity & { readonly name: string; readonly version: string };
  /** Null if no token is needed. */
  readonly authority: TokenAuthority | null;
  readonly nonce: () => string;
  readonly now: () => number;
  /** Resolves after so many ms. */
  readonly pause: (ms: number) => Promise<void>;
  /** Decides last. @returns what to greet the peer with, or why it may not join */
  readonly admit: (peer: JoiningPeer) => Promise<{ readonly welcome: unknown } | TransportError>;
}

export type AcceptorStep =
  | { readonly type: "send"; readonly frame: Uint8Array }
  | { readonly type: "done"; readonly frame: Uint8Array; readonly peer: JoiningPeer }
  | { readonly type: "refused"; readonly frame: Uint8Array; readonly error: TransportError };

/** From a proof to its refusal, in ms: several times what it takes to look up a token, 0.3 to 0.7 ms (`stranger.token-by-time`). */
const REFUSAL_MS = 20;

/** Checked in place of the verifier of an unknown token, so that both take as long. */
const DECOY_VERIFIER = verifierOf(generateToken());

export class AcceptorHandshake {
  readonly #options: AcceptorHandshakeOptions;
  #status: "hello" | "proof" | "busy" | "over" = "hello";
  #hello: Hello | null = null;
  #transcript: Uint8Array = new Uint8Array();

  constructor(options: AcceptorHandshakeOptions) {
    this.#options = options;
  }

  /** Id of the token that its hello has named, and that it has not proved yet. */
  get token(): string | null {
    const token = this.#hello?.token ?? null;
    return token !== null && isTokenId(token) ? token : null;
  }

  async receive(frame: Uint8Array): Promise<AcceptorStep> {
    const status = this.#status;
    if (status === "busy" || status === "over")
      return this.#refuse(handshakeFailed("a frame came out of turn"));
    this.#status = "busy";
    try {
      const message = parseFromDialler(frame);
      if (message.type === "hello" && status === "hello") return this.#challenge(message, frame);
      if (message.type === "proof" && status === "proof") return await this.#welcome(message);
      throw handshakeFailed(`"${message.type}" came out of turn`);
    } catch (error) {
      if (error instanceof TransportError) return this.#refuse(error);
      throw error;
    }
  }

  #challenge(hello: Hello, frame: Uint8Array): AcceptorStep {
    const { identity, authority, nonce } = this.#options;
    if (hello.protocolMin > PROTOCOL || hello.protocol < PROTOCOL_MIN) {
      throw new TransportError(
        `Cannot join as "${hello.name}": it speaks protocol ${hello.protocolMin} to ${hello.protocol}, and ` +
          `"${identity.name}" ${PROTOCOL_MIN} to ${PROTOCOL}; install the same version of Sluice on both`,
        { code: "version-incompatible" },
      );
    }
    if (hello.cluster !== null && hello.cluster !== identity.cluster) {
      throw new TransportError(
        `Cannot join cluster "${hello.cluster}": "${identity.name}" belongs to "${identity.cluster}"`,
        { code: "cluster-mismatch" },
      );
    }
    if (authority !== null && hello.token === null) {
      throw new TransportError(
        `Cannot join as "${hello.name}" without a token: have the hub make one with "sluice token create"`,
        { code: "token-missing" },
      );
    }
    const challenge = encodeFrame({
      type: "challenge",
      protocol: PROTOCOL,
      cluster: identity.cluster,
      clusterId: identity.clusterId,
      name: identity.name,
      nonce: nonce(),
    });
    this.#hello = hello;
    this.#transcript = Buffer.concat([frame, challenge]);
    this.#status = "proof";
    return { type: "send", frame: challenge };
  }

  async #welcome({ proof, nameProof }: Proof): Promise<AcceptorStep> {
    const hello = this.#hello;
    if (hello === null) throw handshakeFailed("a proof came before a hello");
    const { authority, admit, now, pause } = this.#options;
    let token: TokenState | null = null;
    if (authority !== null) {
      const refusalDue = pause(REFUSAL_MS);
      const id = hello.token ?? "";
      token = isTokenId(id) ? await readable(authority.find(id)) : null;
      const proved = checkClientProof(token?.verifier ?? DECOY_VERIFIER, this.#transcript, proof ?? "");
      if (token === null || !proved) {
        await refusalDue;
        throw new TransportError(
          `Cannot join as "${hello.name}": its token is not known here, or its secret is wrong`,
          { code: "token-invalid" },
        );
      }
      const refusal = admitToken(token, { node: hello.name, roles: hello.roles, nowMs: now() });
      if (refusal !== null) throw refusal;
      if (bindsNodes(token) && !(await readable(authority.bind(token.id, hello.name)))) {
        throw tokenUsed(hello.name);
      }
    }
    if (hello.nameKey !== null && !checkNameProof(hello.nameKey, this.#transcript, nameProof ?? "")) {
      throw handshakeFailed("it does not have the key that it names");
    }
    const peer: JoiningPeer = {
      name: hello.name,
      roles: hello.roles,
      grants: token?.grants ?? [],
      url: hello.url,
      version: hello.version,
      pid: hello.pid,
      token: token?.id ?? null,
      nameKey: hello.nameKey,
      nameKeyLasts: hello.nameKeyLasts,
    };
    const answer = await admit(peer);
    if (answer instanceof TransportError) throw answer;
    this.#status = "over";
    const proven = token === null ? null : serverProof(token.verifier, this.#transcript);
    return {
      type: "done",
      frame: encodeFrame({ type: "welcome", proof: proven, welcome: answer.welcome }),
      peer,
    };
  }

  #refuse(error: TransportError): AcceptorStep {
    this.#status = "over";
    return { type: "refused", frame: refusalFrame(error), error };
  }
}

/** What is wrong with the files of a hub is for its own log, and not for a peer that has proved nothing. */
async function readable<Value>(look: Promise<Value>): Promise<Value> {
  try {
    return await look;
  } catch (error) {
    throw handshakeFailed("the hub cannot read its tokens: see its log", error);
  }
}
