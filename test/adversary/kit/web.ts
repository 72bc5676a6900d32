/** What speaks HTTP with a hub: requests as they are written, the page of a browser, and what comes back. */

import { WebSocket } from "ws";
import { within } from "../../support/within.js";
import { closed, socketTo, type Place } from "./stranger.js";

export interface Answered {
  /** 0 where the connection ended without an answer. */
  readonly status: number;
  /** As they were sent. */
  readonly head: string;
  readonly body: string;
}

/** Writes a request as it stands, and reads until the hub is done with it. */
export async function written(place: Place, text: string): Promise<Answered> {
  const socket = await socketTo(place);
  let all = "";
  socket.setEncoding("latin1").on("data", (part) => (all += String(part)));
  socket.write(text, "latin1");
  await closed(socket);
  const end = all.indexOf("\r\n\r\n");
  const head = end < 0 ? all : all.slice(0, end);
  return {
    status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? 0),
    head,
    body: end < 0 ? "" : all.slice(end + 4),
  };
}

interface Asked {
  readonly method?: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export function ask(
  place: Place,
  path: string,
  { method = "GET", host = `127.0.0.1:${place.port}`, headers = {}, body = "" }: Asked = {},
): Promise<Answered> {
  const all = { host, ...(body !== "" && { "content-length": String(Buffer.byteLength(body)) }), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return written(place, `${[`${method} ${path} HTTP/1.1`, ...lines].join("\r\n")}\r\n\r\n${body}`);
}

export function signIn(
  place: Place,
  proof: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answered> {
  return ask(place, "/session", {
    method: "POST",
    headers: { origin: `http://127.0.0.1:${place.port}`, "content-type": "application/json", ...headers },
    body: JSON.stringify(proof),
  });
}

/** `sluice_session=...`, that an answer sets; null where it sets none. */
export function cookieOf({ head }: Answered): string | null {
  return /^set-cookie: ([^;\r]+)/im.exec(head)?.[1] ?? null;
}

export interface Page {
  /** All that it was told so far, as it came. */
  readonly words: string;
  /** What is answered to an ask: its code where it failed. */
  ask(to: string, message: Readonly<Record<string, unknown>>): Promise<string>;
  watch(topic: string): void;
  close(): void;
}

/** @returns the page, or the status with which it was refused */
export async function openPage(
  { host, port }: Place,
  headers: Readonly<Record<string, string>>,
): Promise<Page | number> {
  const socket = new WebSocket(`ws://${host}:${port}`, "sluice.page.v1", { headers });
  let words = "";
  socket.on("message", (data: Buffer) => (words += data.toString("utf8")));
  const status = new Promise<number | null>((resolve) => {
    socket.on("open", () => resolve(null));
    socket.on("unexpected-response", (_, response) => {
      resolve(response.statusCode ?? 0);
      response.destroy();
    });
    socket.on("error", () => resolve(0));
  });
  const refused = await within(10_000, status, "a page to open");
  if (refused !== null) return refused;
  const ended = new Promise<void>((resolve) => void socket.once("close", () => resolve()));
  let asked = 0;
  return {
    get words() {
      return words;
    },
    watch: (topic) => socket.send(Buffer.from(JSON.stringify({ type: "watch", watch: { topic } }))),
    async ask(to, message) {
      const id = (asked += 1);
      const told = new Promise<string>((resolve) => {
        const look = (data: unknown): void => {
          const said = JSON.parse(String(data)) as {
            readonly id?: number;
            readonly type: string;
            readonly code?: string;
          };
          if (said.id !== id) return;
          socket.off("message", look);
          resolve(said.type === "failed" ? (said.code ?? "") : said.type);
        };
        socket.on("message", look);
        void ended.then(() => resolve("closed"));
      });
      socket.send(Buffer.from(JSON.stringify({ type: "ask", id, to, message })));
      return within(20_000, told, "an answer to a page");
    },
    close: () => socket.terminate(),
  };
}
