/** The body of a request, as far as anybody needs it. */

import type { HttpRequest } from "../transport/carrier.js";

/** Null of one that is longer, or that never came to its end. All of it is taken in: to stop early would end the connection. */
export async function bodyOf(request: HttpRequest, bytesMax: number): Promise<Uint8Array | null> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const part of request) {
      if (!(part instanceof Uint8Array)) continue;
      bytes += part.length;
      if (bytes <= bytesMax) parts.push(part);
    }
  } catch {
    // Whoever sent it is gone, or was too slow.
    return null;
  }
  return bytes > bytesMax ? null : Buffer.concat(parts);
}
