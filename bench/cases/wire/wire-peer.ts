/** A way to ask something of another process on the same machine: ours, the floor beneath it, or a peer. */

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Unavailable } from "../../harness/case.js";

export interface WirePeer {
  readonly name: string;
  /** Answers questions in this process until it ends. @returns where it is, for `connect` */
  serve(): Promise<string>;
  connect(address: string): Promise<WireClient>;
}

export interface WireClient {
  /** Sends `body`, and resolves once the other process has answered with as many bytes as it got, in a short message. */
  ask(body: Uint8Array): Promise<number>;
  close(): Promise<void> | void;
}

const PEERS = createRequire(new URL("../../../../bench/peers/package.json", import.meta.url));

/** A library that only benches use. @throws Unavailable where it is not installed */
export async function importPeer<Library>(name: string): Promise<Library> {
  let path: string;
  try {
    path = PEERS.resolve(name);
  } catch {
    throw new Unavailable(`${name} is not installed: npm ci --prefix bench/peers`);
  }
  const library = (await import(pathToFileURL(path).href)) as { readonly default?: Library } & Library;
  return library.default ?? library;
}
