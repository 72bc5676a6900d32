/** Whose process is at the other end of a connection of this machine's loopback. */

import { readFileSync } from "node:fs";
import type { Socket } from "node:net";

/** 127.0.0.1 as proc(5) prints it, on machines of either byte order. */
const LOOPBACK = ["0100007F", "7F000001"];
/** Of the columns of `/proc/net/tcp`: its own address, the other one, and whose it is. */
const [LOCAL, REMOTE, UID] = [1, 2, 7];

/**
 * Whether this process's own user, or root, has connected. Whoever lists processes sees the address of a relay, and would
 * see the camera by it. True where the system does not say, as only Linux does.
 */
export function isOwnPeer(socket: Socket): boolean {
  const own = process.getuid?.();
  const { remotePort, localPort } = socket;
  if (process.platform !== "linux" || own === undefined || remotePort === undefined) return true;
  const [theirs, ours] = [addressesOf(remotePort), addressesOf(localPort ?? 0)];
  const row = connections().find((columns) => {
    const [local, remote] = [columns[LOCAL], columns[REMOTE]];
    return local !== undefined && remote !== undefined && theirs.includes(local) && ours.includes(remote);
  });
  const uid = row === undefined ? own : Number(row[UID]);
  return uid === own || uid === 0;
}

function addressesOf(port: number): readonly string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return LOOPBACK.map((host) => `${host}:${hex}`);
}

function connections(): readonly (readonly string[])[] {
  try {
    return readFileSync("/proc/net/tcp", "latin1")
      .split("\n")
      .map((line) => line.trim().split(/\s+/));
  } catch {
    // A system that hides it.
    return [];
  }
}
