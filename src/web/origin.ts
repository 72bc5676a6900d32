/**
 * Whether a request comes from a page of this hub, as the browser says: a page of somebody else's can send one with the
 * cookie, and cannot choose its `Origin`.
 */

import type { HttpRequest } from "../transport/carrier.js";
import { addressGroup, LOOPBACK } from "../transport/address-group.js";

/** Of a header that is given once. */
export function headerOf({ headers }: HttpRequest, name: string): string {
  const value = headers[name];
  return typeof value === "string" ? value : "";
}

export function isFromOwnPage(request: HttpRequest): boolean {
  const host = headerOf(request, "host");
  const scheme = request.socket.encrypted === true ? "https" : "http";
  if (host === "" || headerOf(request, "origin") !== `${scheme}://${host}`) return false;
  // Without TLS anybody's name may lead here, and be the page's own all the same: DNS rebinding.
  return scheme === "https" || isOfThisMachine(host) || isAddress(host);
}

/** Names and addresses that mean the machine itself, wherever they are said. */
export function isOfThisMachine(host: string): boolean {
  const name = hostName(host);
  return name === "localhost" || addressGroup(name) === LOOPBACK;
}

function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(hostName(host)) || host.startsWith("[");
}

function hostName(host: string): string {
  return host.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
}
