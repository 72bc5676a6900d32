/** Somebody without a token: sockets, requests and frames of any kind. */

import type { EventEmitter } from "node:events";
import { connect, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { WebSocket } from "ws";
import { within } from "../../support/within.js";
import type { ClusterAttack } from "./attack.js";
import type { Scene } from "./scene.js";

/** An address of this machine that is not the loopback's, where it has one: a stranger comes from elsewhere. */
export function outerAddress(): string {
  const own = Object.values(networkInterfaces())
    .flat()
    .find((address) => address !== undefined && !address.internal && address.family === "IPv4");
  return own?.address ?? "127.0.0.1";
}

export interface Place {
  readonly host: string;
  readonly port: number;
}

/** Unlike `once` of Node it does not fail of an `error`: an end is to come after it. */
function heard(socket: EventEmitter, event: string): Promise<void> {
  return new Promise((resolve) => void socket.once(event, () => resolve()));
}

/** A connection; what goes wrong with it is its end. */
export async function socketTo({ host, port }: Place): Promise<Socket> {
  const socket = connect({ host, port });
  socket.on("error", () => {});
  await within(10_000, Promise.race([heard(socket, "connect"), heard(socket, "close")]), "a connection");
  return socket;
}

/** Resolves once the other side has let go of it. */
export async function closed(socket: Socket): Promise<void> {
  socket.resume();
  if (!socket.destroyed) await within(20_000, heard(socket, "close"), "a connection to be closed");
}

export const UPGRADE = [
  "GET / HTTP/1.1",
  "Host: hub",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
  "Sec-WebSocket-Protocol: sluice.v1",
].join("\r\n");

/** A WebSocket that is open, or was refused. */
export async function webSocketTo(
  { host, port }: Place,
  protocols: readonly string[] = ["sluice.v1"],
): Promise<WebSocket> {
  const socket = new WebSocket(`ws://${host}:${port}`, [...protocols], { perMessageDeflate: false });
  socket.on("error", () => {});
  await within(10_000, Promise.race([heard(socket, "open"), heard(socket, "close")]), "a WebSocket");
  return socket;
}

export interface Refused {
  readonly code: string;
  readonly message: string;
}

/** Sends frames and resolves with what the hub says before it closes: a refusal, or null where it says none. */
export async function handshakeFrames(place: Place, frames: readonly unknown[]): Promise<Refused | null> {
  const socket = await webSocketTo(place);
  let refused: Refused | null = null;
  socket.on("message", (data) => {
    if (!Buffer.isBuffer(data)) return;
    const said = JSON.parse(data.toString()) as Refused & { readonly type: string };
    if (said.type === "refused") refused = said;
  });
  for (const frame of frames) {
    socket.send(frame instanceof Uint8Array ? frame : Buffer.from(JSON.stringify(frame)));
  }
  if (socket.readyState !== WebSocket.CLOSED) {
    await within(20_000, heard(socket, "close"), "a handshake to be ended");
  }
  return refused;
}

/** A hello as it should be, but for what is named. */
export function hello(change: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return {
    type: "hello",
    protocol: 1,
    protocolMin: 1,
    cluster: null,
    name: "stranger",
    roles: ["edge"],
    url: null,
    version: "",
    pid: 1,
    token: null,
    nonce: "a-nonce-of-twenty-four-c",
    ...change,
  };
}

export function byStranger(
  id: string,
  what: string,
  expected: ClusterAttack["expected"],
  play: (place: Place, scene: Scene) => Promise<void>,
): ClusterAttack {
  return {
    id,
    who: "stranger",
    what,
    expected,
    against: "cluster",
    play: (scene) => play(scene.place, scene),
  };
}
