/**
 * The door to ws: nodes over WebSocket, subprotocol `sluice.v1`, binary messages only, no compression.
 *
 * A client has to mask what it sends (RFC 6455 section 5.3), to protect proxies that could take it for a request: 0.4 ms a MiB
 * on each side. Where there can be no proxy, on loopback and inside TLS, the mask is zero: it costs nothing and changes no byte.
 */

import type { IncomingMessage } from "node:http";
import type { Socket, AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { rootCertificates } from "node:tls";
import { WebSocket, WebSocketServer } from "ws";
import type { Clock } from "../../runtime/clock.js";
import {
  FRAME_BYTES_MAX,
  type Carrier,
  type Channel,
  type ConnectOptions,
  type HttpService,
  type Listening,
  type ListenOptions,
} from "../carrier.js";
import { TransportError } from "../errors.js";
import { createServer, listenError, refuse, refuseOthers, refuseRequest } from "./http-server.js";
import { Strangers } from "./strangers.js";
import { WsChannel, type SocketLike } from "./ws-channel.js";
import { formatUrl, isLoopback, parseUrl } from "./ws-url.js";

export { isLoopback };

const SUBPROTOCOL = "sluice.v1";
/** Of a browser: whoever it is signs in before. */
const PAGE_SUBPROTOCOL = "sluice.page.v1";
/** A person asks for little, and gets what there is. */
const PAGE_FRAME_BYTES_MAX = 64 * 1024;

/** Bounds of a carrier over WebSocket. */
export interface WsCarrierOptions {
  readonly clock: Clock;
  /**
   * For TLS, and then for all headers of a request, in ms: a connection that is slower is closed. What holds this process up
   * does not count. Default 2,000.
   */
  readonly headersTimeoutMs?: number;
  /** Sockets of one listener that are no channels yet, this machine's own aside: one more has an older one closed. Default 512. */
  readonly strangersMax?: number;
  /** Of these, how many one address may have. Default 256. */
  readonly strangersPerAddress?: number;
}

/** How long a refused socket has to read why, in ms: less than anybody waits for it. */
const LINGER_MS = 500;
/** Of the time for headers, what Node's server gives at most: it knows the time alone, and not what of it the process was held up. */
const SLOWEST = 10;

/** Carries frames over WebSocket. */
export function createWsCarrier(options: WsCarrierOptions): Carrier {
  return {
    listen: (given) => listen(given, options),
    connect: (given) => connect(given, options.clock),
  };
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
}

// ── Listening ───────────────────────────────────────────────────────────────────────────────────────────────────────

async function listen(
  { url, tls, http, onChannel }: ListenOptions,
  options: WsCarrierOptions,
): Promise<Listening> {
  const address = parseUrl(url, "listen-failed");
  if (address.secure !== (tls !== undefined)) {
    const problem = address.secure ? "wss needs a certificate and its key" : "a certificate needs wss://";
    throw new TransportError(`Cannot listen at "${url}": ${problem}`, { code: "listen-failed" });
  }
  const refusals: Record<string, number> = {};
  const count = (reason: string): void => void (refusals[reason] = (refusals[reason] ?? 0) + 1);
  const { headersTimeoutMs = 2_000, strangersMax = 512, strangersPerAddress = 256, clock } = options;
  const limits = {
    // For what this process has begun to answer. Those before that are strangers, who have less time.
    headersTimeout: SLOWEST * headersTimeoutMs,
    requestTimeout: SLOWEST * headersTimeoutMs,
    connectionsCheckingInterval: Math.max(50, headersTimeoutMs),
    maxHeaderSize: 8 * 1024,
    keepAliveTimeout: 1,
  };
  const server = createServer(url, limits, tls);
  const strangers = new Strangers(
    clock,
    {
      deadlineMs: 2 * headersTimeoutMs,
      lingerMs: LINGER_MS,
      perAddress: strangersPerAddress,
      inAll: strangersMax,
    },
    { onEvicted: () => count("too-many-connections"), onLate: () => count("too-slow") },
  );
  server.on("connection", (socket) => strangers.add(socket));
  const upgraders = {
    nodes: createUpgrader(SUBPROTOCOL, FRAME_BYTES_MAX),
    pages: createUpgrader(PAGE_SUBPROTOCOL, PAGE_FRAME_BYTES_MAX),
  };
  refuseOthers(server, strangers, count);
  server.on("request", (request, response) => {
    if (http === undefined) refuseRequest(strangers, count, { request, response, subprotocol: SUBPROTOCOL });
    else http.handle(request, response, () => strangers.release(request.socket));
  });
  server.on("upgrade", (request, socket: Duplex, head) => {
    socket.on("error", () => {});
    const header = request.headers["sec-websocket-protocol"] ?? "";
    const offered = new Set(header.split(",").map((name) => name.trim()));
    const upgrade = (upgrader: WebSocketServer, onOpen: (channel: Channel) => void): void =>
      upgrader.handleUpgrade(request, socket, head, (webSocket) => {
        strangers.release(request.socket);
        const { remoteAddress = "", remotePort = 0 } = request.socket;
        onOpen(channelOf(webSocket, `${remoteAddress}:${remotePort}`, clock));
      });
    if (offered.has(SUBPROTOCOL)) upgrade(upgraders.nodes, onChannel);
    else if (http !== undefined && offered.has(PAGE_SUBPROTOCOL)) {
      void admit(http, { request, socket }, (channel) => upgrade(upgraders.pages, channel));
    } else {
      count("wrong-subprotocol");
      refuse(strangers, socket, `Wanted subprotocol ${SUBPROTOCOL}`);
    }
  });
  async function admit(
    service: HttpService,
    { request, socket }: Upgrade,
    open: (onOpen: (channel: Channel) => void) => void,
  ): Promise<void> {
    const onOpen = await service.admit(request);
    if (onOpen !== null) {
      open(onOpen);
      return;
    }
    count("page-denied");
    refuse(strangers, socket, "Sign in first");
  }
  for (const upgrader of Object.values(upgraders)) {
    upgrader.on("wsClientError", (error, socket) => {
      count("no-websocket");
      refuse(strangers, socket, error.message);
    });
  }
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(url, error)));
    server.listen({ host: address.host, port: address.port }, resolve);
  });
  // From here on an error is that of a single connection.
  server.on("error", () => count("server-error"));
  const { port } = server.address() as AddressInfo;
  return {
    url: formatUrl({ ...address, port }),
    refusals,
    close() {
      // It closes when the last channel does, which nobody waits for.
      server.close();
      // Of connections that never asked for an upgrade; the others are channels and stay.
      server.closeAllConnections();
      return Promise.resolve();
    },
  };
}

