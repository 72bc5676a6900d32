/**
 * A carrier between worker threads: channels over MessagePorts.
 *
 * Frames in shared memory are shared; others are copied once, into memory that is then transferred. Addresses are
 * `port://NAME`. The listening thread and the connecting one each hold an end of a MessageChannel, the door.
 */

import { MessageChannel, type MessagePort } from "node:worker_threads";
import {
  FRAME_BYTES_MAX,
  type Carrier,
  type Channel,
  type ChannelClosed,
  type ChannelListener,
} from "../carrier.js";
import { TransportError } from "../errors.js";

type PortMessage =
  | Uint8Array
  /** The last one: the other side closes in order, or violates the protocol. */
  | { readonly close: ChannelClosed };

/** Asks a listener for a channel; the port in it is the listener's end. */
interface Knock {
  readonly knock: MessagePort;
  readonly from: string;
}

/**
 * Connects and listens through `door`, one end of a MessageChannel whose other end is in the other thread.
 *
 * @param name of this thread, for people
 */
export function createPortCarrier(door: MessagePort, name: string): Carrier {
  return {
    listen({ url, onChannel }) {
      if (!url.startsWith("port://") || door.listenerCount("message") > 0) {
        const problem = url.startsWith("port://") ? "another node listens there" : 'wanted "port://NAME"';
        return Promise.reject(
          new TransportError(`Cannot listen at "${url}": ${problem}`, { code: "listen-failed" }),
        );
      }
      const onMessage = ({ knock, from }: Knock): void => onChannel(new PortChannel(knock, from));
      door.on("message", onMessage);
      return Promise.resolve({
        url,
        refusals: {},
        close() {
          door.off("message", onMessage);
          return Promise.resolve();
        },
      });
    },
    connect({ url }) {
      if (!url.startsWith("port://")) {
        return Promise.reject(
          new TransportError(`Cannot connect to "${url}": wanted "port://NAME"`, { code: "connect-failed" }),
        );
      }
      const { port1, port2 } = new MessageChannel();
      const knock: Knock = { knock: port2, from: name };
      door.postMessage(knock, [port2]);
      return Promise.resolve(new PortChannel(port1, url));
    },
  };
}

class PortChannel implements Channel {
  readonly remote: string;
  readonly #port: MessagePort;
  #listener: ChannelListener | null = null;
  #closed = false;

  constructor(port: MessagePort, remote: string) {
    this.#port = port;
    this.remote = remote;
  }

  /** Always 0: what was posted has left, and a port shows its sender no queue. */
  get bufferedBytes(): number {
    return 0;
  }

  start(listener: ChannelListener): void {
    this.#listener = listener;
    this.#port.on("message", (message: PortMessage) => this.#take(message));
    this.#port.on("close", () => this.#end({ code: "lost", reason: "the other thread is gone" }));
  }

  send(frame: Uint8Array): void {
    if (this.#closed) return;
    if (frame.byteLength > FRAME_BYTES_MAX) {
      this.#finish({ code: "frame-too-large", reason: `a frame of ${frame.byteLength} bytes` });
      return;
    }
    if (frame.buffer instanceof SharedArrayBuffer) {
      this.#post(frame, []);
      return;
    }
    // Transferring a view of a pool would transfer the whole pool.
    const copy = Uint8Array.from(frame);
    this.#post(copy, [copy.buffer]);
  }

  close(reason: string): void {
    this.#finish({ code: "closed", reason });
  }

  destroy(): void {
    if (this.#closed) return;
    this.#port.close();
    setImmediate(() => this.#end({ code: "closed", reason: "" }));
    this.#closed = true;
  }

  #post(message: PortMessage, transferred: ArrayBuffer[]): void {
    this.#port.postMessage(message, transferred);
  }

  #finish(closed: ChannelClosed): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#post({ close: closed }, []);
    setImmediate(() => {
      this.#reportClose(closed);
      this.#port.close();
    });
  }

  #take(message: PortMessage): void {
    if (this.#closed) return;
    if (message instanceof Uint8Array) {
      if (message.byteLength <= FRAME_BYTES_MAX) this.#listener?.onFrame(message);
      else this.#finish({ code: "frame-too-large", reason: `a frame of ${message.byteLength} bytes` });
      return;
    }
    this.#end(message.close);
    this.#port.close();
  }

  #end(closed: ChannelClosed): void {
    if (this.#closed && closed.code === "lost") return;
    this.#closed = true;
    this.#reportClose(closed);
  }

  #reportClose(closed: ChannelClosed): void {
    const listener = this.#listener;
    this.#listener = null;
    listener?.onClose(closed);
  }
}
