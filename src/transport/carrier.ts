/**
 * What carries bytes between two nodes. A carrier knows frames, and nothing of their content.
 *
 * R1 Frames arrive whole, once, and in the order of sending, until the channel closes; frames sent before `close` arrive
 *    before the other side closes.
 * R2 A frame longer than the carrier's limit closes the channel with `frame-too-large`, before it is read whole.
 * R3 `onClose` is called once, whichever side closed; after it the listener is not called any more, and frames that are sent
 *    are dropped.
 * R4 A listener is never called within the call that started the channel.
 */

/** Why a channel closed. Codes are promises, reasons are for people. */
export type ChannelCloseCode =
  /** This side or the other closed it in order. */
  | "closed"
  /** The connection broke, or the other side is gone. */
  | "lost"
  /** A frame was longer than allowed. */
  | "frame-too-large"
  /** The other side does not speak the carrier's protocol. */
  | "protocol-error";

/** How a channel has ended. */
export interface ChannelClosed {
  readonly code: ChannelCloseCode;
  readonly reason: string;
}

/** What a channel calls as frames come and as it ends. */
export interface ChannelListener {
  /** A frame arrived. Its bytes may be shared with the sender or with other frames: nobody may write to them. */
  onFrame(frame: Uint8Array): void;
  /** Called once, and nothing after it. */
  onClose(closed: ChannelClosed): void;
}

/** One connection between two nodes. */
export interface Channel {
  /** The other end, for people: an address and port, or a thread. */
  readonly remote: string;
  /** Bytes that were sent and that the operating system has not taken yet. */
  readonly bufferedBytes: number;
  /** Bytes that have come so far, also those of a frame that is not whole; absent where frames come in one piece. */
  readonly arrivedBytes?: number;
  /** Begins to pass frames to `listener`, also those that have arrived before. To be called once. */
  start(listener: ChannelListener): void;
  /** Sends a frame uncopied: nobody may write to its bytes afterwards. Never throws; after a close it does nothing. */
  send(frame: Uint8Array): void;
  /** Closes in order, after the frames that were sent. `reason` has at most 120 bytes. */
  close(reason: string): void;
  /** Closes at once; frames that were sent may be lost. */
  destroy(): void;
}

/** What answers requests of HTTP whose headers have come. Nobody has proved anything yet, and the connection is short of time. */
export interface HttpService {
  /**
   * Answers a request that opens no channel.
   *
   * @param keep has the connection live for as long as the answer takes: it is one of a stranger no more
   */
  handle(request: HttpRequest, response: HttpResponse, keep: () => void): void;
  /**
   * A browser asks for a channel, subprotocol `sluice.page.v1`.
   *
   * @returns receives the channel; null refuses it. Must not reject
   */
  admit(request: HttpRequest): Promise<((channel: Channel) => void) | null>;
}

/** Of Node's `IncomingMessage`, what a handler has need of. */
export interface HttpRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** `encrypted` is true of TLS. */
  readonly socket: { readonly remoteAddress?: string | undefined; readonly encrypted?: boolean };
  /** Reads the body and throws it away. */
  resume(): unknown;
  /** The body, piece by piece. */
  [Symbol.asyncIterator](): AsyncIterator<unknown>;
}

/** Of Node's `ServerResponse`, what a handler has need of. */
export interface HttpResponse {
  /** Begins the answer. */
  writeHead(status: number, headers: Readonly<Record<string, string | number>>): unknown;
  /** Sends a part of it. @returns whether there is room for more; `drain` says when there is again */
  write(part: string): boolean;
  /** Ends it. */
  end(body?: Uint8Array): unknown;
  /** Ends it and its connection, whatever has not been sent. */
  destroy(): unknown;
  /** Whether nothing is sent any more. */
  readonly destroyed: boolean;
  /** Whether there was no room for more, and is none yet. */
  readonly writableNeedDrain: boolean;
  /** Hears that the answer cannot be sent, that it has ended, or that there is room again. */
  on(event: "error" | "close" | "drain", listener: () => void): unknown;
}

/** Where to listen, and how. */
export interface ListenOptions {
  /** `ws://host:port`, `wss://host:port`, or what the carrier understands; port 0 takes any free one. */
  readonly url: string;
  /** For `wss`: PEM text. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Serves requests of HTTP, where the carrier meets any; without it each is refused. */
  readonly http?: HttpService;
  /** Called with each connection that another node opens. */
  readonly onChannel: (channel: Channel) => void;
}

/** An address that is listened at. */
export interface Listening {
  /** Where others connect to: the address asked for, with the actual port. */
  readonly url: string;
  /** Connections that were refused before they became channels, by reason. */
  readonly refusals: Readonly<Record<string, number>>;
  /** Accepts no more connections; open channels stay. */
  close(): Promise<void>;
}

/** Where to connect, and how. */
export interface ConnectOptions {
  readonly url: string;
  /** For `wss`: PEM text of certificate authorities besides the machine's. */
  readonly tls?: { readonly authorities: string };
  /** Gives up after this, in ms. Default 5,000. */
  readonly timeoutMs?: number;
}

/** Moves frames between nodes: connects to addresses and listens at them. */
export interface Carrier {
  /** @throws TransportError `listen-failed` */
  listen(options: ListenOptions): Promise<Listening>;
  /** @throws TransportError `connect-failed` */
  connect(options: ConnectOptions): Promise<Channel>;
}

/** Longest frame that any carrier takes, in bytes. */
export const FRAME_BYTES_MAX = 256 * 1024;
