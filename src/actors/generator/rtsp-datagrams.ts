/**
 * The media of one stream of a camera that sends by UDP alone: RTP at an even port and RTCP at the next one (RFC 3550, 11), passed
 * on as if they were interleaved in the connection (RFC 2326, 10.12).
 *
 * RD1 Nothing is taken from, or sent to, another host than the one that the connection leads to.
 * RD2 What the reader has not taken is bounded; what comes besides is dropped, as a network drops it: the reader sees that by the
 *     numbers of the packets.
 */

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import { interleaved } from "./rtsp-packets.js";

/** An intra picture of a large camera comes at once. The system may allow less. */
const RECEIVE_BYTES = 2 * 1024 * 1024;
/** Free pairs are common: half of all free ports are even, and few have a neighbour that is not. */
const PAIR_TRIES = 32;
/** The head of a report; that of media has 12. ffmpeg loses its place in the connection at what is less. */
const PACKET_BYTES_MIN = 8;

export interface DatagramsOptions {
  /** Where the connection to the camera leads: an address, no name. */
  readonly host: string;
  /** The first of the two channels by which the reader knows them. */
  readonly channel: number;
  /** Called with each packet as it stands in the connection, and as it came. */
  readonly onMedia: (packet: Buffer, payload: Buffer) => void;
}

export class Datagrams {
  readonly #sockets: readonly Socket[];
  readonly #options: DatagramsOptions;
  #targets: readonly number[] = [];

  constructor(sockets: readonly Socket[], options: DatagramsOptions) {
    this.#sockets = sockets;
    this.#options = options;
    for (const [index, socket] of sockets.entries()) {
      socket.on("message", (payload, { address }) => {
        if (address !== options.host || payload.length < PACKET_BYTES_MIN) return;
        options.onMedia(interleaved(options.channel + index, payload), payload);
      });
    }
  }

  /** What to ask the camera for. */
  get transport(): string {
    const [first, second] = this.#sockets.map((socket) => socket.address().port);
    return `RTP/AVP/UDP;unicast;client_port=${first ?? 0}-${second ?? 0}`;
  }

  /** @param transport as the camera has answered */
  begin(transport: string | null): void {
    const [, rtp, rtcp] = /server_port=(\d{1,5})(?:-(\d{1,5}))?/.exec(transport ?? "") ?? [];
    if (rtp === undefined) return;
    const first = Number(rtp);
    this.#targets = [first, rtcp === undefined ? first + 1 : Number(rtcp)];
  }

  /** A packet of the reader, where its channel is one of these. */
  send(channel: number, payload: Buffer): void {
    const index = channel - this.#options.channel;
    const port = this.#targets[index];
    if (port !== undefined && port > 0 && port < 65_536)
      this.#sockets[index]?.send(payload, port, this.#options.host);
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
  }
}

/** At any two free ports that fit together. */
export async function openDatagrams(options: DatagramsOptions): Promise<Datagrams> {
  const { host } = options;
  for (let attempt = 0; attempt < PAIR_TRIES; attempt++) {
    const first = await bound(host, 0);
    if (first === null) continue;
    const { port } = first.address();
    const second = port % 2 === 0 ? await bound(host, port + 1) : null;
    if (second !== null) return new Datagrams([first, second], options);
    first.close();
  }
  throw new Error("No two free ports lie side by side");
}

async function bound(host: string, port: number): Promise<Socket | null> {
  const socket = createSocket({ type: isIPv6(host) ? "udp6" : "udp4", recvBufferSize: RECEIVE_BYTES });
  try {
    const listening = once(socket, "listening");
    socket.bind(port);
    await listening;
    // A camera that is gone answers by ICMP: its silence is noticed as any other.
    socket.on("error", () => {});
    return socket;
  } catch {
    socket.close();
    return null;
  }
}