function createUpgrader(subprotocol: string, maxPayload: number): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload,
    handleProtocols: () => subprotocol,
    autoPong: false,
  });
}

// ── Connecting ──────────────────────────────────────────────────────────────────────────────────────────────────────

async function connect({ url, tls, timeoutMs = 5_000 }: ConnectOptions, clock: Clock): Promise<Channel> {
  const address = parseUrl(url, "connect-failed");
  return new Promise((resolve, reject) => {
    const unmasked = address.secure || isLoopback(url);
    const webSocket = new WebSocket(formatUrl(address), [SUBPROTOCOL], {
      perMessageDeflate: false,
      maxPayload: FRAME_BYTES_MAX,
      autoPong: false,
      handshakeTimeout: timeoutMs,
      followRedirects: false,
      ...(unmasked && { generateMask: () => {} }),
      ...(tls !== undefined && { ca: [...rootCertificates, tls.authorities] }),
    });
    const fail = (problem: string, cause?: Error): void => {
      webSocket.terminate();
      reject(
        new TransportError(`Cannot connect to "${url}": ${problem}`, {
          code: "connect-failed",
          retry: "backoff",
          cause,
        }),
      );
    };
    webSocket.once("open", () => resolve(channelOf(webSocket, `${address.host}:${address.port}`, clock)));
    webSocket.once("unexpected-response", (_, response) => {
      response.resume();
      fail(`what answers there is not a node of Sluice (HTTP status ${response.statusCode ?? "unknown"})`);
    });
    webSocket.on("error", (error: NodeJS.ErrnoException) => fail(connectProblem(error, timeoutMs), error));
  });
}

function connectProblem(error: NodeJS.ErrnoException, timeoutMs: number): string {
  const code = error.code ?? "";
  if (code === "ECONNREFUSED") return "nobody listens there: is the hub running, and is this its address?";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "no machine of that name is known";
  if (code === "EHOSTUNREACH" || code === "ENETUNREACH") return "no way leads to that address";
  if (/CERT|SELF_SIGNED|UNABLE_TO_/.test(code)) {
    return `its certificate is not trusted (${code}): name its authority with --tls-ca`;
  }
  if (/timed out/.test(error.message)) return `no answer within ${timeoutMs} ms`;
  return error.message === "" ? code : error.message;
}

// ── Both ────────────────────────────────────────────────────────────────────────────────────────────────────────────

function channelOf(webSocket: WebSocket, remote: string, clock: Clock): Channel {
  // The library has no public way to cork the socket; uncorked, each message takes a system call.
  const { ["_socket"]: raw } = webSocket as unknown as { readonly ["_socket"]?: Socket };
  raw?.setNoDelay(true);
  const socket: SocketLike = {
    get bufferedAmount() {
      return webSocket.bufferedAmount;
    },
    get bytesRead() {
      return raw?.bytesRead ?? 0;
    },
    // Errors arrive as events, and a close follows.
    send: (data) => webSocket.send(data, SEND, ignore),
    close: (code, reason) => webSocket.close(code, reason),
    terminate: () => webSocket.terminate(),
    cork: () => raw?.cork(),
    uncork: () => raw?.uncork(),
  };
  const channel = new WsChannel(socket, remote, clock);
  let code = 0;
  webSocket.on("message", (data, isBinary) => {
    if (isBinary && Buffer.isBuffer(data)) {
      channel.received(data);
      return;
    }
    code = 1003;
    webSocket.close(1003, "Wanted binary messages");
  });
  // A node never pings; a proxy may. One that reads no answers gets none.
  webSocket.on("ping", (data: Buffer) => {
    if (webSocket.readyState === WebSocket.OPEN && webSocket.bufferedAmount < PONG_BYTES_MAX)
      webSocket.pong(data, undefined, ignore);
  });
  webSocket.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") code = 1009;
    else if (error.code?.startsWith("WS_ERR") === true) code = 1002;
  });
  webSocket.on("close", (closeCode, reason) =>
    channel.closed(code === 0 ? closeCode : code, reason.toString()),
  );
  return channel;
}

const SEND = { binary: true, compress: false, fin: true } as const;
/** Unsent bytes from which on a ping is not answered. */
const PONG_BYTES_MAX = 64 * 1024;
const ignore = (): void => {};
