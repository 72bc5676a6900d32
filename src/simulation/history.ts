/** What happened in a simulation, in order, and a digest of it: the same seed gives the same one, byte for byte. */

import { createHash } from "node:crypto";
import type { VirtualTime } from "./virtual-time.js";

export class History {
  readonly #time: VirtualTime;
  readonly #hash = createHash("sha256");
  readonly #lines: string[] | null;

  /** @param keepsLines keeps every line, for people to read */
  constructor(time: VirtualTime, keepsLines: boolean) {
    this.#time = time;
    this.#lines = keepsLines ? [] : null;
  }

  /** `TIME TEXT` of every event, the time in ms since the Unix epoch; empty where lines are not kept. */
  get lines(): readonly string[] {
    return this.#lines ?? [];
  }

  /** @param bytes what the event carried; part of the digest and of no line */
  add(text: string, bytes?: Uint8Array): void {
    const { nowMs } = this.#time;
    this.#hash.update(`${nowMs} ${text}\n`);
    if (bytes !== undefined) this.#hash.update(bytes);
    this.#lines?.push(`${nowMs.toFixed(3)} ${text}`);
  }

  /** SHA-256 of all that was added, in hex. */
  digest(): string {
    return this.#hash.copy().digest("hex");
  }
}
