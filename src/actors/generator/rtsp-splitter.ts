/** Tells the messages of an RTSP connection from the media between them (RFC 2326, 10.12). */

/** Heads of cameras have some hundred bytes, descriptions some thousand. */
const HEAD_BYTES_MAX = 16 * 1024;
const BODY_BYTES_MAX = 256 * 1024;
/** `$`, before a channel, a length of 16 bits and so many bytes. */
const MEDIA = 0x24;
const MEDIA_HEAD_BYTES = 4;

/** A request or a response. Immutable. */
export class RtspMessage {
  readonly #first: string;
  readonly #headers: readonly (readonly [name: string, value: string])[];
  readonly #body: Buffer;

  constructor(first: string, headers: readonly (readonly [string, string])[], body: Buffer) {
    this.#first = first;
    this.#headers = headers;
    this.#body = body;
  }

  get isResponse(): boolean {
    return this.#first.startsWith("RTSP/");
  }

  get method(): string {
    return this.#first.split(" ")[0] ?? "";
  }

  /** Of a request. */
  get uri(): string {
    return this.#first.split(" ")[1] ?? "";
  }

  /** Of a response; NaN where there is none. */
  get status(): number {
    return Number(this.#first.split(" ")[1] ?? Number.NaN);
  }

  get reason(): string {
    return this.#first.split(" ").slice(2).join(" ");
  }

  header(name: string): string | null {
    return this.headers(name)[0] ?? null;
  }

  headers(name: string): readonly string[] {
    return this.#headers.filter(([own]) => own.toLowerCase() === name).map(([, value]) => value);
  }

  withUri(uri: string): RtspMessage {
    const [method = "", , version = ""] = this.#first.split(" ");
    return new RtspMessage(`${method} ${uri} ${version}`, this.#headers, this.#body);
  }

  /** In place of those of that name; null for none. */
  withHeader(name: string, value: string | null): RtspMessage {
    const others = this.#headers.filter(([own]) => own.toLowerCase() !== name.toLowerCase());
    const headers = value === null ? others : [[name, value] as const, ...others];
    return new RtspMessage(this.#first, headers, this.#body);
  }

  text(): Buffer {
    const head = [this.#first, ...this.#headers.map(([name, value]) => `${name}: ${value}`), "", ""].join(
      "\r\n",
    );
    return Buffer.concat([Buffer.from(head, "latin1"), this.#body]);
  }
}

export class RtspSplitter {
  readonly #onMedia: (bytes: Buffer) => void;
  readonly #onMessage: (message: RtspMessage) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(onMedia: (bytes: Buffer) => void, onMessage: (message: RtspMessage) => void) {
    this.#onMedia = onMedia;
    this.#onMessage = onMessage;
  }

  /** @returns false where this is no RTSP, or more of it than there is room for */
  accept(chunk: Buffer): boolean {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (at < bytes.length) {
      const taken = bytes[at] === MEDIA ? this.#media(bytes, at) : this.#message(bytes, at);
      if (taken === null) return false;
      if (taken === 0) break;
      at += taken;
    }
    this.#rest = bytes.subarray(at);
    return true;
  }

  /** As many whole packets as there are, one behind the other. @returns bytes taken, 0 where more are needed */
  #media(bytes: Buffer, from: number): number {
    let at = from;
    while (at + MEDIA_HEAD_BYTES <= bytes.length && bytes[at] === MEDIA) {
      const end = at + MEDIA_HEAD_BYTES + bytes.readUInt16BE(at + 2);
      if (end > bytes.length) break;
      at = end;
    }
    if (at > from) this.#onMedia(bytes.subarray(from, at));
    return at - from;
  }

  #message(bytes: Buffer, from: number): number | null {
    const headEnd = bytes.indexOf("\r\n\r\n", from, "latin1");
    if (headEnd < 0) return bytes.length - from > HEAD_BYTES_MAX ? null : 0;
    if (headEnd - from > HEAD_BYTES_MAX) return null;
    const [first = "", ...lines] = bytes
      .toString("latin1", from, headEnd)
      .replace(/^(?:\r\n)+/, "")
      .split("\r\n");
    const headers = lines.flatMap((line): [string, string][] => {
      const colon = line.indexOf(":");
      return colon < 0 ? [] : [[line.slice(0, colon).trim(), line.slice(colon + 1).trim()]];
    });
    const length = Number(headers.find(([name]) => name.toLowerCase() === "content-length")?.[1] ?? 0);
    if (!Number.isSafeInteger(length) || length < 0 || length > BODY_BYTES_MAX) return null;
    const bodyStart = headEnd + 4;
    if (bytes.length < bodyStart + length) return 0;
    // A copy, as the chunk is not kept.
    const body = Buffer.from(bytes.subarray(bodyStart, bodyStart + length));
    this.#onMessage(new RtspMessage(first, headers, body));
    return bodyStart + length - from;
  }
}
