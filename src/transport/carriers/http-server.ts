/** The HTTP server under a listener of WebSockets: how it is made, and what it says to whoever wants none. */

import {
  createServer as createHttpServer,
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { errorText } from "../../runtime/errors.js";
import type { ListenOptions } from "../carrier.js";
import { TransportError } from "../errors.js";
import type { Strangers } from "./strangers.js";

/** Answers what is no request at all, and counts it by reason. */
export function refuseOthers(server: Server, strangers: Strangers, count: (reason: string) => void): void {
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    count(error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? "too-slow" : "no-http");
    refuse(strangers, socket, "This is not a request");
  });
  server.on("tlsClientError", () => count("no-tls"));
}

interface Refusable {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** That it should have spoken. */
  readonly subprotocol: string;
}

/** Answers a request that wants no WebSocket, where the listener has nothing else. */
export function refuseRequest(
  strangers: Strangers,
  count: (reason: string) => void,
  { request, response, subprotocol }: Refusable,
): void {
  count("no-websocket");
  response.writeHead(426, { connection: "close", upgrade: "websocket" });
  response.end(`This is a node of Sluice: it speaks WebSocket, subprotocol ${subprotocol}\n`);
  request.resume();
  strangers.refused(request.socket);
}

export function createServer(url: string, limits: object, tls: ListenOptions["tls"]): Server {
  if (tls === undefined) return createHttpServer(limits);
  try {
    return createHttpsServer({
      ...limits,
      cert: tls.certificate,
      key: tls.key,
      // A stranger has less time.
      handshakeTimeout: 20_000,
      minVersion: "TLSv1.2",
    });
  } catch (error) {
    throw new TransportError(
      `Cannot listen at "${url}" with this certificate and key: ${errorText(error)}; wanted PEM text of both`,
      { code: "listen-failed", cause: error },
    );
  }
}

/** Says why, and lets go of the socket a moment later: without that, one that is not read would stay half closed for ever. */
export function refuse(strangers: Strangers, socket: Duplex, text: string): void {
  if (!socket.writable || !(socket instanceof Socket)) {
    socket.destroy();
    return;
  }
  strangers.refused(socket);
  socket.end(
    `HTTP/1.1 400 ${STATUS_CODES[400] ?? ""}\r\nconnection: close\r\ncontent-type: text/plain\r\n\r\n${text}\n`,
  );
}

export function listenError(url: string, error: NodeJS.ErrnoException): TransportError {
  const problem =
    error.code === "EADDRINUSE"
      ? "the port is taken: choose another one, or stop the program that uses it"
      : error.code === "EACCES"
        ? "this user may not use the port: choose one above 1023"
        : error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND"
          ? "this machine has no such address"
          : error.message;
  return new TransportError(`Cannot listen at "${url}": ${problem}`, { code: "listen-failed", cause: error });
}
