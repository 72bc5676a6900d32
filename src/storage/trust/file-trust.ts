/**
 * A hub's trust as files that only its own user can read: `master.key`, written once, and `owners.json` and `orders.json`, each
 * written whole each time that it changes.
 */

import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { join, resolve } from "node:path";
import { errorText } from "../../runtime/errors.js";
import type { Clock } from "../../runtime/clock.js";
import type { Logger } from "../../runtime/log.js";
import { parseWith, z } from "../../runtime/parse.js";
import { SluiceError } from "../../task/errors.js";
import { parseNodeName, parseSourceId, type SourceId } from "../../task/identity.js";
import { NAME, TEXT_LIMITS } from "../../task/limits.js";
import type { SourceOrder } from "../../task/requests.js";
import { storeError } from "../storage-error.js";
import { createSourceOrders } from "./orders.js";
import { createSourceOwners, MASTER_KEY_BYTES, type Owner, type Trust } from "./trust.js";

const name = z.string().regex(NAME);
const incarnation = z.number().int().min(0);
const ownersForm = z.record(
  name,
  z.object({
    node: name,
    held: z.boolean(),
    incarnation,
    after: incarnation,
    pipeline: z.string().max(TEXT_LIMITS.pipelineKey),
  }),
);

const ordersForm = z.record(
  name,
  z.object({ policy: z.object({ name: z.string(), parameters: z.record(z.string(), z.unknown()) }) }),
);

export interface TrustOptions {
  readonly clock: Clock;
  readonly log: Logger;
}

/** Between two writes, in ms: a member that claims and removes sources without end has the disk ten times a second at most. */
const WRITE_PERIOD_MS = 100;

/** @throws SluiceError `store-unwritable`, `store-corrupt` */
export async function openTrust(folder: string, options: TrustOptions): Promise<Trust> {
  const path = resolve(folder);
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const masterKey = await readOrMakeKey(join(path, "master.key"));
    const ownersPath = join(path, "owners.json");
    const known = await readOwners(ownersPath);
    const ordersPath = join(path, "orders.json");
    const ordered = await readOrders(ordersPath);
    const owners = new MapWriter(
      { path: ownersPath, map: known, what: "to which nodes the sources belong" },
      options,
    );
    const orders = new MapWriter(
      { path: ordersPath, map: ordered, what: "what operators said of sources" },
      options,
    );
    return {
      masterKey,
      owners: createSourceOwners(known, () => owners.start()),
      orders: createSourceOrders(ordered, () => orders.start()),
      written: () => owners.written(),
      close: async () => void (await Promise.all([owners.done(), orders.done()])),
    };
  } catch (error) {
    if (error instanceof SluiceError) throw error;
    throw new SluiceError(`Cannot use the keys in "${path}": ${errorText(error)}`, {
      code: "store-unwritable",
      cause: error,
    });
  }
}

interface Waiting {
  readonly written: () => void;
  readonly failed: (error: Error) => void;
}

interface WrittenMap {
  readonly path: string;
  readonly map: ReadonlyMap<SourceId, unknown>;
  /** For people. */
  readonly what: string;
}

/** Writes the first change at once, and then the newest of those that came meanwhile. */
class MapWriter {
  readonly #file: WrittenMap;
  readonly #options: TrustOptions;
  /** Counted, and as many of them as are on disk. */
  #changes = 0;
  #durable = 0;
  /** Those that the newest write has. */
  #begun = 0;
  #waiting: Waiting[] = [];
  #closing = false;
  #endPause = (): void => {};
  #writing: Promise<void> | null = null;

  constructor(file: WrittenMap, options: TrustOptions) {
    this.#file = file;
    this.#options = options;
  }

  start(): void {
    this.#changes += 1;
    this.#writing ??= this.#run();
  }

  written(): Promise<void> | null {
    if (this.#durable === this.#changes) return null;
    return new Promise((written, failed) => {
      this.#waiting.push({ written, failed });
      // Also after a write that failed.
      this.#writing ??= this.#run();
    });
  }

  async done(): Promise<void> {
    this.#closing = true;
    this.#endPause();
    await this.#writing;
  }

  async #run(): Promise<void> {
    // All that the same turn still changes goes along.
    await Promise.resolve();
    do {
      await this.#write();
      if (!this.#closing) await this.#pause();
    } while (this.#begun !== this.#changes || (this.#waiting.length > 0 && !this.#closing));
    this.#writing = null;
  }

  async #write(): Promise<void> {
    const { path, map, what } = this.#file;
    const changes = (this.#begun = this.#changes);
    const waiting = this.#waiting;
    this.#waiting = [];
    try {
      await writeWhole(path, JSON.stringify(Object.fromEntries(map)));
      this.#durable = changes;
      for (const { written } of waiting) written();
    } catch (error) {
      // It holds for as long as this process runs, and is written again as soon as somebody waits for it.
      const failure = storeError(`write ${what} to "${path}"`, error);
      this.#options.log.warn(`Cannot write ${what}`, { path, error: failure.message });
      for (const { failed } of waiting) failed(failure);
    }
  }

  #pause(): Promise<void> {
    return new Promise((over) => {
      const timer = this.#options.clock.after(WRITE_PERIOD_MS, over);
      this.#endPause = () => {
        timer.cancel();
        over();
      };
    });
  }
}

async function readOrMakeKey(path: string): Promise<Uint8Array> {
  const text = await readText(path);
  if (text === null) {
    const made = randomBytes(MASTER_KEY_BYTES);
    await writeWhole(path, made.toString("base64url"));
    return made;
  }
  const key = Buffer.from(text, "base64url");
  if (key.length === MASTER_KEY_BYTES) return key;
  throw corrupt(path, `wanted ${MASTER_KEY_BYTES} bytes in base64url; delete it, and a new one is made`);
}

async function readOwners(path: string): Promise<Map<SourceId, Owner>> {
  const text = await readText(path);
  if (text === null) return new Map();
  const parsed = parseWith(ownersForm, jsonOf(text));
  if (!parsed.ok) {
    throw corrupt(path, `${parsed.problem}; delete it, and each source is the node's that comes first`);
  }
  return new Map(
    Object.entries(parsed.value).map(([source, { node, ...owner }]) => [
      parseSourceId(source),
      { node: parseNodeName(node), ...owner },
    ]),
  );
}

async function readOrders(path: string): Promise<Map<SourceId, SourceOrder>> {
  const text = await readText(path);
  if (text === null) return new Map();
  const parsed = parseWith(ordersForm, jsonOf(text));
  if (!parsed.ok) {
    throw corrupt(
      path,
      `${parsed.problem}; delete it, and each source has the policy that it was started with`,
    );
  }
  return new Map(Object.entries(parsed.value).map(([source, order]) => [parseSourceId(source), order]));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null; // and that is no list of anything
  }
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** Writes a file whole or not at all, also if the process crashes. */
async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.new`;
  const file = await open(draft, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
}

function corrupt(path: string, problem: string): SluiceError {
  return new SluiceError(`Cannot read "${path}" as it is damaged: ${problem}`, { code: "store-corrupt" });
}
