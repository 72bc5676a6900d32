/**
 * The relay of an address of RTSP (RFC 2326), with the media interleaved in the same connection: what ffmpeg asks goes to the
 * camera under the camera's own address and with the credentials, and everything else is passed on as it is. A camera that sends
 * its media by UDP alone is asked for that, and ffmpeg does not learn of it.
 */

import { connect, createServer, type Server, type Socket } from "node:net";
import { connect as connectSecure } from "node:tls";
import { errorText } from "../../runtime/errors.js";
import { Authorization } from "./authorization.js";
import { openDatagrams, type Datagrams } from "./rtsp-datagrams.js";
import { eachPacket, mediaBytes } from "./rtsp-packets.js";
import { answerProblem, connectionProblem, REDIRECTS_ELSEWHERE } from "./relay-problem.js";
import { RtspMessage, RtspSplitter } from "./rtsp-splitter.js";
import type { NetworkAddress } from "./source-spec.js";
import type { SourceTrust } from "./source-trust.js";

/** RFC 2326, 3.2; and of RTSP over TLS as registered with IANA. */
const PORTS: Readonly<Record<string, number>> = { "rtsp:": 554, "rtsps:": 322 };

/** Requests without an answer: ffmpeg sends one, and another each half minute to keep the session. */
const ASKED_MAX = 32;
/** A camera has a picture and perhaps sound. */
const DATAGRAMS_MAX = 8;
/** What comes by UDP and ffmpeg has not taken: some seconds of a large picture. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024;
const UNSUPPORTED_TRANSPORT = 461;

export function openRtspRelay(
  address: NetworkAddress,
  trust: SourceTrust,
  path: string,
  onProblem: (text: string) => void,
): {
  readonly server: Server;
  readonly transfers: null;
  readonly bytes: () => number;
  readonly playing: () => boolean;
  readonly close: () => void;
} {
  const open = new Set<RtspExchange>();
  let bytes = 0;
  let playing = false;
  const server = createServer({ noDelay: true }, (client) => {
    if (client.destroyed) return;
    const exchange = new RtspExchange(
      client,
      connectTo(new URL(address.url), trust),
      address,
      path,
      onProblem,
      { onMedia: (count) => (bytes += count), onPlaying: () => (playing = true) },
    );
    open.add(exchange);
    client.once("close", () => open.delete(exchange));
  });
  return {
    server,
    transfers: null,
    bytes: () => bytes,
    playing: () => playing,
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
  /** Of a SETUP by UDP. */
  readonly datagrams?: Datagrams;
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
  readonly #onMedia: (bytes: number) => void;
  readonly #onPlaying: () => void;
  readonly #datagrams: Datagrams[] = [];
  #sequence = 0;
  #own: string | null = null;
  #session: string | null = null;
  #closed = false;

  constructor(
    client: Socket,
    camera: Socket,
    address: NetworkAddress,
    path: string,
    onProblem: (text: string) => void,
    { onMedia, onPlaying }: { readonly onMedia: (bytes: number) => void; readonly onPlaying: () => void },
  ) {
    this.#client = client;
    this.#camera = camera;
    this.#address = address;
    this.#path = path;
    this.#onProblem = onProblem;
    this.#authorization = address.credentials === null ? null : new Authorization(address.credentials);
    this.#camera.on("error", (error) => onProblem(connectionProblem(error)));
    client.on("error", () => {});
    this.#onMedia = onMedia;
    this.#onPlaying = onPlaying;
    this.#flow(client, this.#camera, {
      onMessage: (message) => this.#ask(message),
      onMedia: (media) => this.#report(media),
    });
    this.#flow(this.#camera, client, {
      onMessage: (message) => this.#answer(message),
      onMedia: (media) => {
        eachPacket(media, (_, packet) => onMedia(mediaBytes(packet)));
        return client.write(media);
      },
    });
    client.once("close", () => this.#leaveDatagrams());
  }

  close(): void {
    this.#leaveDatagrams();
    this.#client.destroy();
    // What it was told last is sent before.
    this.#camera.destroySoon();
  }

  /** Media from one side go to the other as they are, no faster than that one takes them. */
  #flow(
    from: Socket,
    to: Socket,
    {
      onMessage,
      onMedia,
    }: {
      readonly onMessage: (message: RtspMessage) => void;
      /** @returns whether more may come */
      readonly onMedia: (media: Buffer) => boolean;
    },
  ): void {
    const splitter = new RtspSplitter((media) => {
      if (!onMedia(media)) from.pause();
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
    const transport = asked.datagrams?.transport ?? message.header("transport");
    this.#camera.write(
      message
        .withHeader("CSeq", String(this.#sequence))
        .withHeader("Authorization", authorization)
        .withHeader("Transport", transport)
        .text(),
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
    } else if (status === UNSUPPORTED_TRANSPORT && this.#mayUseDatagrams(asked)) {
      void this.#askForDatagrams(asked);
    } else {
      if (status >= 400)
        this.#onProblem(answerProblem("camera", status, message.reason, this.#authorization !== null));
      if (asked.message.method === "PLAY" && status < 300) this.#onPlaying();
      asked.datagrams?.begin(message.header("transport"));
      this.#session = message.header("session")?.split(";")[0] ?? this.#session;
      const answered =
        asked.datagrams === undefined
          ? message
          : message.withHeader("Transport", asked.message.header("transport"));
      this.#client.write(answered.withHeader("CSeq", asked.sequence).text());
    }
  }

  // ── Media by UDP ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Whoever asked for TLS wants nothing of it to come without. */
  #mayUseDatagrams({ message, datagrams }: Asked): boolean {
    return (
      message.method === "SETUP" &&
      datagrams === undefined &&
      this.#datagrams.length < DATAGRAMS_MAX &&
      new URL(this.#address.url).protocol === "rtsp:" &&
      channelOf(message) !== null
    );
  }

  async #askForDatagrams(asked: Asked): Promise<void> {
    const { remoteAddress: host } = this.#camera;
    if (host === undefined) return;
    try {
      const datagrams = await openDatagrams({
        host,
        channel: channelOf(asked.message) ?? 0,
        onMedia: (packet, payload) => this.#arrived(packet, payload),
      });
      if (this.#closed) return datagrams.close();
      this.#datagrams.push(datagrams);
      this.#send({ ...asked, retried: false, datagrams });
    } catch (error) {
      this.#fail(`it sends by UDP alone, and no ports are free for that: ${errorText(error)}`);
    }
  }

  /** The end of the connection tells a camera little that sends beside it: it would go on until it misses the reports. */
  #leaveDatagrams(): void {
    this.#closed = true;
    const session = this.#session;
    const left = this.#datagrams.splice(0);
    for (const datagrams of left) datagrams.close();
    if (left.length === 0 || session === null) return;
    const headers = [["Session", session]] as const;
    const message = new RtspMessage(`TEARDOWN ${this.#address.url} RTSP/1.0`, headers, Buffer.alloc(0));
    if (this.#camera.writable) this.#send({ sequence: "", message, retried: true });
  }

  #arrived(packet: Buffer, payload: Buffer): void {
    if (this.#closed || this.#client.writableLength > WAITING_BYTES_MAX) return;
    this.#onMedia(mediaBytes(payload));
    this.#client.write(packet);
  }

  /** What ffmpeg tells of its reception goes the way that the media came. */
  #report(media: Buffer): boolean {
    if (this.#datagrams.length === 0) return this.#camera.write(media);
    eachPacket(media, (channel, payload) => {
      for (const datagrams of this.#datagrams) datagrams.send(channel, payload);
    });
    return true;
  }

  #fail(problem: string): void {
    this.#onProblem(problem);
    this.close();
  }
}

/** The first of the two that ffmpeg wants a stream on. */
function channelOf(message: RtspMessage): number | null {
  const channel = /interleaved=(\d{1,3})/.exec(message.header("transport") ?? "")?.[1];
  return channel === undefined || Number(channel) > 254 ? null : Number(channel);
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
