/** The history of a simulation as one number: the same seed gives the same one, byte for byte. */

import { createHash } from "node:crypto";

export class History {
  readonly #hash = createHash("sha256");
  readonly #lines: string[] | null;
  #events = 0;

  /** @param keep keeps every line, to be read */
  constructor(keep: boolean) {
    this.#lines = keep ? [] : null;
  }

  get events(): number {
    return this.#events;
  }

  /** Empty where it was not kept. */
  get lines(): readonly string[] {
    return this.#lines ?? [];
  }

  add(atMs: number, text: string, bytes?: Uint8Array): void {
    this.#events += 1;
    this.#hash.update(`${atMs} ${text}\n`);
    if (bytes !== undefined) this.#hash.update(bytes);
    this.#lines?.push(`${atMs.toFixed(3)} ${text}`);
  }

  digest(): string {
    return this.#hash.copy().digest("hex");
  }
}
