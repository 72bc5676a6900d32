/** Who counts as one address: strangers are bounded by it. */

import { isIP } from "node:net";

/** Of this machine, by whichever address. */
export const LOOPBACK = "loopback";

/** The /64 of an IPv6 address, as a site has all of it (RFC 6177); of others the address itself. */
export function addressGroup(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");
  if (plain === "::1" || /^127\.\d+\.\d+\.\d+$/.test(plain)) return LOOPBACK;
  if (isIP(plain) !== 6) return plain;
  const [head = "", tail] = plain.split("::");
  const first = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => "0");
  return `${[...first, ...zeros, ...last].slice(0, 4).join(":")}::/64`;
}
