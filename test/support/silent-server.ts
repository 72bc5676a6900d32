/** A server of no protocol: it accepts, and says nothing. */

import { createServer, type Server } from "node:net";

/** What comes is read, as a connection of which nobody reads does not see its end, and stays as long as the process. */
export function silentServer(): Server {
  return createServer((socket) => void socket.on("error", () => {}).resume());
}
