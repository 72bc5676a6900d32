/**
 * What stands between ffmpeg and a camera: ffmpeg is given an address of this machine's loopback, and the relay fetches from
 * the camera what it asks for.
 *
 * RL1 Credentials, and addresses that may hold some, are known to the relay alone: not to ffmpeg's command line, its log, or
 *     whoever lists processes.
 * RL2 A stream leads nowhere else: a redirect is followed to hosts that the source allows, and to no other.
 * RL3 ffmpeg resolves no name and speaks no TLS: what a host name or a certificate is worth is decided here.
 * RL4 Only this process's own user is served, where the system tells users apart, who must know the relay's path; and nobody
 *     once the capture is closed.
 */

import { randomBytes } from "node:crypto";
import type { AddressInfo, Server, Socket } from "node:net";
import { openHttpRelay } from "./http-relay.js";
import { isOwnPeer } from "./relay-peer.js";
import { openRtspRelay } from "./rtsp-relay.js";
import type { NetworkAddress } from "./source-spec.js";
import { readSourceTrust, type SourceTrust } from "./source-trust.js";
import type { Transfers } from "./transfers.js";

export interface Relay {
  /** What ffmpeg opens. */
  readonly url: string;
  /** Why the camera cannot be reached, for people; null as long as nothing has gone wrong. */
  readonly problem: string | null;
  /** Why a transfer ended before all was there that it had announced; null where none did. Of RTSP always null. */
  readonly brokenOff: string | null;
  /** Bytes of the camera so far; null while ffmpeg waits for none. Of RTSP always null. */
  readonly awaited: number | null;
  /** Bytes of the camera so far; of RTSP those of its media, without its reports. */
  readonly bytes: number;
  /** The camera has agreed to send. Of HTTP always false. */
  readonly playing: boolean;
  /** Its server has said how long it is. Of RTSP always false. */
  readonly measured: boolean;
  /** Ends every connection. Idempotent. */
  close(): void;
}

type OpenRelay = (
  address: NetworkAddress,
  trust: SourceTrust,
  path: string,
  onProblem: (text: string) => void,
) => {
  readonly server: Server;
  readonly transfers: Transfers | null;
  /** Of the camera so far. */
  readonly bytes: () => number;
  readonly playing?: () => boolean;
  readonly close: () => void;
};

/** Opens a relay to `address`, at any free port. @throws SluiceError `certificate-file-invalid` */
export async function openRelay(address: NetworkAddress): Promise<Relay> {
  const trust = await readSourceTrust();
  const path = `/${randomBytes(16).toString("hex")}`;
  const open: OpenRelay = address.kind === "rtsp" ? openRtspRelay : openHttpRelay;
  const problem: { text: string | null } = { text: null };
  const { server, transfers, bytes, playing, close } = open(
    address,
    trust,
    path,
    (text) => (problem.text ??= text),
  );
  // Before whatever serves it, so that nothing does.
  server.prependListener("connection", (socket: Socket) => {
    if (!isOwnPeer(socket)) socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `${address.kind}://127.0.0.1:${portOf(server)}${path}`,
    get problem() {
      return problem.text;
    },
    get brokenOff() {
      return transfers?.brokenOff ?? null;
    },
    get awaited() {
      return transfers?.awaited ?? null;
    },
    get bytes() {
      return bytes();
    },
    get playing() {
      return playing?.() ?? false;
    },
    get measured() {
      return transfers?.measured ?? false;
    },
    close,
  };
}

function portOf(server: Server): number {
  // Of a server that listens at a port.
  return (server.address() as AddressInfo).port;
}
