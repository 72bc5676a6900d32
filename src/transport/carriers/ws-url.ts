/** Addresses of nodes on the network: `ws://HOST:PORT` and `wss://HOST:PORT`. */

import { TransportError, type TransportErrorCode } from "../errors.js";

export interface WsAddress {
  readonly secure: boolean;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}

/** @throws TransportError with `code` */
export function parseUrl(text: string, code: TransportErrorCode): WsAddress {
  const wrong = (): TransportError =>
    new TransportError(`Cannot use "${text}" as an address: wanted "ws://HOST:PORT" or "wss://HOST:PORT"`, {
      code,
    });
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw wrong();
  }
  const { protocol, hostname, pathname, search, username, password } = url;
  if (protocol !== "ws:" && protocol !== "wss:") throw wrong();
  if (hostname === "" || pathname !== "/" || `${search}${username}${password}` !== "") throw wrong();
  const secure = protocol === "wss:";
  // The parser leaves out the default port of the scheme.
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
  return { secure, host: hostname.replace(/^\[|\]$/g, ""), port };
}

export function formatUrl({ secure, host, port }: WsAddress): string {
  return `${secure ? "wss" : "ws"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Whether `url` can be reached from this machine only. @throws TransportError `listen-failed` */
export function isLoopback(url: string): boolean {
  const { host } = parseUrl(url, "listen-failed");
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}
