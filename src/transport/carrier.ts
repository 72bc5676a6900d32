/**
 * What carries bytes between two nodes. A carrier knows frames, and nothing of what is in them.
 *
 * R1 Frames arrive whole and in the order of sending, each once, until the channel closes; what was sent before a `close`
 *    arrives before it does.
 * R2 A frame longer than the carrier's limit closes the channel with `frame-too-large`, before it is read whole.
 * R3 `onClose` is told once, whoever closed; after it nothing else is told, and what is sent goes nowhere.
 * R4 Nothing is told to a listener before the call that set it going has returned.
 */

/** Why a channel closed. Codes are promises, texts are for people. */
export type ChannelCloseCode =
  /** This side or the other closed it in order. */
  | "closed"
  /** The connection broke, or the other side is gone. */
  | "lost"
  /** A frame was longer than allowed. */
  | "frame-too-large"
  /** The other side does not speak the carrier's protocol. */
  | "protocol-error";

export interface ChannelClosed {
  readonly code: ChannelCloseCode;
  readonly reason: string;
}

export interface ChannelListener {
  /** One frame. Its bytes may be shared with the sender or with other frames: nobody writes to them. */
  onFrame(frame: Uint8Array): void;
  onClose(closed: ChannelClosed): void;
}

/** One connection between two nodes. */
export interface Channel {
  /** The other end, for people: an address and port, a thread. */
  readonly remote: string;
  /** Bytes that were sent and that the operating system has not taken yet. */
  readonly bufferedBytes: number;
  /** Takes the channel over; frames that came before wait for this. Once a channel. */
  start(listener: ChannelListener): void;
  /** Sends one frame, uncopied: nobody may write to its bytes afterwards. Never throws; after a close it does nothing. */
  send(frame: Uint8Array): void;
  /** Closes in order, after what was sent. `reason` is at most 120 bytes of text. */
  close(reason: string): void;
  /** Closes at once. */
  destroy(): void;
}

export interface ListenOptions {
  /** `ws://host:port`, `wss://host:port`, or what the carrier understands; port 0 takes any free one. */
  readonly url: string;
  /** Of `wss`, PEM text. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Told each connection that another node opened. */
  readonly onChannel: (channel: Channel) => void;
}

export interface Listening {
  /** Where others connect to: the address asked for, with the real port. */
  readonly url: string;
  /** Connections that were turned away before they were channels, by reason. */
  readonly refusals: Readonly<Record<string, number>>;
  /** Takes no more connections; open channels stay. */
  close(): Promise<void>;
}

export interface ConnectOptions {
  readonly url: string;
  /** Of `wss`: PEM text of certificate authorities besides the machine's. */
  readonly tls?: { readonly authorities: string };
  /** Gives up after, in ms. Default 5,000. */
  readonly timeoutMs?: number;
}

export interface Carrier {
  /** @throws TransportError `listen-failed` */
  listen(options: ListenOptions): Promise<Listening>;
  /** @throws TransportError `connect-failed` */
  connect(options: ConnectOptions): Promise<Channel>;
}

/** Longest frame that any carrier takes, in bytes. */
export const FRAME_BYTES_MAX = 256 * 1024;
