/**
 * Writes what changes in the hub's state behind those who change it: what one turn changes goes along in one write, what changes
 * meanwhile in the next one, of all who keep something together.
 *
 * SW1 Of each key the newest change alone is written, in one batch with all others that wait.
 * SW2 Who waits for a write does not wait for its turn: records that hang on what changed are written as soon as that is.
 * SW3 What a failed write did not write goes along with the next one, which is tried again until it succeeds.
 */

import { errorText } from "../../runtime/errors.js";
import type { Clock } from "../../runtime/clock.js";
import type { Logger } from "../../runtime/log.js";
import { storeError } from "../storage-error.js";
import type { HubState, StateChange, StateKind } from "./hub-state.js";

export interface StateWriter {
  /** @param value plain data, which nobody changes afterwards */
  put(kind: StateKind, key: string, value: unknown): void;
  delete(kind: StateKind, key: string): void;
  /**
   * Resolves once whatever has changed so far is durable; null where it is.
   *
   * @throws SluiceError `store-full`, `store-unwritable`: it is not now, and will be as soon as it can
   */
  written(): Promise<void> | null;
  /** Writes what is left; nothing may be called afterwards. */
  close(): Promise<void>;
}

export interface StateWriterOptions {
  readonly clock: Clock;
  readonly log: Logger;
}

/** Between two writes for which nobody waits, in ms: whoever changes something without end has the disk ten times a second at most. */
const PERIOD_MS = 100;
/** After a write that failed, in ms. */
const RETRY_MS = 1_000;

interface Waiting {
  readonly written: () => void;
  readonly failed: (error: Error) => void;
}

export function createStateWriter(state: Pick<HubState, "write">, options: StateWriterOptions): StateWriter {
  return new Writer(state, options);
}

class Writer implements StateWriter {
  readonly #state: Pick<HubState, "write">;
  readonly #options: StateWriterOptions;
  /** By kind and key: not on disk, and not in the write under way. */
  #changes = new Map<string, StateChange>();
  /** For those. */
  #waiting: Waiting[] = [];
  #underWay: Promise<void> | null = null;
  #running: Promise<void> | null = null;
  #closing = false;
  #endPause = (): void => {};
  /** Since the last write that succeeded. */
  #failures = 0;

  constructor(state: Pick<HubState, "write">, options: StateWriterOptions) {
    this.#state = state;
    this.#options = options;
  }

  put(kind: StateKind, key: string, value: unknown): void {
    this.#change({ type: "put", kind, key, value });
  }

  delete(kind: StateKind, key: string): void {
    this.#change({ type: "delete", kind, key });
  }

  written(): Promise<void> | null {
    if (this.#changes.size === 0) return this.#underWay;
    const wait = new Promise<void>((written, failed) => this.#waiting.push({ written, failed }));
    // A disk that fails is given its time.
    if (this.#failures === 0) this.#endPause();
    return wait;
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#endPause();
    await this.#running;
    const { size } = this.#changes;
    if (size > 0)
      this.#options.log.warn("The hub's state is closed before everything could be written", {
        entries: size,
      });
  }

  #change(change: StateChange): void {
    this.#changes.set(`${change.kind}/${change.key}`, change);
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    // All that the same turn still changes goes along.
    await Promise.resolve();
    while (this.#changes.size > 0) {
      const isWritten = await this.#write();
      // Once more as it closes, and not for ever.
      if (this.#closing && !isWritten) break;
      const isAwaited = isWritten && this.#waiting.length > 0;
      if (!this.#closing && !isAwaited) await this.#pause(isWritten ? PERIOD_MS : RETRY_MS);
    }
    this.#running = null;
  }

  async #write(): Promise<boolean> {
    const changes = this.#changes;
    const waiting = this.#waiting;
    this.#changes = new Map();
    this.#waiting = [];
    const write = this.#state.write([...changes.values()]);
    this.#underWay = write;
    try {
      await write;
      if (this.#failures > 0)
        this.#options.log.info("The hub's state is written again", { failures: this.#failures });
      this.#failures = 0;
      for (const { written } of waiting) written();
      return true;
    } catch (error) {
      const failure = storeError("write the hub's state", error);
      if (this.#failures === 0)
        this.#options.log.warn("Cannot write the hub's state", { error: errorText(failure) });
      this.#failures += 1;
      // What has changed meanwhile is newer.
      this.#changes = new Map([...changes, ...this.#changes]);
      for (const { failed } of waiting) failed(failure);
      return false;
    } finally {
      this.#underWay = null;
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((over) => {
      const timer = this.#options.clock.after(ms, over);
      this.#endPause = () => {
        timer.cancel();
        over();
      };
    });
  }
}
