/** The captures of one source: the current one, and for a live source the one that takes over with its first frame. */

import { sameCapture, type Configuration } from "../../task/configuration.js";
import type { SluiceError } from "../../task/errors.js";
import type { Capture, CapturedFrame, CaptureInfo, CapturePort, Position } from "./capture.js";
import type { SourceSpec } from "./source-spec.js";

/** The capture whose frames go into tasks, and the one that is to take over from it. */
export type CaptureRole = "current" | "successor";

/** What the captures of a source report; `capture` is the number of the one that does. */
export type CaptureEvent =
  | { readonly type: "captureInformed"; readonly capture: number; readonly info: CaptureInfo }
  | { readonly type: "frameCaptured"; readonly capture: number; readonly frame: CapturedFrame }
  | { readonly type: "stallNoticed" }
  | { readonly type: "captureEnded"; readonly capture: number; readonly error: SluiceError | null };

interface Slot {
  readonly id: number;
  readonly capture: Capture;
  readonly configuration: Configuration;
  /** Frames requested that have not arrived. */
  demand: number;
}

export class CaptureSlots {
  readonly #port: CapturePort;
  readonly #source: SourceSpec;
  readonly #emit: (event: CaptureEvent) => void;
  #opened = 0;
  #current: Slot | null = null;
  #successor: Slot | null = null;

  constructor(port: CapturePort, source: SourceSpec, emit: (event: CaptureEvent) => void) {
    this.#port = port;
    this.#source = source;
    this.#emit = emit;
  }

  /** The role of the capture of an event; null where that one is closed. */
  roleOf(capture: number): CaptureRole | null {
    if (capture === this.#current?.id) return "current";
    return capture === this.#successor?.id ? "successor" : null;
  }

  /** Whether the frames of the current capture are those of `configuration`. */
  gives(configuration: Configuration): boolean {
    return this.#current !== null && sameCapture(configuration, this.#current.configuration);
  }

  /** Closes what is open and opens another. */
  replace(configuration: Configuration, after: Position | null): void {
    this.close();
    this.#current = this.#start(configuration, after);
  }

  /** Opens a successor beside the current capture, unless it has one of that configuration. */
  prepare(configuration: Configuration, frames: number): void {
    if (this.#successor !== null && sameCapture(configuration, this.#successor.configuration)) return;
    this.dismiss();
    this.#successor = this.#start(configuration, null);
    ask(this.#successor, frames);
  }

  /** The successor becomes the current capture. */
  promote(): void {
    this.#current?.capture.close();
    this.#current = this.#successor;
    this.#successor = null;
  }

  /** Closes the successor. */
  dismiss(): void {
    this.#successor?.capture.close();
    this.#successor = null;
  }

  /** Closes both. */
  close(): void {
    this.#current?.capture.close();
    this.#current = null;
    this.dismiss();
  }

  /** A requested frame has arrived. */
  received(capture: number): void {
    for (const slot of [this.#current, this.#successor]) if (slot?.id === capture) slot.demand -= 1;
  }

  /** Bytes that the current capture has of the source; null where nobody counts them. */
  get bytes(): number | null {
    return this.#current?.capture.bytes ?? null;
  }

  /** Requests frames of one capture until `upTo` are on their way. */
  ask(role: CaptureRole, upTo: number): void {
    const slot = role === "current" ? this.#current : this.#successor;
    if (slot !== null) ask(slot, upTo);
  }

  #start(configuration: Configuration, after: Position | null): Slot {
    const id = this.#opened++;
    const capture = this.#port.open(
      { source: this.#source, configuration, after },
      {
        onInfo: (info) => this.#emit({ type: "captureInformed", capture: id, info }),
        onFrame: (frame) => this.#emit({ type: "frameCaptured", capture: id, frame }),
        onStalled: () => this.#emit({ type: "stallNoticed" }),
        onEnd: (error) => this.#emit({ type: "captureEnded", capture: id, error }),
      },
    );
    return { id, capture, configuration, demand: 0 };
  }
}

function ask(slot: Slot, upTo: number): void {
  const count = upTo - slot.demand;
  if (count <= 0) return;
  slot.demand += count;
  slot.capture.request(count);
}
