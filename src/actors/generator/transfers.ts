/** How the transfers over HTTP go: how much has come, whether all was announced, and whether ffmpeg waits for bytes. */

import type { IncomingMessage, ServerResponse } from "node:http";

export class Transfers {
  /** Answers to ffmpeg that are not complete. */
  readonly #open = new Set<ServerResponse>();
  #bytes = 0;
  #brokenOff: string | null = null;
  #measured = false;

  /** Why one ended before all was there that its server had announced. */
  get brokenOff(): string | null {
    return this.#brokenOff;
  }

  /** Bytes so far; null while nothing is on its way. */
  get awaited(): number | null {
    return this.#open.size === 0 ? null : this.#bytes;
  }

  /** Bytes so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A server has said how long what it sends is: it has an end. */
  get measured(): boolean {
    return this.#measured;
  }

  /** A part of the recording cannot be had. */
  missed(reason: string): void {
    this.#brokenOff ??= `a part of it is missing, as ${reason}`;
  }

  /** ffmpeg has asked, and waits for `answer`. */
  await(answer: ServerResponse): void {
    this.#open.add(answer);
    answer.once("close", () => this.#open.delete(answer));
  }

  /** `response` is passed on as `answer`. @param whole it is all of the source, and no part or list of them */
  follow(response: IncomingMessage, answer: ServerResponse, whole: boolean): void {
    this.#measured ||= whole && response.headers["content-length"] !== undefined;
    response.on("data", (chunk: Buffer) => (this.#bytes += chunk.length));
    response.once("end", () => this.#open.delete(answer));
    response.once("error", () => {
      // ffmpeg asks for another part by hanging up: that is no fault of the server.
      if (!answer.destroyed) this.#brokenOff ??= "its server broke the transfer off";
    });
  }
}
