/** Opens a connection to another node and does the handshake on it. */

import type { Clock } from "../../runtime/clock.js";
import { Patience } from "../../runtime/patience.js";
import type { Carrier, ConnectOptions } from "../carrier.js";
import { TransportError } from "../errors.js";
import type { ClusterIdentity } from "./cluster.js";
import { DialerHandshake, type CheckCluster, type DialerIdentity } from "../link/dialer-handshake.js";
import type { NameKey } from "../security/name-key.js";
import { Handover } from "../link/handover.js";

export interface DialOptions {
  readonly carrier: Carrier;
  readonly connect: ConnectOptions;
  readonly identity: DialerIdentity;
  /** `ID.SECRET`; null if the other side wants none. */
  readonly token: string | null;
  readonly nameKey?: NameKey | null;
  readonly checkCluster?: CheckCluster | null;
  readonly nonce: () => string;
  readonly clock: Clock;
  /** Without an answer of the other side, at each step, in ms; what holds this node up itself does not count. */
  readonly handshakeMs: number;
}

export interface Dialled {
  readonly peer: ClusterIdentity & { readonly name: string };
  readonly welcome: unknown;
  readonly handover: Handover;
}

/** @throws TransportError `connect-failed`, or why the other side refuses */
export async function dial(options: DialOptions): Promise<Dialled> {
  const {
    carrier,
    connect,
    identity,
    token,
    nameKey = null,
    checkCluster = null,
    nonce,
    clock,
    handshakeMs,
  } = options;
  const channel = await carrier.connect(connect);
  const handshake = new DialerHandshake({ identity, token, nameKey, checkCluster, nonce });
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      patience.rest();
      channel.destroy();
      reject(error);
    };
    const broken = (reason: string): TransportError =>
      new TransportError(`Cannot join at "${connect.url}": ${reason}`, {
        code: "connect-failed",
        retry: "backoff",
      });
    const patience = new Patience(clock, handshakeMs, () =>
      fail(broken(`the node there did not answer within ${handshakeMs} ms`)),
    );
    const handover = new Handover(
      channel,
      (frame) => {
        const step = handshake.receive(frame);
        if (step.type === "send") {
          channel.send(step.frame);
          patience.renew();
        } else if (step.type === "failed") {
          fail(step.error);
        } else {
          patience.rest();
          handover.finish();
          resolve({ peer: step.peer, welcome: step.welcome, handover });
        }
      },
      ({ reason }) => fail(broken(reason === "" ? "the connection closed" : reason)),
    );
    channel.send(handshake.start());
  });
}
