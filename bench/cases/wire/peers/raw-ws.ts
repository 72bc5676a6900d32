/** The floor: the ws library alone, a message a frame, uncompressed, with a zero mask, answers in order. */

import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import type { WirePeer } from "../wire-peer.js";

export const rawWsPeer: WirePeer = {
  name: "raw ws",
  async serve() {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
    server.on("connection", (socket) => {
      socket.on("message", (data: Buffer) => socket.send(String(data.length)));
    });
    await new Promise((resolve) => void server.once("listening", resolve));
    return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  },
  async connect(url) {
    const socket = new WebSocket(url, { perMessageDeflate: false, generateMask: () => {} });
    await new Promise((resolve) => void socket.once("open", resolve));
    const waiting: ((bytes: number) => void)[] = [];
    socket.on("message", (data: Buffer) => waiting.shift()?.(Number(data.toString())));
    return {
      ask: (body) =>
        new Promise((resolve) => {
          waiting.push(resolve);
          socket.send(body);
        }),
      close: () => socket.terminate(),
    };
  },
};
