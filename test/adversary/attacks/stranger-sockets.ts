/** Connections that somebody without a token opens, many or slowly, and what becomes of those that belong here. */

import { once } from "node:events";
import type { Socket } from "node:net";
import { WebSocket } from "ws";
import { generateToken } from "../../../src/transport/security/token.js";
import { within } from "../../support/within.js";
import { must, type ClusterAttack } from "../kit/attack.js";
import type { Scene } from "../kit/scene.js";
import { byStranger, closed, hello, socketTo, UPGRADE, webSocketTo } from "../kit/stranger.js";

/** More sockets than a hub may have at all. */
const SOCKETS = 2_100;
const UPGRADES = 844;

/** Whoever belongs here gets in meanwhile: a node, and the hub's own command line. */
async function othersGetIn(scene: Scene): Promise<void> {
  await scene.member().catch((error: unknown) => must(false, `no member can join: ${String(error)}`));
  const { exitCode, stderr } = await scene.cli("nodes");
  must(exitCode === 0, `the command line is shut out: ${stderr.slice(0, 160)}`);
}

/** The hub lets go of `socket`, whether or not that reads. */
async function letGo(scene: Scene, socket: Socket): Promise<void> {
  await scene.goesOn(20, 20_000);
  await closed(socket).catch(() => must(false, "the connection is kept for ever"));
}

/** The hub lets go of `socket`, whoever takes its place. */
async function webSocketClosed(socket: WebSocket): Promise<void> {
  if (socket.readyState === WebSocket.CLOSED) return;
  await within(20_000, once(socket, "close"), "an idle WebSocket to be closed").catch(() =>
    must(false, "an idle WebSocket is kept for ever"),
  );
}

async function quickly<Opened>(count: number, open: () => Promise<Opened>): Promise<readonly Opened[]> {
  const opened: Opened[] = [];
  for (let at = 0; at < count; at += 100) {
    opened.push(...(await Promise.all(Array.from({ length: Math.min(100, count - at) }, open))));
  }
  return opened;
}

function hangUp(sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.destroy();
}

export const STRANGER_SOCKETS: readonly ClusterAttack[] = [
  byStranger(
    "stranger.slow-connect",
    "a stranger connects and says nothing",
    "survived",
    async (place, scene) => {
      const socket = await socketTo(place);
      await letGo(scene, socket);
    },
  ),
  byStranger(
    "stranger.slow-headers",
    "a stranger sends the headers of its request a letter at a time",
    "counted",
    async (place, scene) => {
      const socket = await socketTo(place);
      const drip = dripping(socket, UPGRADE);
      await letGo(scene, socket);
      drip();
    },
  ),
  byStranger(
    "stranger.slow-body",
    "a stranger sends the body of its request a letter at a time",
    "survived",
    async (place, scene) => {
      const socket = await socketTo(place);
      socket.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
      const drip = dripping(socket, "x".repeat(1_000));
      await letGo(scene, socket);
      drip();
    },
  ),
  byStranger(
    "stranger.slow-upgrade",
    "a stranger opens a WebSocket and says nothing",
    "counted",
    async (place, scene) => {
      const socket = await socketTo(place);
      socket.write(`${UPGRADE}\r\n\r\n`);
      // Nothing of it is read.
      socket.pause();
      await letGo(scene, socket);
    },
  ),
  byStranger(
    "stranger.slow-hello",
    "a stranger says hello and nothing more",
    "counted",
    async (place, scene) => {
      const socket = await webSocketTo(place);
      socket.send(Buffer.from(JSON.stringify(hello({ token: generateToken().id }))));
      await scene.goesOn(20, 20_000);
      await webSocketClosed(socket);
    },
  ),
  byStranger(
    "stranger.idle-upgrades",
    "a stranger opens 844 WebSockets at once, again and again, and says nothing",
    "counted",
    async (place, scene) => {
      const opened: WebSocket[] = [];
      const filling = (async () => {
        for (let turn = 0; turn < 2; turn += 1)
          opened.push(...(await quickly(UPGRADES, () => webSocketTo(place))));
      })();
      await othersGetIn(scene);
      await filling;
      await othersGetIn(scene);
      await Promise.all(opened.map(webSocketClosed));
    },
  ),
  byStranger(
    "stranger.unread-sockets",
    "a stranger opens 2,100 connections, has each refused, and reads none of it",
    "counted",
    async (place, scene) => {
      const sockets = await quickly(SOCKETS, async () => {
        const socket = await socketTo(place);
        socket.pause();
        socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        return socket;
      });
      await scene.goesOn(10, 15_000);
      await othersGetIn(scene);
      hangUp(sockets);
    },
  ),
  byStranger(
    "stranger.bad-upgrades-unread",
    "a stranger has 2,100 upgrades refused, and reads none of it",
    "counted",
    async (place, scene) => {
      const sockets = await quickly(SOCKETS, async () => {
        const socket = await socketTo(place);
        socket.pause();
        socket.write(`${UPGRADE.replace("sluice.v1", "chat")}\r\n\r\n`);
        return socket;
      });
      await scene.goesOn(10, 15_000);
      await othersGetIn(scene);
      hangUp(sockets);
    },
  ),
  byStranger(
    "stranger.silent-sockets",
    "a stranger opens 2,100 connections and says nothing on any",
    "survived",
    async (place, scene) => {
      const sockets = await quickly(SOCKETS, () => socketTo(place));
      await othersGetIn(scene);
      hangUp(sockets);
    },
  ),
  byStranger(
    "stranger.shared-address",
    "a stranger behind the address of honest nodes fails so often that all of them are shut out",
    "counted",
    async (_, scene) => {
      // From the loopback, where the command line and the members of this cluster come from, too.
      const place = { host: "127.0.0.1", port: scene.place.port };
      const blocked = async (): Promise<number> =>
        (await scene.hub.report()).security["address-blocked"] ?? 0;
      const before = await blocked();
      // Those of some seconds ago do not count any more: on a slow machine it takes more of them.
      for (let n = 0; n < 300 || (n < 3_000 && (await blocked()) === before); n += 30) {
        await Promise.all(
          Array.from({ length: 30 }, async () => {
            const socket = await webSocketTo(place);
            if (socket.readyState === WebSocket.OPEN) socket.send(Buffer.from("no JSON"));
            if (socket.readyState !== WebSocket.CLOSED) await once(socket, "close");
          }),
        );
      }
      await othersGetIn(scene);
    },
  ),
];

/** Sends `text` a letter at a time. @returns ends it */
function dripping(socket: Socket, text: string): () => void {
  let at = 0;
  const timer = setInterval(() => {
    if (!socket.destroyed) socket.write(text[at % text.length] ?? "x");
    at += 1;
  }, 100);
  socket.once("close", () => clearInterval(timer));
  return () => clearInterval(timer);
}
