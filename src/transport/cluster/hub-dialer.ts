/**
 * Dials the hub, and dials again after a failure: ever more slowly, and with jitter, so that the nodes of a cluster do not
 * all come back at the same moment.
 */

import { asError } from "../../runtime/errors.js";
import type { SupervisionPolicy } from "../../runtime/spawn-options.js";
import { backoffMs } from "../../runtime/supervision.js";
import type { ActorSystem } from "../../runtime/system.js";
import type { Carrier, ConnectOptions } from "../carrier.js";
import type { Role } from "./cluster.js";
import { dial, type Dialled } from "./dial.js";
import type { CheckCluster } from "../link/dialer-handshake.js";
import type { NameKey } from "../security/name-key.js";
import type { NodeOptions } from "./node-core.js";

/** How a node reaches its hub. */
export interface HubDialOptions extends Pick<NodeOptions, "version" | "pid"> {
  readonly carrier: Carrier;
  readonly connect: ConnectOptions;
  /** `ID.SECRET`; null if the hub wants none. */
  readonly token: string | null;
  /**
   * Where the hub is by now, and the token for it, asked before each attempt to come back; null where that is not known. Default: as at
   * first.
   */
  readonly lookAgain?: () => Promise<{ readonly url: string; readonly token: string | null } | null>;
  /** What it has its name by; null of a node that keeps no key. Default null. */
  readonly nameKey?: NameKey | null;
  /** Name of the cluster that it must be; null for any. Default null. */
  readonly cluster?: string | null;
  /** Refuses a cluster, at every join, before this node has proved anything there. Default: none. */
  readonly checkCluster?: CheckCluster | null;
  /** Default `edge`. */
  readonly roles?: readonly Role[];
  /** From the connection to the welcome, in ms. Default 5,000. */
  readonly handshakeMs?: number;
  /** Between attempts to come back. Default 100 ms, growing by a quarter each time up to 5,000, less up to half of it. */
  readonly backoff?: SupervisionPolicy["backoff"];
}

export interface HubDialerListener {
  /** What it throws counts as the failure of the attempt. */
  onDialled(dialled: Dialled): void;
  onFailed(error: Error): void;
}

/**
 * It grows slowly, as most hubs that are gone are just being started anew: a node that has waited for one second is back within a
 * quarter of one, and doubled it would be within one. An attempt at a port at which nobody listens costs next to nothing.
 */
const DEFAULT_BACKOFF: SupervisionPolicy["backoff"] = { minMs: 100, maxMs: 5_000, factor: 1.25, jitter: 0.5 };

export class HubDialer {
  readonly #system: ActorSystem;
  readonly #options: HubDialOptions;
  readonly #nonce: () => string;
  readonly #listener: HubDialerListener;
  #attempts = 0;
  #hasDialled = false;
  #retry: { cancel(): void } | null = null;
  #stopped = false;

  constructor(
    system: ActorSystem,
    options: HubDialOptions,
    nonce: () => string,
    listener: HubDialerListener,
  ) {
    this.#system = system;
    this.#options = options;
    this.#nonce = nonce;
    this.#listener = listener;
  }

  /** @param url where others can dial this node; null if they cannot */
  async dial(url: string | null): Promise<void> {
    this.#attempts += 1;
    const { carrier, nameKey, cluster, roles, version, pid, handshakeMs } = this.#options;
    const { checkCluster = null } = this.#options;
    try {
      const { connect, token } = await this.#whereTo();
      const dialled = await dial({
        carrier,
        connect,
        identity: {
          cluster: cluster ?? null,
          name: this.#system.name,
          roles: roles ?? ["edge"],
          url,
          version: version ?? "",
          pid: pid ?? 0,
        },
        token,
        nameKey: nameKey ?? null,
        checkCluster,
        nonce: this.#nonce,
        clock: this.#system.clock,
        handshakeMs: handshakeMs ?? 5_000,
      });
      if (this.#stopped) dialled.handover.channel.destroy();
      else this.#listener.onDialled(dialled);
    } catch (thrown) {
      if (!this.#stopped) this.#listener.onFailed(asError(thrown));
    }
  }

  async #whereTo(): Promise<Pick<HubDialOptions, "connect" | "token">> {
    const { connect, token, lookAgain } = this.#options;
    const isFirst = !this.#hasDialled;
    this.#hasDialled = true;
    const found = isFirst || lookAgain === undefined ? null : await lookAgain();
    if (found === null) return { connect, token };
    return { connect: { ...connect, url: found.url }, token: found.token };
  }

  /** Dials after a backoff that grows with every attempt since the last join. */
  dialLater(url: string | null): void {
    const backoff = this.#options.backoff ?? DEFAULT_BACKOFF;
    const delayMs = backoffMs(backoff, this.#attempts, this.#system.random());
    this.#retry = this.#system.clock.after(delayMs, () => {
      this.#retry = null;
      void this.dial(url);
    });
  }

  /** This node has joined. @returns how many attempts that took */
  joined(): number {
    const attempts = this.#attempts;
    this.#attempts = 0;
    return attempts;
  }

  /** Dials no more; a connection that is being opened is closed. */
  stop(): void {
    this.#stopped = true;
    this.#retry?.cancel();
  }
}
