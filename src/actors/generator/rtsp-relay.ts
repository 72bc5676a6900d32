/**
 * The relay of an address of RTSP (RFC 2326), with the media interleaved in the same connection: what ffmpeg asks goes to the
 * camera under the camera's own address and with the credentials, and everything else is passed on as it is.
 */

import { connect, createServer, type Server, type Socket } from "node:net";
import { connect as connectSecure } from "node:tls";
import { Authorization } from "./authorization.js";
import { answerProblem, connectionProblem, REDIRECTS_ELSEWHERE } from "./relay-problem.js";
import { RtspSplitter, type RtspMessage } from "./rtsp-splitter.js";
import type { NetworkAddress } from "./source-spec.js";
import type { SourceTrust } from "./source-trust.js";

/** RFC 2326, 3.2; and of RTSP over TLS as registered with IANA. */
const PORTS: Readonly<Record<string, number>> = { "rtsp:": 554, "rtsps:": 322 };

/** Requests without an answer: ffmpeg sends one, and another each half minute to keep the session. */
const ASKED_MAX = 32;

export function openRtspRelay(
  address: NetworkAddress,
  trust: SourceTrust,
  path: string,
  onProblem: (text: string) => void,
): {
  readonly server: Server;
  readonly transfers: null;
  readonly bytes: () => number;
  readonly close: () => void;
} {
  const open = new Set<RtspExchange>();
  let bytes = 0;
  const server = createServer({ noDelay: true }, (client) => {
    if (client.destroyed) return;
    const exchange = new RtspExchange(
      client,
      connectTo(new URL(address.url), trust),
      address,
      path,
      onProblem,
      (count) => (bytes += count),
    );
    open.add(exchange);
    client.once("close", () => open.delete(exchange));
  });
  return {
    server,
    transfers: null,
    bytes: () => bytes,
    close() {
      server.close();
      for (const exchange of open) exchange.close();
    },
  };
}

interface Asked {
  /** As ffmpeg counts. */
  readonly sequence: string;
  readonly message: RtspMessage;
  readonly retried: boolean;
}

/** One connection of ffmpeg, and the one to the camera. */
class RtspExchange {
  readonly #client: Socket;
  readonly #camera: Socket;
  readonly #address: NetworkAddress;
  readonly #path: string;
  readonly #authorization: Authorization | null;
  readonly #onProblem: (text: string) => void;
  /** By the number that the camera knows them by. */
  readonly #asked = new Map<string, Asked>();
  #sequence = 0;
  #own: string | null = null;

  constructor(
    client: Socket,
    camera: Socket,
    address: NetworkAddress,
    path: string,
    onProblem: (text: string) => void,
    onMedia: (bytes: number) => void,
  ) {
    this.#client = client;
    this.#camera = camera;
    this.#address = address;
    this.#path = path;
    this.#onProblem = onProblem;
    this.#authorization = address.credentials === null ? null : new Authorization(address.credentials);
    this.#camera.on("error", (error) => onProblem(connectionProblem(error)));
    client.on("error", () => {});
    this.#flow(client, this.#camera, (message) => this.#ask(message));
    this.#flow(this.#camera, client, (message) => this.#answer(message), onMedia);
  }

  close(): void {
    this.#client.destroy();
    this.#camera.destroy();
  }

  /** Media from one side go to the other as they are, no faster than that one takes them. */
  #flow(
    from: Socket,
    to: Socket,
    onMessage: (message: RtspMessage) => void,
    onMedia: (bytes: number) => void = () => {},
  ): void {
    const splitter = new RtspSplitter((media) => {
      onMedia(media.length);
      if (!to.write(media)) from.pause();
    }, onMessage);
    from.on("data", (chunk: Buffer) => {
      if (!splitter.accept(chunk)) this.#fail("it does not speak RTSP");
    });
    to.on("drain", () => from.resume());
    // What it sent last is passed on before its end is.
    from.once("end", () => to.end());
    from.once("close", () => to.destroySoon());
  }

  #ask(message: RtspMessage): void {
    if (message.isResponse) {
      this.#camera.write(message.text());
      return;
    }
    // ffmpeg's first request names the address that it was given, path and all; nobody else knows it.
    this.#own ??= originIn(message.uri, this.#path);
    if (this.#own === null) {
      this.close();
      return;
    }
    const uri = message.uri.startsWith(this.#own)
      ? this.#address.url + message.uri.slice(this.#own.length)
      : message.uri;
    const sequence = message.header("cseq") ?? "0";
    this.#send({ sequence, message: message.withUri(uri), retried: false });
  }

  #send(asked: Asked): void {
    if (this.#asked.size >= ASKED_MAX) {
      this.#fail("it answers nothing");
      return;
    }
    this.#sequence += 1;
    const { message } = asked;
    this.#asked.set(String(this.#sequence), asked);
    const authorization = this.#authorization?.headerFor(message.method, message.uri) ?? null;
    this.#camera.write(
      message.withHeader("CSeq", String(this.#sequence)).withHeader("Authorization", authorization).text(),
    );
  }

  #answer(message: RtspMessage): void {
    const sequence = message.header("cseq") ?? "";
    const asked = message.isResponse ? this.#asked.get(sequence) : undefined;
    if (asked === undefined) {
      this.#client.write(message.text());
      return;
    }
    this.#asked.delete(sequence);
    const { status } = message;
    if (status >= 300 && status < 400) {
      this.#fail(REDIRECTS_ELSEWHERE);
    } else if (
      status === 401 &&
      !asked.retried &&
      this.#authorization?.challenged(message.headers("www-authenticate")) === true
    ) {
      this.#send({ ...asked, retried: true });
    } else {
      if (status >= 400)
        this.#onProblem(answerProblem("camera", status, message.reason, this.#authorization !== null));
      this.#client.write(message.withHeader("CSeq", asked.sequence).text());
    }
  }

  #fail(problem: string): void {
    this.#onProblem(problem);
    this.close();
  }
}

function originIn(uri: string, path: string): string | null {
  const end = /^rtsp:\/\/127\.0\.0\.1:\d+/.exec(uri)?.[0].length;
  return end !== undefined && uri.startsWith(path, end) ? uri.slice(0, end + path.length) : null;
}

function connectTo({ protocol, hostname, port }: URL, trust: SourceTrust): Socket {
  const where = {
    host: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? (PORTS[protocol] ?? 554) : Number(port),
    noDelay: true,
  };
  return protocol === "rtsps:" ? connectSecure({ ...where, ...trust }) : connect(where);
}
