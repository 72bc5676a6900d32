/** The page's connection to its hub: asks, and what is watched. It comes back by itself. */

import {
  parsePageJson,
  type PageMessage,
  type PageRequest,
  type Watch,
} from "../../src/web/page-protocol.js";

export type ConnectionState =
  | { readonly type: "connecting" }
  | { readonly type: "open" }
  /** The hub cannot be reached, or lets this page in no more. */
  | { readonly type: "lost"; readonly sinceMs: number };

export interface ConnectionListener {
  onState(state: ConnectionState): void;
  onMessage(message: PageMessage): void;
  /** The hub wants this browser to sign in. */
  onSignedOut(): void;
}

export interface Connection {
  /** Asks the actor at the address. @throws Error with the hub's words */
  ask<Reply>(to: string, message: Readonly<Record<string, unknown>>): Promise<Reply>;
  /** Watches in the place of what was watched of the topic before; null watches nothing of it. */
  watch(topic: Watch["topic"], watch: Watch | null): void;
}

interface Waiting {
  resolve(reply: unknown): void;
  reject(error: Error): void;
}

const RETRY_MS = 1_000;
const ALIVE_MS = 10_000;

export function connect(listener: ConnectionListener): Connection {
  const waiting = new Map<number, Waiting>();
  const watches = new Map<Watch["topic"], Watch>();
  let socket: WebSocket | null = null;
  let asked = 0;
  let lostSinceMs: number | null = null;

  function send(request: PageRequest): boolean {
    if (socket?.readyState !== WebSocket.OPEN) return false;
    socket.send(new TextEncoder().encode(JSON.stringify(request)));
    return true;
  }

  function open(): void {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const opened = new WebSocket(`${scheme}://${location.host}/`, "sluice.page.v1");
    let wasOpen = false;
    opened.binaryType = "arraybuffer";
    opened.addEventListener("open", () => {
      wasOpen = true;
      lostSinceMs = null;
      listener.onState({ type: "open" });
      for (const watch of watches.values()) send({ type: "watch", watch });
    });
    opened.addEventListener("message", ({ data }: MessageEvent<ArrayBuffer>) => {
      const message = parsePageJson(new TextDecoder().decode(data));
      if (message.type === "reply") settle(message.id)?.resolve(message.message);
      else if (message.type === "failed") settle(message.id)?.reject(new Error(message.problem));
      else listener.onMessage(message);
    });
    opened.addEventListener("close", () => {
      socket = null;
      for (const waiter of waiting.values()) waiter.reject(new Error("The hub cannot be reached"));
      waiting.clear();
      lostSinceMs ??= Date.now();
      listener.onState({ type: "lost", sinceMs: lostSinceMs });
      if (wasOpen) setTimeout(open, RETRY_MS);
      else void reconsider();
    });
    socket = opened;
  }

  /** A socket that never opened: either there is no hub, or it knows this browser no more. */
  async function reconsider(): Promise<void> {
    const isThere = await fetch("/health").then(
      ({ ok }) => ok,
      () => false,
    );
    if (isThere) listener.onSignedOut();
    else setTimeout(open, RETRY_MS);
  }

  function settle(id: number): Waiting | undefined {
    const found = waiting.get(id);
    waiting.delete(id);
    return found;
  }

  setInterval(() => send({ type: "alive" }), ALIVE_MS);
  listener.onState({ type: "connecting" });
  open();
  return {
    ask<Reply>(to: string, message: Readonly<Record<string, unknown>>): Promise<Reply> {
      asked += 1;
      const id = asked;
      return new Promise<Reply>((resolve, reject) => {
        waiting.set(id, { resolve: (reply) => resolve(reply as Reply), reject });
        if (!send({ type: "ask", id, to, message }))
          settle(id)?.reject(new Error("The hub cannot be reached"));
      });
    },
    watch(topic, watch) {
      if (watch === null) {
        watches.delete(topic);
        send({ type: "unwatch", topic });
        return;
      }
      watches.set(topic, watch);
      send({ type: "watch", watch });
    },
  };
}
